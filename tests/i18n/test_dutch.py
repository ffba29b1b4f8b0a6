"""Every word on screen has its Dutch, and what is compiled is what is written."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.mofile import read_mo
from babel.messages.pofile import read_po
from django.utils.translation import gettext, override

from config.defaults import ROOT

LANGUAGES = ("nl", "en")
NAMED = re.compile(r"%\(\w+\)[sdf]|%[sd]|\{\w+\}|\{[{%].*?[}%]\}|</?[a-z][\w-]*>")
# Parts of the theme for packages that we do not use.
NOT_OURS = ("constance", "guardian", "import_export", "location_field", "simple_history")
SAME = {"%(class_name)s %(instance)s"}
BANNED = re.compile(r"\b(vergeten|vergeet)\b", re.IGNORECASE)
POLITE = re.compile(r"\b(u|uw)\b", re.IGNORECASE)
FAMILIAR = re.compile(r"\b(je|jij|jou|jouw)\b", re.IGNORECASE)


def folder(language: str) -> Path:
    return ROOT / "locale" / language / "LC_MESSAGES"


@cache
def written(language: str) -> Catalog:
    with (folder(language) / "django.po").open("rb") as file:
        return read_po(file, locale=language)


@cache
def compiled(language: str) -> Catalog:
    with (folder(language) / "django.mo").open("rb") as file:
        return read_mo(file)


def messages(language: str) -> list[Message]:
    """All but the header."""
    return [message for message in written(language) if message.id]


def texts(value: object) -> tuple[str, ...]:
    """One form, or the forms of a plural."""
    return tuple(value) if isinstance(value, (list, tuple)) else (str(value),)


def pairs() -> Iterator[tuple[Message, str, str]]:
    """Each Dutch form beside the English one it stands for."""
    for message in messages("nl"):
        for english, dutch in zip(texts(message.id), texts(message.string), strict=True):
            yield message, english, dutch


def test_everything_has_its_dutch() -> None:
    assert [english for _, english, dutch in pairs() if not dutch.strip()] == []
    assert [message.id for message in messages("nl") if message.fuzzy] == []


def test_english_says_what_the_code_says() -> None:
    other = [message.id for message in messages("en") if any(texts(message.string))]

    assert other == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_is_compiled_is_what_is_written(language: str) -> None:
    said = {(one.context, texts(one.id)[0]): texts(one.string) for one in messages(language) if any(texts(one.string))}
    known = {(_word(one.context), texts(one.id)[0]): texts(one.string) for one in compiled(language) if one.id}

    assert known == said, "run: tests/i18n/renew.sh"


def _word(context: str | bytes | None) -> str | None:
    # Babel leaves this one undecoded.
    return context.decode() if isinstance(context, bytes) else context


def test_placeholders_and_tags_are_the_same_in_both() -> None:
    wrong = [(english, dutch) for _, english, dutch in pairs() if _filled(english) != _filled(dutch)]

    # A plural's first form may leave its number out: one is one.
    assert [pair for pair in wrong if not _filled(pair[1]) < _filled(pair[0])] == []
    assert [pair for pair in wrong if "%(count)s" not in pair[0]] == []


def _filled(text: str) -> set[str]:
    return set(NAMED.findall(text))


def test_nobody_is_told_they_left_something_out_of_their_mind() -> None:
    assert [dutch for _, _, dutch in pairs() if BANNED.search(dutch)] == []


def test_owners_are_je_and_polite_readers_are_u() -> None:
    owners = [dutch for message, _, dutch in pairs() if message.context != "u" and POLITE.search(_plain(dutch))]
    readers = [dutch for message, _, dutch in pairs() if message.context == "u" and FAMILIAR.search(dutch)]

    assert owners == []
    assert readers == []


def _plain(text: str) -> str:
    """Without quotations and hours: an owner may read about the polite form, and `4 u` is four o'clock."""
    return re.sub(r"“[^”]*”|\bje of u\b|%s u\b", "", text)


def test_nothing_on_screen_is_missing_from_the_catalogue(tmp_path: Path) -> None:
    for name in ("apps", "config", "templates"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__", "migrations"))

    known = {(message.context, texts(message.id)[0]) for message in messages("nl")}
    assert extracted(tmp_path) - known == set(), "run: tests/i18n/renew.sh"


def test_the_theme_speaks_dutch_too(tmp_path: Path) -> None:
    """It ships no Dutch: what Django does not know either stands in theme.py beside this file."""
    theme = Path(str(find_spec("unfold").origin)).parent  # type: ignore[union-attr]
    shutil.copytree(theme, tmp_path / "unfold", ignore=shutil.ignore_patterns("__pycache__", "static", *NOT_OURS))

    with override("nl"):
        english = [text for _, text in extracted(tmp_path) if gettext(text) == text]

    assert sorted(set(english) - SAME - {texts(message.id)[0] for message in messages("nl")}) == []


def extracted(folder: Path) -> set[tuple[str | None, str]]:
    """What makemessages finds in a copy: the checkout stays as it is."""
    if shutil.which("xgettext") is None:
        pytest.skip("gettext is not installed here; CI has it")
    (folder / "locale").mkdir()
    asked = ["manage.py", "makemessages", "--locale=nl", "--verbosity=0"]
    code = f"""
from django.conf import settings
settings.configure(LOCALE_PATHS=["locale"])
from django.core.management import ManagementUtility
ManagementUtility({asked!r}).execute()
"""
    subprocess.run([sys.executable, "-c", code], cwd=folder, check=True, capture_output=True, timeout=120)
    with (folder / "locale" / "nl" / "LC_MESSAGES" / "django.po").open("rb") as file:
        return {(one.context, texts(one.id)[0]) for one in read_po(file, locale="nl") if one.id}
