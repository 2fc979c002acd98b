"""The night's savings: what plans and pools would cost less, made anew each night from the forecasts."""

import time
from typing import TYPE_CHECKING

from django.utils import timezone

from iotsim.core.effects import announce
from iotsim.core.tenancy import tenant
from iotsim.core.wording import counted, money

if TYPE_CHECKING:
    from analytics.nightly.history import History
    from iotsim.core.actor import Actor
    from iotsim.core.jobs import RunningJob


def run(actor: "Actor", history: "History", job: "RunningJob") -> str:
    """What was found, as a sentence; empty for nothing to say."""
    if not history.sim_ids.size:
        return ""
    return make_advice(history)


def make_advice(history: "History") -> str:
    """Read, work out, keep. Opens transactions of its own."""
    from analytics.models import SavingsRun
    from analytics.nightly.savings_advice import advise
    from analytics.nightly.savings_facts import dismissed, pool_forecasts, read_facts
    from analytics.nightly.savings_kept import keep, open_by_currency
    from analytics.nightly.savings_realised import measure

    started, organization_id = time.monotonic(), history.organization_id
    facts = read_facts(history)
    with tenant(organization_id, read_only=True):
        pools, unwanted = pool_forecasts(organization_id), dismissed(organization_id)
    advice = [one for one in advise(facts, pools) if one.key not in unwanted]
    night = timezone.now().astimezone(history.zone).date()
    with tenant(organization_id):
        keep(organization_id, advice, night)
        measure(history)
        found = open_by_currency(organization_id)
        SavingsRun.objects.update_or_create(
            organization_id=organization_id,
            night=night,
            defaults={
                "as_of": history.as_of, "sims": len(facts), "open": found, "seconds": time.monotonic() - started,
            },
        )  # fmt: skip
        announce(organization_id, {"saving": []})
    amounts = [money(one["expected"], currency) for currency, one in sorted(found.items())]
    return f"{counted(len(advice), 'saving')}, {' and '.join(amounts)} a month." if advice else "Nothing to save."
