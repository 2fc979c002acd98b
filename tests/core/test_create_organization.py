"""The command that makes an organisation and its owner."""

import uuid
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from iotsim.core.models import Membership, Organization, User


def create(name, owner, **options):
    said = StringIO()
    call_command("create_organization", name, owner=owner, stdout=said, **options)
    return said.getvalue()


@pytest.fixture
def word(database):
    return uuid.uuid4().hex[:12]


def test_a_new_owner_can_sign_in_with_the_printed_password(word):
    said = create(f"Fleet {word}", f"{word}@example.com", time_zone="Europe/Berlin", currency="chf")
    row = Organization.objects.get(slug=f"fleet-{word}")
    assert (row.time_zone, row.currency) == ("Europe/Berlin", "CHF")
    membership = Membership.objects.get(organization=row)
    password = said.split("The password is ")[1].split(":")[0]
    assert membership.role == "owner" and membership.user.check_password(password)


def test_a_person_who_is_here_already_keeps_the_password(word):
    user = User.objects.create_user(f"{word}@example.com", "as it was")
    assert "password" not in create(f"Fleet {word}", f"{word.upper()}@Example.com")
    user.refresh_from_db()
    assert user.check_password("as it was") and user.memberships.count() == 1


@pytest.mark.parametrize(
    ("options", "words"),
    [({"time_zone": "Berlin"}, "Berlin is not a time zone"), ({"slug": "two words"}, "slug"), ({"owner": "x"}, "e")],
)
def test_what_cannot_be_is_refused_and_makes_nothing(word, options, words):
    options = {"owner": f"{word}@example.com", "name": f"Fleet {word}", **options}
    with pytest.raises(CommandError, match=words):
        create(options.pop("name"), options.pop("owner"), **options)
    assert not User.objects.filter(email=f"{word}@example.com").exists()


def test_a_slug_that_is_taken_is_refused(word):
    create(f"Fleet {word}", f"{word}@example.com")
    with pytest.raises(CommandError, match="already exists"):
        create(f"Fleet {word}", f"other-{word}@example.com")
