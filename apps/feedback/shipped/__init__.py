"""The surveys that ship with the engine: one file each, in every language of its mails."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any, Final

import msgspec
import yaml

FOLDER: Final = Path(__file__).parent


class Shipped(msgspec.Struct, frozen=True, kw_only=True):
    """One survey as its file says it; `texts` as in `Survey.texts`."""

    slug: str
    kind: str
    name: dict[str, str]
    texts: dict[str, dict[str, Any]]


class UnknownSurvey(LookupError):
    """Nothing of that name ships with the engine; the message lists what does."""


@lru_cache(maxsize=1)
def known() -> tuple[str, ...]:
    """The names of all shipped surveys, in alphabetical order."""
    return tuple(sorted(path.stem for path in FOLDER.glob("*.yaml")))


@lru_cache(maxsize=32)
def survey(slug: str) -> Shipped:
    """A shipped survey. Raises UnknownSurvey."""
    if slug not in known():
        raise UnknownSurvey(f"there is no survey '{slug}'; known: {', '.join(known())}")
    told = yaml.safe_load((FOLDER / f"{slug}.yaml").read_text("utf-8"))
    for words in told["texts"].values():
        # The database keeps the order of a list, not that of a map.
        words["answers"] = [[code, label] for code, label in words["answers"].items()]
    return msgspec.convert({"slug": slug, **told}, Shipped)
