"""A shop that asks, and a phone to answer on. Imported late: Django comes first."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from django.test import Client

    from tests.feedback.asking import Asking


@pytest.fixture
def asker(db: None) -> Asking:
    from tests.feedback.asking import Asking
    from tests.shopkeeping import open_store

    return Asking(open_store())


@pytest.fixture
def phone() -> Client:
    """Somebody's phone: a real browser, no cookie, nobody logged in."""
    from django.test import Client

    from tests.feedback.asking import PHONE

    return Client(headers={"user-agent": PHONE}, enforce_csrf_checks=True)
