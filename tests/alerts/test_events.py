"""What usage, carriers and files tell of: other devices, new countries, stops, imports that fail."""

import pytest

from iotsim.core.registry import get
from iotsim.core.tenancy import tenant
from sims.models import StatusChange
from sims.services.status import toggle_sim_status
from tests.alerts.state import alerts, change_rule, kinds
from tests.fleet import make_sim
from tests.intake.samples import bring_in, iccid, noon, own, own_row

ONE, SAME_MODEL, OTHER_MODEL = "352099001761481", "352099001761499", "356154058297008"


@pytest.fixture
def sim(organisation):
    return make_sim(organisation, iccid=iccid(1), imei=ONE, country="DE", last_seen_at=noon(9))


def use(actor, age: int, **values):
    job = bring_in(actor, own(own_row(started_at=noon(age), **values)))
    assert job.state == "done", job.error


def test_another_device_model_is_told_and_another_device_of_the_same_is_not(organisation, actor, sim):
    use(actor, 5, imei=SAME_MODEL)
    assert alerts(organisation) == []
    use(actor, 4, imei=OTHER_MODEL)
    [only] = alerts(organisation)
    assert (only.kind, only.severity, only.facts) == (
        "imei_change", "critical", {"before": SAME_MODEL, "after": OTHER_MODEL},
    )  # fmt: skip
    use(actor, 3, imei=SAME_MODEL)
    assert [one.count for one in alerts(organisation)] == [2]


def test_what_arrives_late_is_no_change(organisation, actor, sim):
    use(actor, 3, imei=ONE)
    use(actor, 6, imei=OTHER_MODEL)
    assert alerts(organisation) == []


def test_a_country_is_new_once(organisation, actor, sim):
    use(actor, 6, mcc="208", mnc="01")
    assert [(one.kind, one.facts) for one in alerts(organisation)] == [("new_country", {"before": "DE", "after": "FR"})]
    with tenant(organisation.pk):
        from sims.models import Alert

        Alert.objects.update(status="resolved", resolved_at=noon(3))
    use(actor, 5, mcc="262", mnc="01")
    use(actor, 4, mcc="208", mnc="01")
    assert kinds(organisation) == [("new_country", "resolved")]


def test_a_stop_by_a_person_is_no_alert_and_one_by_fraud_is(organisation, actor, sim):
    toggle_sim_status(actor, sim=sim.iccid, action="suspend")
    assert alerts(organisation) == []
    from sims.alerts.watch import note_status

    with tenant(organisation.pk):
        batch = StatusChange.objects.get().batch
        StatusChange.objects.update(reason="fraud")
        note_status(organisation.pk, batch)
    [only] = alerts(organisation)
    assert only.kind == "status" and only.facts["reason"] == "fraud"


def test_a_change_that_the_carrier_could_not_make_is_told(organisation, actor, sim):
    from sims.alerts.watch import note_status

    toggle_sim_status(actor, sim=sim.iccid, action="suspend")
    with tenant(organisation.pk):
        StatusChange.objects.update(state="failed")
        note_status(organisation.pk, StatusChange.objects.get().batch)
    assert kinds(organisation) == [("status", "open")]


def test_a_refused_file_and_one_with_many_refused_rows_are_told(organisation, actor, sim):
    assert bring_in(actor, "nonsense\n1\n", name="bad.csv").state == "failed"
    [refused] = alerts(organisation)
    assert (refused.kind, refused.severity, refused.intake.name) == ("intake_failure", "critical", "bad.csv")
    bring_in(actor, own(*[own_row(started_at=noon(n)) for n in range(1, 6)], own_row(bytes_up="many")))
    assert len(alerts(organisation, kind="intake_failure")) == 2
    bring_in(actor, own(*[own_row(started_at=noon(n), apn="x") for n in range(1, 20)]))
    assert len(alerts(organisation, kind="intake_failure")) == 2


def test_a_sentence_stands_on_every_alert(organisation, actor, sim):
    change_rule(organisation, "silence", hours=1)
    use(actor, 4, imei=OTHER_MODEL, mcc="208", mnc="01")
    bring_in(actor, "nonsense\n1\n", name="<b>bad</b>.csv")
    with tenant(organisation.pk):
        from sims.alerts.watch import check_silence

        check_silence(organisation.pk)
    said = {one.kind: one.sentence for one in get("list_alerts").call(actor, {}).result.items}
    assert said["imei_change"].endswith("is in another device model: type 35615405 in place of 35209900.")
    assert "is in France, where it has never been seen" in said["new_country"]
    assert "has not connected for 1 hour or more" in said["silence"]
    assert said["intake_failure"].startswith("<b>bad</b>.csv was refused whole")
