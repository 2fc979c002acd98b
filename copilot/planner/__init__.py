"""The built-in offline planner, "builtin/planner": rule-based, no language model.

A sentence is cleaned (text.py), its values are found by the slots of the services' parameters (reading.py), the
service is chosen by a small classifier that learns from the registry's examples at start-up (router.py), what must
not be done is refused (refusals.py), and calls are laid out, chained where one needs another's result (outline.py).
conversation.py continues a conversation and answers from results (answers.py, memory.py).
"""

from copilot.planner.conversation import Plan, plan, planner_for, warm
from copilot.planner.outline import Planner
from copilot.planner.plans import Call, Later, Outline

__all__ = ["Call", "Later", "Outline", "Plan", "Planner", "plan", "planner_for", "warm"]
