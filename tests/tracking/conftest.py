"""The shop of every story and a phone to read its mail on. Imported late: Django comes first."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.test import Client

    from tests.tracking.mails import Shop


@pytest.fixture
def shop(db: None) -> Shop:
    from tests.tracking.mails import open_shop

    return open_shop()


@pytest.fixture
def phone() -> Client:
    """Somebody's phone: a real browser, no cookie, nobody logged in."""
    from django.test import Client

    from tests.tracking.mails import PHONE

    return Client(headers={"user-agent": PHONE}, enforce_csrf_checks=True)


@pytest.fixture
def link_keys(settings: pytest.FixtureRequest) -> Callable[..., None]:
    """Change the ring of link keys."""

    def change(*keys: str) -> None:
        settings.ENV = replace(settings.ENV, link_keys=keys)

    return change


@pytest.fixture
def dutch(settings, tmp_path) -> None:
    """The Dutch of these pages, as it will be compiled."""
    from babel.messages import mofile, pofile
    from django.utils.translation import trans_real

    folder = tmp_path / "nl" / "LC_MESSAGES"
    folder.mkdir(parents=True)
    with open(settings.BASE_DIR / "locale" / "parts" / "tracking.nl.po", "rb") as words:
        catalogue = pofile.read_po(words)
    with open(folder / "django.mo", "wb") as compiled:
        mofile.write_mo(compiled, catalogue)
    settings.LOCALE_PATHS = [tmp_path]
    trans_real._translations.clear()
    yield
    trans_real._translations.clear()
