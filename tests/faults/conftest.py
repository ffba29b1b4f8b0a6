"""One engine per test process, as long as the session lasts; every story opens its own shops in it."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.town import Town


@pytest.fixture(scope="session")
def whole_town() -> Iterator[Town]:
    folder = Path(tempfile.mkdtemp(prefix="mandje-faults-"))
    town = Town(folder)
    try:
        town.open()
        yield town
    finally:
        town.close()
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def town(whole_town: Town) -> Iterator[Town]:
    """Nobody at work, a mail server in a good mood."""
    whole_town.behave()
    if "web" not in whole_town.running:
        whole_town.start("web")
    yield whole_town
    whole_town.rest()
