"""Where a setting of a shop is kept: a column, the rules, the profile, or rows of its own."""
# ruff: noqa: ARG002  every place answers the same questions, and few need all of them.

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final, Protocol

from apps.stores import notices, secrets_ring
from apps.stores.models import Notice, Store

if TYPE_CHECKING:
    from apps.stores.setting import Change, Setting

HIDDEN: Final = "…"


class Place(Protocol):
    """How a value is found and put. `rows` places write rows beside the store, so the store is saved first."""

    @property
    def rows(self) -> bool: ...

    def read(self, store: Store, setting: Setting, key: str) -> str:
        """The value as the owner would write it."""
        ...

    def write(self, store: Store, change: Change, at: datetime) -> None: ...


@dataclass(frozen=True, slots=True)
class Column:
    """A field of the store itself."""

    field: str
    rows: bool = False

    def read(self, store: Store, setting: Setting, key: str) -> str:
        return setting.form.format(getattr(store, self.field))

    def write(self, store: Store, change: Change, at: datetime) -> None:
        setattr(store, self.field, change.value)


@dataclass(frozen=True, slots=True)
class Entry:
    """One key of a JSON field; what equals the default is not kept. `inside` is a dict within that field."""

    field: str
    inside: str = ""
    prefix: str = ""
    """Left out of the key: a profile field stands under its own name."""
    rows: bool = False

    def read(self, store: Store, setting: Setting, key: str) -> str:
        kept = self._entries(store).get(self._key(setting, key))
        return str(setting.default or "") if kept is None else setting.form.format(kept)

    def write(self, store: Store, change: Change, at: datetime) -> None:
        entries = self._entries(store)
        key, text = self._key(change.setting, change.key), change.setting.form.format(change.value)
        entries.pop(key, None)
        if text != change.setting.default:
            entries[key] = text
        self._put(store, entries)

    def _key(self, setting: Setting, key: str) -> str:
        return key if setting.family else setting.name.removeprefix(self.prefix)

    def _entries(self, store: Store) -> dict[str, Any]:
        whole = getattr(store, self.field)
        return dict(whole.get(self.inside) or {}) if self.inside else dict(whole)

    def _put(self, store: Store, entries: dict[str, Any]) -> None:
        whole = {**getattr(store, self.field), self.inside: entries} if self.inside else entries
        setattr(store, self.field, whole)


@dataclass(frozen=True, slots=True)
class Active:
    """On or off; a shop that uninstalled us is off, and only the platform switches it on again."""

    rows: bool = False

    def read(self, store: Store, setting: Setting, key: str) -> str:
        return setting.form.format(store.status == Store.Status.ACTIVE)

    def write(self, store: Store, change: Change, at: datetime) -> None:
        store.status = Store.Status.ACTIVE if change.value else Store.Status.PAUSED


@dataclass(frozen=True, slots=True)
class Transport:
    """The shop's own mail connection, sealed. Another one starts with a clean slate."""

    rows: bool = False

    def read(self, store: Store, setting: Setting, key: str) -> str:
        return setting.form.format(store.transport_url)

    def write(self, store: Store, change: Change, at: datetime) -> None:
        store.transport_url = change.value
        store.transport_paused_until, store.transport_problem = None, ""


@dataclass(frozen=True, slots=True)
class Secrets:
    """The webhook secrets: a new one joins, the older ones go after a week."""

    rows: bool = True

    def read(self, store: Store, setting: Setting, key: str) -> str:
        return HIDDEN if store.pk and store.secrets.exists() else ""

    def write(self, store: Store, change: Change, at: datetime) -> None:
        secrets_ring.add(store, change.value, at)


@dataclass(frozen=True, slots=True)
class NoticeText:
    """What the shop says beside the address field, from now on."""

    kind: Notice.Kind
    rows: bool = True

    def read(self, store: Store, setting: Setting, key: str) -> str:
        notice = notices.present(store, self.kind) if store.pk else None
        return setting.form.format(notice.text if notice else "")

    def write(self, store: Store, change: Change, at: datetime) -> None:
        notices.say(store, self.kind, change.value, at)


def value_of(store: Store, change: Change) -> Any:
    """What is shown after a change: never a secret."""
    return change.setting.place.read(store, change.setting, change.key)
