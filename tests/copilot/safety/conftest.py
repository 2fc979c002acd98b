"""What the safety tests have in common: a real model at the provider on this machine, warnings of litellm's own."""

import pytest


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """litellm warns about its own use of pydantic."""
    for item in items:
        if "/safety/" in item.path.as_posix():
            item.add_marker(pytest.mark.filterwarnings("ignore:Item .* on TypedDict class:UserWarning"))
            item.add_marker(pytest.mark.filterwarnings("ignore:Accessing the 'model_:DeprecationWarning"))
