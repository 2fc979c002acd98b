"""Bodies of requests that are larger than the application would take end while they arrive."""

import socket
from urllib.parse import urlsplit

import pytest

BOUNDARY = "multipart/form-data; boundary=x"


def said(address, head, *, chunks=0):
    """What the server answers to a request of which only the head, and then some chunks, were sent."""
    parts = urlsplit(address)
    with socket.create_connection((parts.hostname, parts.port), timeout=20) as client:
        client.sendall(head.replace("\n", "\r\n").encode() + b"\r\n\r\n")
        try:
            for _ in range(chunks):
                client.sendall(b"100000\r\n" + b"x" * 0x100000 + b"\r\n")
        except (BrokenPipeError, ConnectionResetError):
            pass  # it hung up, as it should
        try:
            return client.recv(4096).decode()
        except ConnectionResetError:
            return "hung up"


@pytest.mark.parametrize(
    "headers",
    [
        "Content-Type: application/json\nAuthorization: Bearer iot_x\nContent-Length: 2000000000",
        f"Content-Type: {BOUNDARY}\nContent-Length: 2000000000",
        f"Content-Type: {BOUNDARY}\nCookie: iotsim_session=x\nContent-Length: 20000000000",
    ],
    ids=["no file", "a file of nobody", "a file that is too large"],
)
def test_what_is_too_large_is_refused_before_it_arrives(web, headers):
    answer = said(web, f"POST /api/v1/uploads HTTP/1.1\nHost: 127.0.0.1\n{headers}")
    assert answer.startswith("HTTP/1.1 413 ") and "larger than what may be brought in" in answer


def test_a_body_that_never_says_its_size_is_ended(web):
    head = "POST /api/v1/usage HTTP/1.1\nHost: 127.0.0.1\nContent-Type: application/json\nTransfer-Encoding: chunked"
    assert said(web, head, chunks=40).startswith(("HTTP/1.1 413 ", "hung up"))


def test_a_file_from_somebody_signed_in_is_waited_for(web):
    head = f"POST /api/v1/uploads HTTP/1.1\nHost: 127.0.0.1\nCookie: iotsim_session=x\nContent-Type: {BOUNDARY}"
    with pytest.raises(TimeoutError):
        impatient(web, f"{head}\nContent-Length: 100000000")


def impatient(address, head):
    parts = urlsplit(address)
    with socket.create_connection((parts.hostname, parts.port), timeout=20) as client:
        client.sendall(head.replace("\n", "\r\n").encode() + b"\r\n\r\n")
        client.settimeout(1)
        client.recv(4096)
