"""Files given to the copilot: read, kept with the SIMs they name, taken along by a question, and nobody else's."""

import io
from datetime import timedelta

import pytest
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone
from PIL import Image

from copilot import attachments
from copilot.attachments import attach, forget_old
from copilot.context import PageContext
from copilot.models import Attachment, Run
from copilot.schemas.attachments import AttachmentOut
from copilot.threads import ask as ask_for
from copilot.threads import read
from iotsim.core import registry
from iotsim.core.errors import ConfirmationRequired, Conflict, Denied, Invalid, LimitReached, NotFound, TooLarge
from iotsim.core.models import Upload
from iotsim.core.tenancy import tenant
from sims.models import Sim, SimTag
from tests.fleet import make_customer, make_sim
from tests.intake.test_photos import as_file, code

USAGE = b"iccid,started_at,ended_at,bytes_up,bytes_down\n8949000000000073456,2026-01-01T00:00Z,2026-01-01T01:00Z,1,2\n"


def give(actor, content: bytes | str, name: str = "list.csv") -> AttachmentOut:
    data = content.encode() if isinstance(content, str) else content
    return attach(actor, name=name, content=io.BytesIO(data), size_bytes=len(data))


def csv_of(*sims: Sim | str) -> str:
    return "iccid\n" + "".join(f"{one if isinstance(one, str) else one.iccid}\n" for one in sims)


@pytest.fixture
def two(organisation) -> list[Sim]:
    return [make_sim(organisation, label="truck-17"), make_sim(organisation, label="truck-18")]


def rows_of(actor) -> list[Attachment]:
    with tenant(actor.organization_id):
        return list(Attachment.objects.order_by("pk"))


# --- reading ---


def test_a_list_tells_what_is_known_and_names_the_rest_with_its_rows(actor, two):
    found = give(actor, csv_of(two[0], "8944500102030000079", two[1], two[0]))
    assert (found.kind, found.rows, found.known, found.unknown) == ("sims", 4, 2, 1)
    assert found.sentence == "2 SIMs known by ICCIDs, 1 unknown (row 3: 8944500102030000079), 1 row repeated."
    assert [(one.row, one.value) for one in found.missing] == [(3, "8944500102030000079")]
    assert found.reference == f"attachment:{found.id}"


def test_labels_imsis_and_phone_numbers_name_sims_too(actor, organisation):
    sims = [
        make_sim(organisation, label="Truck-17", imsi="204040123456789"),
        make_sim(organisation, label="truck-18", msisdn="491711234567"),
    ]
    assert give(actor, "label\ntruck-17\nTRUCK-18\ntruck-19\n").known == 2
    assert give(actor, "imsi\n204040123456789\n204040123456780\n").known == 1
    assert give(actor, "phone\n+49 171 1234567\n+49 171 7654321\n").known == 1
    assert [one.iccids for one in rows_of(actor)] == [[one.iccid for one in sims], [sims[0].iccid], [sims[1].iccid]]


def test_a_label_that_two_sims_have_is_told_and_not_guessed(actor, organisation):
    for _ in range(2):
        make_sim(organisation, label="twin")
    found = give(actor, "label\ntwin\nother\n")
    assert [(one.value, one.several) for one in found.missing] == [("twin", True), ("other", False)]


def test_a_photo_names_its_sim(actor, organisation):
    sim = make_sim(organisation, iccid="8944500102030000079", label="truck-17")
    found = give(actor, as_file(code(sim.iccid)).read(), "card.png")
    assert found.sentence == f"Found ICCID {sim.iccid}: SIM truck-17, active."
    assert (found.kind, found.iccid, found.reference) == ("photo", sim.iccid, f"attachment:{found.id}")


def test_a_device_s_label_names_its_sim_by_the_imei(actor, organisation):
    sim = make_sim(organisation, imei="352099001761481")
    assert give(actor, as_file(code("352099001761481", "Code128")).read(), "label.png").iccid == sim.iccid


def test_a_photo_of_another_s_sim_and_one_of_nothing_name_none(actor, other_organisation):
    make_sim(other_organisation, iccid="8944500102030000087", label="secret")
    theirs = give(actor, as_file(code("8944500102030000087")).read(), "card.png")
    assert theirs.sentence == "Found ICCID 8944500102030000087: no SIM of yours." and theirs.known == 0
    blank = give(actor, as_file(Image.new("L", (200, 200), 128)).read(), "blank.png")
    assert blank.sentence.startswith("No ICCID, EID or IMEI could be read")


def test_usage_is_offered_to_the_import_and_is_no_list(actor):
    found = give(actor, USAGE)
    assert (found.kind, found.rows, found.reference) == ("usage", 1, "")
    with tenant(actor.organization_id):
        assert Upload.objects.filter(pk=found.upload_id).exists()


