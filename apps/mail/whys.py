"""Why somebody gets a mail, in the footer's words (Telecommunicatiewet 11.7(4): say who writes, and why)."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Final

_WORDS: Final = tomllib.loads(Path(__file__).with_name("whys.toml").read_text(encoding="utf-8"))
_BOUGHT: Final = ("review", "tips", "crosssell", "second", "replenish")
_SAME: Final = {"abandoned-checkout": "checkout", "abandoned-cart": "cart", **dict.fromkeys(_BOUGHT, "thanks")}


def why(purpose: str, locale: str) -> str:
    """The reason in this language; English for a language that has none."""
    words = _WORDS.get(_SAME.get(purpose, purpose), _WORDS["other"])
    return str(words.get(locale) or words["en"])
