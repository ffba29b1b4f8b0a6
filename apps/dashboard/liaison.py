"""How a shop and we get on: the connection in words, what the last check found, and how far its history is."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

import msgspec
from django.utils.translation import gettext as _

from apps.stores.models import Connection, Store
from apps.stores.platforms.base import platforms
from apps.stores.platforms.calling import Finding, Report
from apps.stores.rules import Rules
from apps.stores.troubles import Trouble, explain

KEY_TROUBLES: Final = frozenset(
    {
        Trouble.NO_KEYS, Trouble.KEYS_REFUSED, Trouble.KEYS_READ_ONLY, Trouble.SCOPE_MISSING,
        Trouble.OTHER_ORGANISATION, Trouble.APP_NOT_INSTALLED, Trouble.UNINSTALLED, Trouble.WRONG_SHOP,
    }
)  # fmt: skip
HOOK_TROUBLES: Final = frozenset(
    {Trouble.HOOK_MISSING, Trouble.HOOK_DISABLED, Trouble.HOOK_CHANGED, Trouble.HOOK_REFUSED}
)
OWN_MAIL: Final = frozenset({Trouble.OWN_RECOVERY_MAIL, Trouble.OWN_RECOVERY_UNKNOWN})


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """A trouble in words."""

    said: str
    mend: str
    mended: bool = False
    blocks: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Liaison:
    """One shop's connection as it is now."""

    store: Store
    connection: Connection | None
    report: Report
    has_keys: bool
    can_connect: bool
    """Whether this platform can be asked at all."""

    @property
    def connected(self) -> bool:
        return self.has_keys and self.connection is not None and self.connection.connected_at is not None

    @property
    def trouble(self) -> Said | None:
        """What is wrong just now."""
        known = self.connection
        if known is None or not known.trouble:
            return None
        said, mend = explain(known.trouble, known.trouble_values)
        return Said(said=said, mend=mend)

    @property
    def findings(self) -> list[Said]:
        return [_said(finding) for finding in self.report.findings]

    @property
    def hooks_healthy(self) -> bool:
        return bool(self.report.hooks) and all(hook.healthy for hook in self.report.hooks)

    def found(self, troubles: frozenset[Trouble]) -> list[Said]:
        """What the last check found of these and could not mend."""
        return [_said(one) for one in self.report.findings if one.trouble in troubles and not one.mended]

    def in_trouble(self, troubles: frozenset[Trouble]) -> bool:
        return self.connection is not None and self.connection.trouble in {trouble.value for trouble in troubles}

    def feed_age(self, at: datetime) -> timedelta | None:
        """How long ago its orders were asked for; None when never."""
        asked = self.store.orders_polled_at
        if self.store.feed == Store.Feed.LIVE and self.connection is not None:
            asked = max(filter(None, (asked, self.connection.answered_at)), default=None)
        return at - asked if asked else None

    def feed_is_fresh(self, at: datetime) -> bool:
        age, most = self.feed_age(at), Rules.of(self.store).feed_max_age
        if self.store.feed == Store.Feed.NONE or age is None or not self.connected:
            return False
        return most is None or age <= most or (self.store.feed == Store.Feed.LIVE and self.trouble is None)


def liaison(store: Store) -> Liaison:
    """The connection of this store, also when there is none."""
    known = Connection.objects.of(store).first()
    return Liaison(
        store=store,
        connection=known,
        report=_report(known.report if known else {}),
        has_keys=bool(known and known.credentials_sealed),
        can_connect=store.platform in platforms and bool(platforms.get(store.platform).ways),
    )


def platform_name(store: Store) -> str:
    return platforms.get(store.platform).label if store.platform in platforms else store.platform


def _report(kept: Any) -> Report:
    try:
        return msgspec.convert(kept, Report)
    except msgspec.ValidationError:
        # Kept by a version that knew other troubles: the next check writes it anew.
        return Report()


def _said(finding: Finding) -> Said:
    said, mend = explain(finding.trouble, finding.values)
    return Said(
        said=said, mend=_("Done already.") if finding.mended else mend, mended=finding.mended, blocks=finding.blocks
    )