@pytest.mark.parametrize(
    ("content", "words"), [(b"", "empty"), (b"%PDF-1", "PDF"), (b"iccid,ki\n1,2\n", "secret keys")]
)
def test_what_cannot_be_read_leaves_nothing_behind(actor, content, words):
    with pytest.raises(Invalid, match=words):
        give(actor, content)
    assert rows_of(actor) == []
    with tenant(actor.organization_id):
        assert not Upload.objects.exists()


def test_its_name_is_shown_plainly(actor, two):
    assert give(actor, csv_of(two[0]), "../../etc/\u202egnp.csv\n").name == "gnp.csv"


def test_bounds(actor, two, settings, monkeypatch):
    settings.COPILOT_ATTACHMENT_BYTES = 1000
    with pytest.raises(TooLarge, match=r"at most 1\.00.kB may be attached"):
        give(actor, b"8" * 1001)
    monkeypatch.setattr(attachments, "MOST_ATTACHMENTS", 1)
    give(actor, csv_of(two[0]))
    with pytest.raises(Conflict, match="Remove one first"):
        give(actor, csv_of(two[1]))
    monkeypatch.setattr(attachments, "A_MINUTE", 1)
    with pytest.raises(LimitReached):
        give(actor, csv_of(two[1]))


def test_a_viewer_may_give_a_file_and_a_stranger_may_not(make_actor, two):
    assert give(make_actor("viewer"), csv_of(*two)).known == 2
    with pytest.raises(Denied):
        give(make_actor("viewer").__class__(**{**vars(make_actor("viewer")), "permissions": frozenset()}), csv_of(*two))


# --- the set in services ---


def test_services_take_all_its_sims_by_its_reference(actor, two, organisation):
    other = make_sim(organisation)
    ref = give(actor, csv_of(*two)).reference
    tagged = registry.get("tag_sims")(actor, sims=[ref, other.iccid], tag="north")
    assert tagged.iccids == [one.iccid for one in (*two, other)]
    with tenant(organisation.pk):
        assert SimTag.objects.filter(tag__name="north").count() == 3


def test_many_sims_are_changed_after_their_facts_were_seen(actor, two):
    arguments = {"sims": [give(actor, csv_of(*two, "8944500102030000079")).reference], "action": "suspend"}
    service = registry.get("change_status_in_bulk")
    with pytest.raises(ConfirmationRequired) as asked:
        service.call(actor, arguments)
    assert asked.value.proposal.summary == "Suspend 2 SIMs"
    assert service.call(actor, arguments, confirmed=asked.value.proposal.digest).result.changed == 2


def test_a_set_is_its_owner_s_alone(actor, make_actor, two, other_organisation):
    ref = give(actor, csv_of(*two)).reference
    for stranger in (make_actor("owner"), make_actor("owner", organisation=other_organisation)):
        with pytest.raises(NotFound, match="no file"):
            registry.get("tag_sims")(stranger, sims=[ref], tag="north")


def test_sims_that_are_no_longer_theirs_are_left_out(organisation, make_actor, two):
    customer = make_customer(organisation, "Mine")
    with tenant(organisation.pk):
        Sim.objects.filter(pk__in=[one.pk for one in two]).update(customer=customer)
    limited = make_actor("manager", customer_ids=[customer.pk])
    stranger = make_sim(organisation)
    found = give(limited, csv_of(*two, stranger))
    assert (found.known, found.unknown) == (2, 1)
    with tenant(organisation.pk):
        Sim.objects.filter(pk=two[0].pk).update(customer=None)
    assert registry.get("tag_sims")(limited, sims=[found.reference], tag="x").iccids == [two[1].iccid]
    with tenant(organisation.pk):
        Sim.objects.filter(pk=two[1].pk).update(customer=None)
    with pytest.raises(NotFound, match="None of the SIMs"):
        registry.get("tag_sims")(limited, sims=[found.reference], tag="x")


# --- with a question ---


def asked(actor, text: str, thread_id: int | None = None, **context: object):
    made = ask_for(actor, text=text, thread_id=thread_id, context=PageContext.said(context), worker="a-test")
    with tenant(actor.organization_id):
        run = Run.objects.get(pk=made.run_id)
        Run.objects.filter(pk=run.pk).update(state="done")
    return run


def test_a_question_takes_its_files_along_and_shows_them(actor, two):
    found = give(actor, csv_of(*two, "8944500102030000079"))
    run = asked(actor, "Suspend these", attachments=[found.id], path="/sims/")
    [kept] = PageContext.read(run.context).attached
    assert (kept.reference, kept.known, kept.unknown, kept.earlier) == (found.reference, 2, 1, False)
    assert "list.csv" not in str(run.context)
    with tenant(actor.organization_id):
        [said] = read(run.thread_id).items.values()
        assert registry.get("list_attachments")(actor).items == []
        assert len(registry.get("list_attachments")(actor, thread=run.thread_id).items) == 1
    assert said.data["attachments"][0] | {"sentence": ""} == {
        "id": found.id, "name": "list.csv", "kind": "sims", "short": "2 known, 1 unknown", "sentence": "",
    }  # fmt: skip


