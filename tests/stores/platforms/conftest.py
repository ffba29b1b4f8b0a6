"""The shops that the tests of platforms call."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.shops.shopify import Shopify


@pytest.fixture
def theepot() -> Iterator[Shopify]:
    """A Shopify shop that behaves as documented."""
    shop = Shopify()
    yield shop
    shop.close()
