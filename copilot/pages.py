"""What the pages of the copilot show."""

from iotsim.core.pages import Shown, shows


def declare() -> None:
    """Tell it, once, as the application starts."""
    shows("conversation", Shown("get_conversation", "thread"), conversation="thread")
