from __future__ import annotations

from config.defaults import ROOT
from tests.docs.flow_parts_page import page


def test_the_page_says_what_is_registered() -> None:
    written = (ROOT / "docs" / "flow-parts.md").read_text("utf-8")

    assert written == page(), "run: python -m tests.docs.flow_parts_page > docs/flow-parts.md"
