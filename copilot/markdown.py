"""Markdown to HTML that is safe to show: no raw HTML, no images, no script; links say where they lead."""

import re
from functools import cache
from typing import Final

import nh3
from markdown_it import MarkdownIt
from markdown_it.token import Token

TAGS: Final = {
    "p", "br", "strong", "em", "s", "code", "pre", "ul", "ol", "li", "blockquote", "hr", "a",
    "h3", "h4", "h5", "h6", "table", "thead", "tbody", "tr", "th", "td",
}  # fmt: skip
ATTRIBUTES: Final = {"a": {"href"}, "ol": {"start"}}
# What turns the writing round, has no width or is no character of a script: an address could be hidden with it.
UNSEEN: Final = re.compile("[\u200b\u200e\u200f\u061c\u202a-\u202e\u2060-\u2069\ufeff\U000e0000-\U000e007f]")


@cache
def _parser() -> MarkdownIt:
    """Images are off: a model that was talked into one would carry data out by its address."""
    parser = MarkdownIt("commonmark", {"html": False, "breaks": True}).enable(["table", "strikethrough"])
    return parser.disable(["image", "html_inline", "html_block", "reference"])


def to_html(text: str) -> str:
    """The text as sanitised HTML. A link whose words differ from its address shows the address too."""
    parser = _parser()
    tokens = parser.parse(UNSEEN.sub("", text))
    for token in tokens:
        if token.type == "inline":
            _show_addresses(token.children or [])
        elif token.type in ("heading_open", "heading_close"):
            token.tag = f"h{min(6, int(token.tag[1]) + 2)}"
    html = parser.renderer.render(tokens, parser.options, {})
    return nh3.clean(
        html, tags=TAGS, attributes=ATTRIBUTES, url_schemes={"http", "https", "mailto"}, link_rel="noopener nofollow"
    )


def _show_addresses(tokens: list[Token]) -> None:
    href, words = "", ""
    for token in tokens:
        if token.type == "link_open":
            href, words = str(token.attrGet("href") or ""), ""
        elif token.type == "link_close":
            ours = href.startswith(("/", "#", "?")) and not href.startswith("//")  # "//host" leads to another host
            if not ours and words.strip() not in (href, href.removeprefix("mailto:")):
                _text_of(tokens, token, f" ({href})")
            href = ""
        elif href:
            words += token.content


def _text_of(tokens: list[Token], close: Token, shown: str) -> None:
    """Add text to the last words before the link's end."""
    for token in reversed(tokens[: tokens.index(close)]):
        if token.type in ("text", "code_inline"):
            token.content += shown
            return
