"""A new shop, with its secrets, its settings and the text of its opt-in box."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.db import transaction

from apps.stores import notices, secrets_ring
from apps.stores.models import Notice, Store
from apps.stores.platforms.base import platforms
from apps.stores.settings_changing import SettingsRefused, put, read_changes
from apps.stores.settings_table import Change

SECRET = "webhook_secret"  # noqa: S105  a setting's name


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A shop that is about to be added: its platform and its settings, read and found good."""

    platform: str
    changes: tuple[Change, ...]
    secrets: tuple[str, ...]

    def value(self, name: str) -> object:
        return next((change.value for change in self.changes if change.name == name), None)


def draft(platform: str, pairs: Sequence[str], secrets: Sequence[str]) -> Draft:
    """Read what was given. Raises SettingsRefused with every error there is."""
    errors = _of_platform(platform)
    changes: list[Change] = []
    try:
        given = [f"{SECRET}={secret}" for secret in secrets]
        changes = read_changes([*pairs, *given])
    except SettingsRefused as refused:
        errors += refused.errors
    names = {pair.partition("=")[0].strip() for pair in pairs}
    errors += [f"{name}: is missing" for name in ("name", "url") if name not in names]
    errors += [] if secrets else [f"{SECRET}: is missing; it is the secret with which the shop signs"]
    if errors:
        raise SettingsRefused(errors)
    return Draft(
        platform=platform,
        changes=tuple(change for change in changes if change.name != SECRET),
        secrets=tuple(change.value for change in changes if change.name == SECRET),
    )


@transaction.atomic
def add(draft: Draft, at: datetime, *, demo: bool = False) -> Store:
    """Make the shop, or nothing at all. Raises SettingsRefused when its settings contradict each other.

    The shop starts with the standard text of the opt-in box as if it had always been shown (decision 15):
    a consent needs a text, and whoever uses another says so with `notice.opt_in=…`. What is given here has
    also always been so; only later changes are dated.
    """
    store = Store(platform=draft.platform, is_demo=demo)
    put(store, draft.changes, at)
    store.save()
    secrets_ring.add_side_by_side(store, list(draft.secrets))
    notices.standard_opt_in(store).save()
    for kind in Notice.Kind:
        text = draft.value(f"notice.{kind}")
        if text is not None:
            notices.say(store, kind, str(text), None)
    return store


def webhook_url(store: Store) -> str:
    """Where the shop sends its webhooks."""
    return f"{settings.ENV.public_url}/webhooks/{store.platform}/{store.key}/"


def _of_platform(platform: str) -> list[str]:
    if platform in platforms:
        return []
    return [f"platform: expected one of {', '.join(platforms)}; got {platform[:40]!r}"]
