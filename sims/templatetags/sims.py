"""What a SIM's state means on a page: the acts it can take, and their icons."""

from django import template

from sims.lifecycle import Action, Status, legal_actions

register = template.Library()

ICONS = {
    Action.ACTIVATE: "power",
    Action.DEACTIVATE: "circle-x",
    Action.SUSPEND: "player-pause",
    Action.RESUME: "player-play",
    Action.RETIRE: "archive",
}
# What people do most in each state comes first.
FIRST = {Status.ACTIVE: Action.SUSPEND, Status.SUSPENDED: Action.RESUME}


@register.filter
def next_actions(status: str) -> list[str]:
    """The acts (besides retiring) that a SIM in that state can take, the likeliest first."""
    first = FIRST.get(Status(status))
    acts = [one for one in legal_actions(Status(status)) if one is not Action.RETIRE]
    return [one.value for one in sorted(acts, key=lambda one: one is not first)]


@register.filter
def action_icon(action: str) -> str:
    """The name of the icon of an act."""
    return ICONS[Action(action)]
