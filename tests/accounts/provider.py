"""A small OpenID Connect provider on a real socket: discovery, authorize, token, jwks, userinfo. For tests only."""

import base64
import hashlib
import json
import secrets
import threading
import time
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlencode, urlsplit

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa

KEY_ID = "key-1"


@dataclass
class Provider:
    """`person` is who is signed in there: the claims that it tells about them."""

    client_id: str = "iotsim"
    client_secret: str = "a-secret-of-the-provider"
    person: dict[str, Any] = field(default_factory=dict)
    codes: dict[str, dict[str, str]] = field(default_factory=dict)
    tokens: dict[str, dict[str, Any]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        provider = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                provider.answer(self, urlsplit(self.path), {})

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
                provider.answer(self, urlsplit(self.path), dict(parse_qsl(body)))

            def log_message(self, *args: Any) -> None:
                """Tests need no access log."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.issuer = f"http://127.0.0.1:{self.server.server_port}"
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        self.thread.start()

    def stop(self) -> None:
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()

    def answer(self, handler: BaseHTTPRequestHandler, url: Any, form: dict[str, str]) -> None:
        self.asked.append(url.path)
        if url.path == "/authorize":
            query = dict(parse_qsl(url.query))
            code = secrets.token_urlsafe()
            self.codes[code] = query
            back = urlencode({"code": code, "state": query["state"]})
            handler.send_response(302)
            handler.send_header("Location", f"{query['redirect_uri']}?{back}")
            handler.send_header("Content-Length", "0")
            handler.end_headers()
            return
        status, body = getattr(self, f"_{url.path.strip('/').replace('/', '_').replace('.', '').replace('-', '_')}")(
            handler, form
        )
        content = json.dumps(body).encode()
        handler.send_response(status)
        handler.send_header("Content-Type", "application/json")
        handler.send_header("Content-Length", str(len(content)))
        handler.end_headers()
        handler.wfile.write(content)

    def _well_known_openid_configuration(self, handler: Any, form: dict[str, str]) -> tuple[int, dict[str, Any]]:
        return 200, {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/jwks",
            "userinfo_endpoint": f"{self.issuer}/userinfo",
            "token_endpoint_auth_methods_supported": ["client_secret_post"],
        }

    def _jwks(self, handler: Any, form: dict[str, str]) -> tuple[int, dict[str, Any]]:
        public = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(self.key.public_key()))
        return 200, {"keys": [{**public, "kid": KEY_ID, "use": "sig", "alg": "RS256"}]}

    def _token(self, handler: Any, form: dict[str, str]) -> tuple[int, dict[str, Any]]:
        asked = self.codes.pop(form.get("code", ""), None)
        if asked is None or (form.get("client_id"), form.get("client_secret")) != (self.client_id, self.client_secret):
            return 400, {"error": "invalid_grant"}
        challenge = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        if asked.get("code_challenge") != base64.urlsafe_b64encode(challenge).decode().rstrip("="):
            return 400, {"error": "invalid_grant"}
        now = int(time.time())
        claims = {**self.person, "iss": self.issuer, "aud": self.client_id, "iat": now, "exp": now + 300}
        access = secrets.token_urlsafe()
        self.tokens[access] = dict(self.person)
        id_token = jwt.encode(claims, self.key, algorithm="RS256", headers={"kid": KEY_ID})
        return 200, {"access_token": access, "token_type": "Bearer", "expires_in": 300, "id_token": id_token}

    def _userinfo(self, handler: Any, form: dict[str, str]) -> tuple[int, dict[str, Any]]:
        access = handler.headers.get("Authorization", "").removeprefix("Bearer ")
        return (200, self.tokens[access]) if access in self.tokens else (401, {"error": "invalid_token"})


def come_back(location: str) -> str:
    """What a browser is sent to when it follows to the provider, which knows the person already: our callback."""
    import http.client

    parts = urlsplit(location)
    connection = http.client.HTTPConnection(parts.netloc, timeout=10)
    connection.request("GET", f"{parts.path}?{parts.query}")
    answer = connection.getresponse()
    back = urlsplit(answer.headers["Location"])
    answer.read()
    connection.close()
    assert "code" in parse_qs(back.query)
    return f"{back.path}?{back.query}"