def test_a_later_question_of_the_conversation_still_knows_them(actor, two):
    found = give(actor, csv_of(*two))
    first = asked(actor, "What did these use?", attachments=[found.id])
    later = PageContext.read(asked(actor, "Suspend these", first.thread_id).context)
    assert [(one.reference, one.earlier) for one in later.attached] == [(found.reference, True)]
    assert later.sims == [found.reference]


def test_a_photo_is_what_a_question_is_about(actor, organisation):
    sim = make_sim(organisation, iccid="8944500102030000095")
    found = give(actor, as_file(code(sim.iccid)).read(), "card.png")
    context = PageContext.read(asked(actor, "Why is this one high?", attachments=[found.id]).context)
    assert context.sim == sim.iccid and context.is_untrusted and not context.is_guessed


def test_a_file_of_another_person_does_not_come_along(actor, make_actor, two):
    theirs = give(make_actor("owner"), csv_of(*two))
    assert PageContext.read(asked(actor, "Suspend these", attachments=[theirs.id]).context).attached == []


# --- going ---


def stored_path(actor, upload_id: int | None) -> str:
    with tenant(actor.organization_id):
        return str(Upload.objects.get(pk=upload_id).file.name)


def test_it_goes_with_its_conversation(actor, two):
    found = give(actor, csv_of(*two))
    place = stored_path(actor, found.upload_id)
    run = asked(actor, "Suspend these", attachments=[found.id])
    service = registry.get("delete_conversation")
    proposal = service.propose(actor, {"thread": run.thread_id})
    service.call(actor, {"thread": run.thread_id}, confirmed=proposal.digest)
    assert rows_of(actor) == [] and not default_storage.exists(place)


def test_it_can_be_removed_by_its_owner_only(actor, make_actor, two):
    found = give(actor, csv_of(*two))
    with pytest.raises(NotFound):
        registry.get("remove_attachment")(make_actor("owner"), attachment=found.id)
    place = stored_path(actor, found.upload_id)
    assert registry.get("remove_attachment")(actor, attachment=found.id).sentence == "list.csv was removed."
    assert rows_of(actor) == [] and not default_storage.exists(place)


def test_it_is_forgotten_in_time(actor, two, settings):
    old, new = give(actor, csv_of(two[0])), give(actor, csv_of(two[1]))
    past = timezone.now() - timedelta(days=settings.COPILOT_ATTACHMENT_DAYS, minutes=1)
    with tenant(actor.organization_id):
        Attachment.objects.filter(pk=old.id).update(created_at=past)
    assert forget_old() >= 1
    assert [one.pk for one in rows_of(actor)] == [new.id]


def test_usage_that_is_being_imported_keeps_its_file(actor):
    found = give(actor, USAGE)
    place = stored_path(actor, found.upload_id)
    registry.get("import_usage")(actor, upload_id=found.upload_id)
    registry.get("remove_attachment")(actor, attachment=found.id)
    assert default_storage.exists(place)


# --- by HTTP ---


def test_a_page_brings_files_and_shows_them_again(client_for, organisation):
    make_sim(organisation, iccid="8949000000000011111", label="pump")
    client = client_for("manager")
    good = SimpleUploadedFile("<b>list</b>.csv", b"iccid\n8949000000000011111\n8944500102030000079\n")
    html = client.post("/copilot/attachments/", {"file": good}).content.decode()
    assert "b&gt;.csv" in html and "<b>" not in html and "1 known, 1 unknown" in html and "8944500102030000079" in html
    assert "1 known, 1 unknown" in client.get("/copilot/attachments/").content.decode()
    assert "1 known" not in client_for("manager").get("/copilot/attachments/").content.decode()
    bad = client.post("/copilot/attachments/", {"file": SimpleUploadedFile("x.pdf", b"%PDF-1")}).content.decode()
    assert 'role="alert"' in bad and "PDF" in bad and "1 known, 1 unknown" in bad
    number = html.split('data-attachment="')[1].split('"')[0]
    assert "data-attachment" not in client.post(f"/copilot/attachments/{number}/remove/").content.decode()
    assert client.post(f"/copilot/attachments/{number}/remove/").status_code == 404


def test_programs_bring_files_by_rest(client_for, organisation):
    make_sim(organisation, iccid="8949000000000022222")
    client = client_for("manager")
    made = client.post("/api/v1/copilot/attachments", {"file": SimpleUploadedFile("a.csv", b"8949000000000022222\n")})
    assert made.status_code == 201, made.content
    assert made.json()["known"] == 1 and made.json()["reference"].startswith("attachment:")
    assert client.get("/api/v1/copilot/attachments").json()["items"][0]["id"] == made.json()["id"]
    refused = client.post("/api/v1/copilot/attachments", {"file": SimpleUploadedFile("a.pdf", b"%PDF")})
    assert refused.status_code == 422 and "PDF" in refused.json()["detail"]
