"""The line beneath the input: which model answers, what leaves this installation, what the month has cost."""

from django.utils.html import format_html

from copilot.choice import Choice, choice_of
from copilot.llm import PLANNER, PLANNER_WORDS
from copilot.spending import dollars, spent_this_month
from iotsim.core.actor import Actor


def label_of(actor: Actor) -> str:
    """The line for this person's organisation as things stand now."""
    choice = choice_of(actor.organization_id)
    spent = spent_this_month(actor.organization_id)
    cost = f" This month: {dollars(spent)}." if spent or not choice.is_planner else ""
    if not cost:
        return words_of(choice)
    return format_html('{}{} <a href="/copilot/spending/" hx-boost="true">Spending</a>', words_of(choice), cost)


def words_of(choice: Choice) -> str:
    """Who answers and what leaves, in words."""
    if choice.is_planner:
        lost = f" The model that was chosen, {choice.lost}, is not offered any more." if choice.lost else ""
        return f"Answered by {PLANNER}: {PLANNER_WORDS}. Nothing leaves this machine.{lost}"
    if not choice.outside:
        masked = " Names and numbers are masked." if choice.masking else ""
        return f"Answered by {choice.model}, a model of this installation: nothing leaves it.{masked}"
    if choice.masking:
        return f"Answered by {choice.model}: questions and results are sent to it, with names and numbers masked."
    return f"Answered by {choice.model}: questions, results and photos are sent to it as they are, nothing is masked."
