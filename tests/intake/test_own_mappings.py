"""A file that no format fits: its columns are said once, and its header is known from then on, everywhere."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from iotsim.core.errors import Conflict, Denied, Invalid, NotFound
from iotsim.core.services import undo_call
from sims.services.intake import get_intake
from sims.services.mappings import (
    delete_usage_mapping,
    list_usage_mappings,
    preview_usage_mapping,
    save_usage_mapping,
)
from tests.fleet import make_sim
from tests.intake.samples import bics, bics_row, bring_in, iccid, noon
from tests.intake.state import days, rows

HEADER = "Card;Begin;Minutes;Duration (s);Volume MB;Price"
COLUMNS = ["iccid=Card", "started_at=Begin", "seconds=Duration (s)", "bytes_total=Volume MB", "cost=Price"]
HOW = {"columns": COLUMNS, "unit": "MB", "times": "day_first", "zone": "Europe/Brussels", "costs_in": "EUR"}


def meter(*lines: str) -> str:
    return "\n".join([HEADER, *lines]) + "\n"


def line(card: str, at: datetime, *, megabytes: str = "1,5", price: str = "0,10") -> str:
    return f"{card};{at:%d.%m.%Y %H:%M:%S};1;60;{megabytes};{price}"


def unknown(actor, *lines: str) -> int:
    """The file comes, is refused, and its import waits for a mapping."""
    job = bring_in(actor, meter(*lines), name="meter.csv")
    assert "No known format has these columns" in job.error
    from sims.services.intake import list_intakes

    [newest, *_] = list_intakes(actor).items
    assert newest.unmapped
    return newest.id


@pytest.fixture
def intake(actor):
    return unknown(actor, line(iccid(1), noon(3)), line("8.98E+18", noon(3)), *[line(iccid(2), noon(2))] * 12)


def test_the_columns_are_guessed_and_ten_rows_shown(actor, intake):
    draft = preview_usage_mapping(actor, intake=intake)
    guessed = {one.name: one.column for one in draft.fields if one.column}
    assert guessed["iccid"] == "Card" and guessed["started_at"] == "Begin" and guessed["cost"] == "Price"
    assert guessed["bytes_total"] == "Volume MB" and guessed["seconds"] == "Duration (s)"
    assert (draft.unit, draft.times, len(draft.rows)) == ("MB", "day_first", 10)
    assert draft.columns[0].samples[0] == iccid(1)


def test_rows_are_shown_as_they_would_become_or_why_not(actor, intake):
    draft = preview_usage_mapping(actor, intake=intake, **HOW)
    first, second, *_ = draft.rows
    local = noon(3).replace(tzinfo=ZoneInfo("Europe/Brussels"))
    assert (first.sim, first.started_at, first.bytes_down, first.cost) == (
        iccid(1), local.astimezone(UTC), 1_500_000, "0.1 EUR",
    )  # fmt: skip
    assert "a spreadsheet has rounded" in second.reason
    assert draft.sentence == "9 of the first 10 rows of meter.csv can be read so."


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"columns": ["started_at=Begin", "bytes_total=Volume MB"]}, "names the SIM"),
        ({"columns": ["iccid=Card", "bytes_total=Volume MB"]}, "when the usage began"),
        ({"columns": ["iccid=Card", "started_at=Begin"]}, "holds the volume"),
        ({"costs_in": "EU"}, "EU is no currency"),
        ({"zone": "Europe/Atlantis"}, "Europe/Atlantis is no time zone"),
    ],
)
def test_what_is_missing_is_said(actor, intake, change, sentence):
    assert sentence in preview_usage_mapping(actor, intake=intake, **{**HOW, **change}).problem
    with pytest.raises(Invalid, match=sentence):
        save_usage_mapping(actor, intake=intake, name="Meter", **{**HOW, **change})


def test_fields_and_columns_that_are_none_are_refused(actor, intake):
    with pytest.raises(Invalid, match="colour is none of iccid"):
        preview_usage_mapping(actor, intake=intake, columns=["colour=Card"])
    with pytest.raises(Invalid, match="has no column called Nothing"):
        preview_usage_mapping(actor, intake=intake, columns=["iccid=Nothing"])


def test_once_saved_the_header_is_known_by_itself(organisation, actor, intake):
    make_sim(organisation, iccid=iccid(1))
    made = save_usage_mapping(actor, intake=intake, name="Meter", **HOW)
    assert made.sentence == "Files with the header of meter.csv are now read as Meter."
    assert get_intake(actor, intake=intake).mapped_as == "Meter"
    job = bring_in(actor, meter(line(iccid(1), noon(3)), line(iccid(1), noon(3))), name="next.csv")
    assert (job.result["format_title"], job.result["new"], job.result["duplicates"]) == ("Meter", 1, 1)
    assert days(organisation) == [(iccid(1), noon(3).date(), 0, 1_500_000, 1, 0, 0)]
    assert list_usage_mappings(actor).items[0].fields["ICCID"] == "Card"


def test_a_mended_mapping_corrects_what_came_by_the_wrong_one(organisation, actor, intake):
    make_sim(organisation, iccid=iccid(1))
    save_usage_mapping(actor, intake=intake, name="Meter", **{**HOW, "unit": "kB", "zone": "UTC"})
    bring_in(actor, meter(line(iccid(1), noon(3))))
    answer = save_usage_mapping(actor, intake=intake, name="Meter", **HOW)
    assert answer.sentence.endswith("It takes the place of Meter.")
    job = bring_in(actor, meter(line(iccid(1), noon(3))))
    assert (job.result["new"], job.result["corrections"]) == (0, 1)
    assert [down for _, _, _, down, *_ in days(organisation)] == [1_500_000]
    assert len(list_usage_mappings(actor).items) == 1


def test_deleted_it_is_unknown_again_and_undo_brings_it_back(organisation, actor, intake):
    made = save_usage_mapping(actor, intake=intake, name="Meter", **HOW)
    gone = delete_usage_mapping.call(actor, {"mapping": made.id})
    assert list_usage_mappings(actor).items == []
    assert "No known format" in bring_in(actor, meter(line(iccid(1), noon(3)))).error
    undo_call(actor, event=gone.event_id)
    assert [one.name for one in list_usage_mappings(actor).items] == ["Meter"]
    assert bring_in(actor, meter(line(iccid(1), noon(3)))).result["new"] == 1


def test_a_vendors_header_needs_no_mapping_and_comes_first(organisation, actor):
    job = bring_in(actor, bics(bics_row()))
    with pytest.raises(Conflict, match="needs no mapping"):
        preview_usage_mapping(actor, intake=job.result["id"])


def test_names_are_used_once(actor, intake):
    save_usage_mapping(actor, intake=intake, name="Meter", **HOW)
    bring_in(actor, "Card,When,Bytes so far\n", name="empty.csv")
    job = bring_in(actor, f"Card,Date,Used bytes\n{iccid(1)},2026-11-01 10:00,5\n", name="b.csv")
    assert job.state == "failed"
    from sims.services.intake import list_intakes

    other = list_intakes(actor).items[0].id
    columns = ["iccid=Card", "started_at=Date", "bytes_total=Used bytes"]
    with pytest.raises(Conflict, match="called Meter already"):
        save_usage_mapping(actor, intake=other, name="Meter", columns=columns)


def test_it_is_the_organisations_own(organisation, other_organisation, make_actor, actor, intake):
    made = save_usage_mapping(actor, intake=intake, name="Meter", **HOW)
    stranger = make_actor(organisation=other_organisation)
    assert list_usage_mappings(stranger).items == []
    assert "No known format" in bring_in(stranger, meter(line(iccid(1), noon(3)))).error
    with pytest.raises(NotFound):
        delete_usage_mapping(stranger, mapping=made.id)
    with pytest.raises(NotFound):
        preview_usage_mapping(stranger, intake=intake)
    with pytest.raises(Denied):
        preview_usage_mapping(make_actor("viewer"), intake=intake)


def test_a_file_of_values_without_names_or_with_secrets_is_not_kept_for_mapping(organisation, actor):
    bring_in(actor, f"{iccid(1)},2026-11-01 10:00,5\n{iccid(2)},2026-11-01 10:00,5\n")
    bring_in(actor, f"card,ki,volume\n{iccid(1)},8baf473f2f8fd09487cccbd7097c6862,5\n")
    assert rows(organisation, "SELECT header FROM sims_intake WHERE header <> '{}'") == []


# --- Nights of a change of the clock ---


def test_the_hour_that_comes_twice_is_read_as_the_first_and_noted(organisation, actor, intake):
    save_usage_mapping(actor, intake=intake, name="Meter", **HOW)
    twice = datetime(2026, 10, 25, 2, 30)
    job = bring_in(actor, meter(line(iccid(1), twice)))
    [(start,)] = rows(organisation, "SELECT started_at FROM sims_usagerecord")
    assert start == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    assert any("came twice in Europe/Brussels" in note for note in job.result["notes"])


def test_an_hour_that_never_was_is_refused(organisation, actor, intake):
    save_usage_mapping(actor, intake=intake, name="Meter", **HOW)
    job = bring_in(actor, meter(line(iccid(1), datetime(2026, 3, 29, 2, 30)), line(iccid(1), datetime(2026, 3, 29, 3))))
    assert (job.result["new"], job.result["refused"]) == (1, 1)
    assert "never was in Europe/Brussels" in get_intake(actor, intake=job.result["id"]).refused_rows[0].reason


@pytest.mark.parametrize(
    ("kind", "text", "moment"),
    [
        ("iso", "2026-11-01T13:45:00+02:00", datetime(2026, 11, 1, 11, 45, tzinfo=UTC)),
        ("day_first", "01.11.2026 13:45", datetime(2026, 11, 1, 13, 45, tzinfo=UTC)),
        ("day_first", "1/11/2026, 13:45:10", datetime(2026, 11, 1, 13, 45, 10, tzinfo=UTC)),
        ("month_first", "11/01/2026 1:45 PM", datetime(2026, 11, 1, 13, 45, tzinfo=UTC)),
        ("month_first", "11/01/2026 12:05 am", datetime(2026, 11, 1, 0, 5, tzinfo=UTC)),
        ("unix", "1793540700", datetime(2026, 11, 1, 13, 45, tzinfo=UTC)),
        ("unix_ms", "1793540700000", datetime(2026, 11, 1, 13, 45, tzinfo=UTC)),
        ("day", "20261101", datetime(2026, 11, 1, tzinfo=UTC)),
    ],
)
def test_times_are_read_as_they_are_said_to_be_written(kind, text, moment):
    from sims.formats.times import _read

    assert _read(text, kind, "UTC") == (int(moment.timestamp() * 1e6), "")
