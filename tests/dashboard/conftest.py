from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from django.test import Client

    from tests.dashboard.furnishing import Furnished


@pytest.fixture
def shop(db: None) -> Furnished:
    from tests.dashboard.furnishing import furnish

    return furnish("adaopen")


@pytest.fixture
def owner(shop: Furnished, client: Client) -> Client:
    from tests.dashboard.furnishing import member

    client.force_login(member(shop, "owner"))
    return client
