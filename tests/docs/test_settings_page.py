"""The page of settings is what the engine really reads."""

from __future__ import annotations

import subprocess
import sys

from config.defaults import ROOT


def test_the_page_of_settings_is_up_to_date() -> None:
    # In a process of its own: it speaks English whatever this one was set to.
    said = subprocess.run(
        [sys.executable, "-m", "tests.docs.settings_page"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    written = (ROOT / "docs" / "settings.md").read_text("utf-8")

    assert written == said.stdout, "run: python -m tests.docs.settings_page > docs/settings.md"
