"""Usage sent by programs, record by record, on the same way as files."""

from iotsim.core.actor import Actor
from iotsim.core.effects import touch
from iotsim.core.registry import Risk, service
from iotsim.core.roles import Permission
from iotsim.core.wording import counted
from sims.schemas.records import RecordResult, Records, UsageRecorded
from sims.services.intake import require_whole_fleet


@service(permission=Permission.OPERATE, risk=Risk.WRITE, path="usage", examples=[], title="Record usage")
def record_usage(actor: Actor, *, records: Records) -> UsageRecorded:
    """Take usage records, each with its result: accepted, duplicate, correction or refused. Twice sent counts once."""
    from sims.intake.records import take_records  # pyarrow and numpy

    require_whole_fleet(actor)
    taken = take_records(actor, records)
    touch("usage", taken.sims)
    touch("intake", [taken.intake_id])
    counts = taken.counts
    refused = sum(one.outcome == "refused" for one in taken.results)
    return UsageRecorded(
        sentence=_sentence(taken.results),
        intake_id=taken.intake_id,
        accepted=counts.new,
        duplicates=counts.duplicates,
        corrections=counts.corrections,
        refused=refused,
        unknown_rows=counts.unknown_rows,
        results=taken.results,
    )


_WORDS = {"accepted": "accepted", "duplicate": "known already", "correction": "corrected", "refused": "refused"}


def _sentence(results: list[RecordResult]) -> str:
    amounts = {outcome: sum(one.outcome == outcome for one in results) for outcome in _WORDS}
    parts = [f"{amount:,} {_WORDS[outcome]}" for outcome, amount in amounts.items() if amount]
    return f"{counted(len(results), 'record')}: {', '.join(parts)}."
