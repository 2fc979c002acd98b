"""The two demo organisations: who they are, who works there, and filling them."""

from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Final

from iotsim import places
from iotsim.core.models import Organization
from iotsim.core.roles import Role
from iotsim.core.tenancy import tenant
from sims.demo.alerts import seed_alerts
from sims.demo.contents import Person
from sims.demo.fleet import make_fleet
from sims.demo.labels import write_labels
from sims.demo.login import make_people
from sims.demo.seeding import Progress, empty, seed_fleet
from sims.models import Sim


@dataclass(frozen=True)
class DemoOrganization:
    """`home` is the alpha-2 code of the country most of its SIMs are in; the first person is the owner."""

    slug: str
    name: str
    time_zone: str
    currency: str
    home: str
    people: tuple[tuple[str, Role], ...]
    most_sims: int


NORDWIND: Final = DemoOrganization(
    slug="demo",
    name="Nordwind Telematics",
    time_zone="Europe/Berlin",
    currency="EUR",
    home="DE",
    people=(
        ("demo@iotsim.example", Role.OWNER),
        ("admin@iotsim.example", Role.ADMIN),
        ("manager@iotsim.example", Role.MANAGER),
        ("analyst@iotsim.example", Role.ANALYST),
        ("developer@iotsim.example", Role.DEVELOPER),
        ("viewer@iotsim.example", Role.VIEWER),
    ),
    most_sims=1_000_000,
)
HARBOUR: Final = DemoOrganization(
    slug="harbour",
    name="Harbour Cold Storage",
    time_zone="Europe/London",
    currency="GBP",
    home="GB",
    people=(("other@iotsim.example", Role.OWNER),),
    most_sims=50,
)
BOTH: Final = (NORDWIND, HARBOUR)


def find_or_make(demo: DemoOrganization) -> Organization:
    """The organisation with its slug, made when there is none."""
    organization, _ = Organization.objects.get_or_create(
        slug=demo.slug, defaults={"name": demo.name, "time_zone": demo.time_zone, "currency": demo.currency}
    )
    return organization


def count_sims(organization: Organization) -> int:
    with tenant(organization.pk, read_only=True):
        return Sim.objects.filter(organization=organization).count()


@dataclass(frozen=True)
class Order:
    """How much to make: `sims` at most, over `days` days that end with `end_date`."""

    sims: int
    days: int
    end_date: date
    seed: int


def fill(
    demo: DemoOrganization, order: Order, *, now: datetime, password: str, data: Path, progress: Progress
) -> Organization:
    """Empty the organisation and fill it with people and SIMs; labels go to `data`/demo, for evaluation."""
    organization = find_or_make(demo)
    people = make_people(organization, dict(demo.people), password)
    roles = dict(demo.people)
    manager = next((one for one in people if roles[one.email] is Role.MANAGER), people[0])
    empty(organization)
    size, seed = min(order.sims, demo.most_sims), order.seed + BOTH.index(demo)
    fleet = make_fleet(size, order.days, order.end_date, seed, home=demo.home, memorable=demo is NORDWIND)
    contents = seed_fleet(organization, fleet, now=now, manager=Person(manager.email, manager.pk), progress=progress)
    seed_alerts(organization, contents, people)
    write_labels(places.private_folder(data / "demo") / f"labels-{demo.slug}.csv", fleet, contents.iccid.tolist())
    return organization
