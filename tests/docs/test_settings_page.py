"""The page of settings is what the engine really reads."""

from __future__ import annotations

from config.defaults import ROOT
from tests.docs.settings_page import page


def test_the_page_of_settings_is_up_to_date() -> None:
    written = (ROOT / "docs" / "settings.md").read_text("utf-8")

    assert written == page(), "run: python -m tests.docs.settings_page > docs/settings.md"
