"""The shop of every story. Imported late: models wait until Django is set up."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.flows.shops import Shop


@pytest.fixture
def shop(db: None) -> Shop:
    return _open()


@pytest.fixture
def committed_shop(transactional_db: None) -> Shop:
    """A shop that other connections see."""
    return _open()


def _open() -> Shop:
    from apps.flows import plans
    from tests.flows.shops import open_shop

    plans.forget()
    return open_shop()
