"""Changing a shop's settings: everything that is wrong is said at once, and nothing is written then."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from django.db import transaction

from apps.core.windows import WindowsRefused
from apps.stores.models import Store
from apps.stores.rules import CONSENT_META, Rules
from apps.stores.setting_places import value_of
from apps.stores.settings_table import SETTINGS, Change, Setting, UnknownSetting, find

SHOWN: int = 60


class SettingsRefused(ValueError):
    """Some settings cannot be taken; `errors` has one sentence each."""

    def __init__(self, errors: Sequence[str]) -> None:
        super().__init__("\n".join(errors))
        self.errors = tuple(errors)


def read_changes(pairs: Iterable[str]) -> list[Change]:
    """`name=value` texts as changes. Raises SettingsRefused with every error there is."""
    changes: list[Change] = []
    errors: list[str] = []
    for pair in pairs:
        try:
            changes.append(_read(pair))
        except ValueError as error:
            errors.append(str(error))
        except UnknownSetting as error:
            errors.append(str(error.args[0]))
    errors += _twice(changes)
    if errors:
        raise SettingsRefused(errors)
    return changes


def change(store: Store, changes: Sequence[Change], at: datetime) -> dict[str, str]:
    """Put all the changes, or none; returns the settings as they now are. Raises SettingsRefused."""
    with transaction.atomic():
        locked = Store.objects.select_for_update().get(pk=store.pk)
        put(locked, changes, at)
        locked.save()
        put_rows(locked, changes, at)
    store.refresh_from_db()
    return {one.name: value_of(store, one) for one in changes}


def put(store: Store, changes: Iterable[Change], at: datetime) -> None:
    """Set the store's own fields; the caller saves it. Raises SettingsRefused when they contradict each other."""
    for one in changes:
        if not one.setting.place.rows:
            one.setting.place.write(store, one, at)
    try:
        Rules.of(store)
    except WindowsRefused as refused:
        raise SettingsRefused([f"quiet, sunday, window: {refused}"]) from None


def put_rows(store: Store, changes: Iterable[Change], at: datetime) -> None:
    """Write what is kept beside the store."""
    for one in changes:
        if one.setting.place.rows:
            one.setting.place.write(store, one, at)


def shown(store: Store) -> dict[str, str]:
    """Every setting of this shop as its owner would write it, secrets veiled."""
    plain = {name: setting.place.read(store, setting, "") for name, setting in SETTINGS.items() if not setting.family}
    families = {
        "status.": store.order_statuses,
        "consent_meta.": store.rules.get(CONSENT_META) or {},
    }
    kept = {prefix + key: str(text) for prefix, entries in families.items() for key, text in entries.items()}
    return plain | kept


def _read(pair: str) -> Change:
    name, equals, text = pair.partition("=")
    if not equals:
        raise ValueError(f"{pair[:SHOWN]!r}: expected name=value, such as quiet=21:00-08:00")
    setting, key = find(name)
    return Change(setting=setting, key=key, value=_value(setting, key, text))


def _value(setting: Setting, key: str, text: str) -> object:
    try:
        return setting.form.parse(text)
    except (ValueError, OverflowError):
        came = f"{len(text)} characters, kept secret" if setting.form.secret else repr(text[:SHOWN])
        whole = setting.name + key
        example = f"{whole}={setting.example}"
        raise ValueError(f"{whole}: expected {setting.form.accepts}; got {came}; example: {example}") from None


def _twice(changes: Sequence[Change]) -> list[str]:
    names = [one.name for one in changes if one.setting.name != "webhook_secret"]
    return [f"{name}: given {names.count(name)} times" for name in sorted(set(names)) if names.count(name) > 1]
