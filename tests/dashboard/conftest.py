from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from django.test import Client

    from tests.dashboard.furnishing import Furnished
    from tests.dashboard.nameserver import NameServer


@pytest.fixture
def shop(db: None) -> Furnished:
    from tests.dashboard.furnishing import furnish

    return furnish("adaopen")


@pytest.fixture
def owner(shop: Furnished, client: Client) -> Client:
    from tests.dashboard.furnishing import member

    client.force_login(member(shop, "owner"))
    return client


@pytest.fixture(scope="module")
def started() -> Iterator[NameServer]:
    from tests.dashboard.nameserver import serving

    with serving() as server:
        yield server


@pytest.fixture
def names(started: NameServer) -> NameServer:
    """Nobody has a domain yet."""
    for part in (started.zone, started.silent, started.broken, started.asked):
        part.clear()
    return started
