"""Templates as files, and the shared blocks they are put together from.

`templates/mail/<preset>/<n>/` holds one mail: `mail.yaml` (subject and preheader per language) and
per language an MJML and a text part. `templates/mail/blocks/<name>.mjml|.txt` holds a block once
for all languages; the words it says stand in `words.yaml`, where `nl-u` falls back to `nl`.
"""

from __future__ import annotations

import re
from functools import lru_cache
from pathlib import Path
from typing import Any

import msgspec
import yaml

ROOT = Path(__file__).resolve().parents[2] / "templates" / "mail"
LOCALES = ("nl", "nl-u", "en")
REQUIRED = "footer"

REFERENCE = re.compile(r"\{%-?[ \t]*block[ \t]+([a-z_]+)[ \t]*-?%\}")
NEEDS = re.compile(r"\{%-?[ \t]*needs[ \t]+([a-z_.]+(?:[ \t]+or[ \t]+[a-z_.]+)*)[ \t]*-?%\}\n?")
WORD = re.compile(r"\[\[([a-z_]+)\]\]")


class Source(msgspec.Struct, frozen=True, kw_only=True):
    """What a marketer edits: four texts in one language."""

    subject: str
    preheader: str
    mjml: str
    text: str


def _yaml(path: Path) -> Any:
    return yaml.safe_load(path.read_text(encoding="utf-8"))


@lru_cache(maxsize=1)
def _words() -> dict[str, dict[str, str]]:
    words: dict[str, dict[str, str]] = _yaml(ROOT / "blocks" / "words.yaml")
    return words


@lru_cache(maxsize=1)
def names() -> tuple[str, ...]:
    """Every block there is, in alphabetical order. Those that begin with `_` are parts of other blocks."""
    return tuple(sorted(name for name in _files() if not name.startswith("_")))


@lru_cache(maxsize=1)
def _files() -> frozenset[str]:
    return frozenset(path.stem for path in (ROOT / "blocks").glob("*.mjml"))


def in_locale(texts: dict[str, str], locale: str) -> str:
    """The text of a locale, else of its language, else English."""
    language = locale.partition("-")[0]
    return texts.get(locale) or texts.get(language) or texts["en"]


@lru_cache(maxsize=1024)
def block(name: str, locale: str, ending: str) -> str:
    """A block in a language; '' where a part has none (the head, in text)."""
    path = ROOT / "blocks" / f"{name}{ending}"
    if name not in _files() or not path.exists():
        return ""
    text = path.read_text(encoding="utf-8").strip("\n")
    text = REFERENCE.sub(lambda found: block(found[1], locale, ending) if found[1].startswith("_") else found[0], text)
    return WORD.sub(lambda found: in_locale(_words()[found[1]], locale), text)


def expand(text: str, locale: str, ending: str) -> str:
    """An author's text with every `{% block … %}` replaced by the block itself."""
    # Text blocks end their own line, so that an absent one leaves none behind.
    return REFERENCE.sub(lambda found: _shown(found[1], locale, ending), NEEDS.sub("", text))


def _shown(name: str, locale: str, ending: str) -> str:
    return block(name, locale, ending) if name in names() else ""


def referenced(text: str) -> list[tuple[str, int]]:
    """Names of blocks asked for, with their offsets."""
    return [(found[1], found.start()) for found in REFERENCE.finditer(text)]


def needed(text: str) -> list[tuple[str, int]]:
    """Without what the mail has nothing to say (`{% needs news or products %}`), with its offset."""
    return [(" ".join(found[1].split()), found.start()) for found in NEEDS.finditer(text)]


def mails(preset: str) -> list[str]:
    """The mails of a preset: `1`, `1b`, `2`…"""
    return sorted(path.name for path in (ROOT / preset).iterdir() if (path / "mail.yaml").exists())


def about(preset: str, mail: str) -> dict[str, Any]:
    """Name, angle, subjects and preheaders of a mail."""
    found: dict[str, Any] = _yaml(ROOT / preset / mail / "mail.yaml")
    return found


def load(preset: str, mail: str, locale: str) -> Source:
    """A shipped template in one language."""
    folder, told = ROOT / preset / mail, about(preset, mail)
    return Source(
        subject=in_locale(told["subject"], locale),
        preheader=in_locale(told["preheader"], locale),
        mjml=_part(folder, locale, ".mjml"),
        text=_part(folder, locale, ".txt"),
    )


def _part(folder: Path, locale: str, ending: str) -> str:
    own = folder / f"{locale}{ending}"
    path = own if own.exists() else folder / f"{locale.partition('-')[0]}{ending}"
    return path.read_text(encoding="utf-8")
