"""How what people said of an anomaly reads on a page."""

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString

register = template.Library()

WORDS = {"open": "Not marked", "real": "Real", "false": "False alarm", "expected": "Expected"}


@register.filter
def mark(status: str) -> SafeString:
    """A mark as dot and word."""
    return format_html('<span class="state mark-{}">{}</span>', status, WORDS.get(status, status))
