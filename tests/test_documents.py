"""Documents that say what the code says."""

from iotsim.core.catalogue import PAGE, catalogue


def test_the_page_of_services_is_fresh():
    assert PAGE.read_text(encoding="utf-8") == catalogue(), "run: make docs"
