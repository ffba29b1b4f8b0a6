"""A shop's settings as a form, drawn from the one table that knows them all."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Final

from django.utils.translation import gettext_lazy as _

from apps.dashboard.setting_advice import advice
from apps.dashboard.setting_words import CHOICES, GROUPS, LABELS
from apps.stores.models import Store
from apps.stores.settings_changing import SettingsRefused, change, read_changes, shown
from apps.stores.settings_table import SETTINGS, Change, Setting

if TYPE_CHECKING:
    from django_stubs_ext import StrPromise

WRITE_ONLY: Final = frozenset({"transport", "webhook_secret"})
LONG: Final = frozenset({"notice.opt_in", "notice.order"})
PREFIX: Final = "set."


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One setting on screen."""

    name: str
    label: str | StrPromise
    help: str | StrPromise
    accepts: str | StrPromise
    example: str
    value: str
    choices: tuple[tuple[str, str | StrPromise], ...] = ()
    long: bool = False
    secret: bool = False
    filled: bool = False
    error: str = ""
    advice: str = ""

    @property
    def key(self) -> str:
        """Its name in the form."""
        return PREFIX + self.name


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Settings that belong together."""

    name: str
    label: StrPromise
    fields: list[Field]

    @property
    def wrong(self) -> bool:
        return any(field.error for field in self.fields)


def groups(
    store: Store, at: datetime, typed: Mapping[str, str] | None = None, errors: Mapping[str, str] | None = None
) -> list[Group]:
    """Every setting of this shop in its group, with our advice, what was typed and what is wrong with it."""
    now, advised = shown(store), advice(store, at)
    fields = {name: replace(_field(name, text), advice=advised.get(name, "")) for name, text in now.items()}
    if typed is not None:
        fields = {name: _typed(field, typed, errors or {}) for name, field in fields.items()}
    rest = set(fields)
    found = []
    for name, label, wanted in GROUPS:
        mine = [field for key, field in fields.items() if key in rest and _belongs(key, wanted)]
        rest -= {field.name for field in mine}
        found.append(Group(name=name, label=label, fields=mine))
    return found


def _belongs(name: str, wanted: tuple[str, ...]) -> bool:
    return any(name == one or (one.endswith(".") and name.startswith(one)) for one in wanted)


def _setting(name: str) -> Setting:
    return SETTINGS.get(name) or SETTINGS[name.partition(".")[0] + "."]


def _field(name: str, text: str) -> Field:
    setting, secret = _setting(name), name in WRITE_ONLY
    return Field(
        name=name,
        label=LABELS.get(name, name),
        help=setting.help,
        accepts=setting.form.accepts,
        example=setting.example,
        value="" if secret else text,
        choices=CHOICES.get(name, ()),
        long=name in LONG,
        secret=secret,
        filled=secret and bool(text) and text != setting.default,
    )


def _typed(field: Field, typed: Mapping[str, str], errors: Mapping[str, str]) -> Field:
    value = "" if field.secret else typed.get(field.key, field.value)
    return replace(field, value=value, error=errors.get(field.name, ""))


def save(store: Store, typed: Mapping[str, str], at: datetime) -> tuple[list[str], dict[str, str]]:
    """Take what differs from what is, all or nothing; returns the names that changed and the errors by name."""
    changes, errors = _changes(store, typed)
    if errors or not changes:
        return [], errors
    try:
        change(store, changes, at)
    except SettingsRefused as refused:
        return [], {name.strip(): text for line in refused.errors for name, text in _named(line)}
    return [one.name for one in changes], {}


def _changes(store: Store, typed: Mapping[str, str]) -> tuple[list[Change], dict[str, str]]:
    now, changes, errors = shown(store), list[Change](), dict[str, str]()
    for name in [*now, *_added(typed)]:
        text = typed.get(PREFIX + name)
        if text is None or not _differs(name, text, now.get(name, "")):
            continue
        try:
            changes += read_changes([f"{name}={text}"])
        except SettingsRefused:
            errors[name] = str(_setting(name).form.accepts)
    return changes, errors


def _added(typed: Mapping[str, str]) -> list[str]:
    """A family's new member: its key and its value come in two fields."""
    found = []
    for family in ("status.", "consent_meta."):
        key = typed.get(f"new.{family}", "").strip()
        if key and f"{PREFIX}{family}{key}" in typed:
            found.append(family + key)
    return found


def _differs(name: str, text: str, now: str) -> bool:
    return bool(text.strip()) if name in WRITE_ONLY else text.strip() != now.strip()


def _named(line: str) -> list[tuple[str, str]]:
    """`quiet, sunday, window: what is wrong` as one error for each."""
    names, colon, text = line.partition(":")
    return [(name, text.strip()) for name in names.split(",")] if colon else [("name", line)]


EMPTY: Final = _("not set")
