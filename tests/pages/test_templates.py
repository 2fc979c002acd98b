"""What the policy against foreign script asks of our templates, and what they ask of the set-up."""

import re
from pathlib import Path

import pytest
from django.template.loader import get_template

from iotsim import bootstrap

ROOT = Path(__file__).resolve().parents[2]
TEMPLATES = sorted((ROOT / "templates").rglob("*.html"))
NAMES = [str(path.relative_to(ROOT / "templates")) for path in TEMPLATES]


@pytest.mark.parametrize("name", NAMES)
def test_every_template_compiles(name):
    get_template(name)


@pytest.mark.parametrize("name", NAMES)
def test_no_template_brings_script_or_style_of_its_own(name):
    text = (ROOT / "templates" / name).read_text()
    scripts = re.findall(r"<script(?![^>]*\bsrc=)[^>]*>", text)
    assert not scripts and "<style" not in text
    assert not re.search(r"""\s(?:on[a-z]+|hx-on[:\w-]*|x-on|@\w+)=["']""", text)
    assert "javascript:" not in text and 'hx-vals="js:' not in text


def test_every_icon_in_use_is_in_the_sprite():
    used = set()
    for path in [*TEMPLATES, *ROOT.glob("*/*.py"), *ROOT.glob("sims/templatetags/*.py")]:
        used |= set(re.findall(r"""\{% icon ["']([\w-]+)["']""", path.read_text()))
    from iotsim.frame import PLACES
    from sims.templatetags.sims import ICONS

    used |= set(ICONS.values()) | {place[1] for place in PLACES}
    assert used <= set(bootstrap.ICONS)


def test_our_own_script_and_style_stay_small():
    assert len((ROOT / "static" / "app.js").read_text().splitlines()) <= 450
    assert len((ROOT / "static" / "app.css").read_text().splitlines()) <= 500
    assert len((ROOT / "static" / "copilot.js").read_text().splitlines()) <= 400
