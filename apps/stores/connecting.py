"""Connecting a shop: trying its keys, keeping what works, and looking after it from then on."""

from __future__ import annotations

import re
import secrets as random
import string
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.conf import settings
from django.db import transaction

from apps.core import db
from apps.stores import access, secrets_ring
from apps.stores import setting_codes as codes
from apps.stores.adding import webhook_url
from apps.stores.errors import AccessRefused, NotOffered, ShopClosed, ShopTrouble
from apps.stores.models import Store, StoreSecret
from apps.stores.platforms.base import Platform, platforms
from apps.stores.platforms.calling import Access, Door, Report, Token
from apps.stores.troubles import Trouble

SECRET_LENGTH: Final = 48
OWN_SECRET: Final = re.compile(r"[A-Za-z0-9]{40,}")
"""WooCommerce decodes HTML entities in a secret before it signs (woocommerce.md 1.3): letters and digits only."""
FROM_SHOP: Final = "from_shop"
"""In the store's profile: the facts as the shop last told them, to know them from what the owner set since."""


def connect(store: Store, way: str, credentials: Mapping[str, str], at: datetime) -> Report:
    """Try these keys and, when they open this shop, keep them. Called outside any transaction.

    Raises ShopTrouble when they do not; then nothing but a webhook secret was kept. Connecting again is how an
    owner mends a connection, and how a shop that was removed comes back.
    """
    platform = _asked(store, way)
    given = _wanted(platform, way, credentials)
    door = Door(url=webhook_url(store), secret=_secret_for(store, platform, given, at))
    report = platform.install(_access(store, given), door, at)
    _same_shop(store, report)
    with transaction.atomic():
        locked = Store.objects.select_for_update().get(pk=store.pk)
        access.keep_credentials(store.pk, store.key, way, given)
        access.note_report(store.pk, report, at)
        access.note_answer(store.pk, at)
        _take_facts(locked, report)
        locked.feed = _feed(platform)
        if locked.status == Store.Status.UNINSTALLED:
            locked.status = Store.Status.ACTIVE
        locked.save(update_fields=[*_FACTS, "external_id", "shop_domain", "shop_version", "profile", "feed", "status"])
    store.refresh_from_db()
    return report


def disconnect(store: Store, at: datetime) -> None:  # noqa: ARG001  one signature with `connect`
    """The owner takes the keys away: the shop is heard from now on, not asked."""
    with transaction.atomic():
        forget(store.pk)
        Store.objects.filter(pk=store.pk).update(feed=Store.Feed.NONE)
    store.refresh_from_db()


def forget(store_id: int) -> None:
    """Keys and tokens go; what is known of the connection stays to be read."""
    access.forget_credentials(store_id)
    db.run("UPDATE stores_connection SET connected_at = NULL WHERE store_id = %s", [store_id])


def audit(store_id: int, at: datetime) -> Report:
    """Look whether our webhooks are well, and mend them. Raises ShopTrouble, which is noted for the owner."""
    store = Store.objects.get(pk=store_id)
    platform = platforms.get(store.platform)
    try:
        opened = access.access_of(store_id)
        report = platform.audit(opened, door_of(store, at), at)
        _same_shop(store, report)
    except NotOffered:
        raise
    except ShopTrouble as trouble:
        access.note_trouble(store_id, trouble, at)
        raise
    access.note_report(store_id, report, at)
    access.note_answer(store_id, at)
    return report


def door_of(store: Store, at: datetime) -> Door:
    """Where this shop's webhooks go, and with which secret they are signed."""
    return Door(url=webhook_url(store), secret=secrets_ring.newest(store, at))


CLOSING: Final = frozenset(
    {
        Trouble.KEYS_REFUSED, Trouble.NO_KEYS, Trouble.UNINSTALLED, Trouble.APP_NOT_INSTALLED,
        Trouble.OTHER_ORGANISATION, Trouble.WRONG_SHOP,
    }
)  # fmt: skip
"""After these, asking on makes no sense until the owner does something."""


def closes(trouble: ShopTrouble) -> bool:
    """Whether asking on makes no sense until the owner, or the shop, does something."""
    return isinstance(trouble, ShopClosed) or trouble.trouble in CLOSING


def _asked(store: Store, way: str) -> Platform:
    platform = platforms.get(store.platform)
    if way not in {one.name for one in platform.ways}:
        raise NotOffered(Trouble.NOT_OFFERED, platform=platform.label, what=way)
    return platform


def _wanted(platform: Platform, way: str, credentials: Mapping[str, str]) -> dict[str, str]:
    """What this way asks for, without the blanks that copying brings along. Raises AccessRefused."""
    names = [one.name for known in platform.ways if known.name == way for one in known.credentials]
    given = {name: credentials.get(name, "").strip() for name in names}
    if not any(given.values()):
        raise AccessRefused(Trouble.NO_KEYS)
    return given


@dataclass(slots=True)
class _Tried:
    """A token lent to keys that are only tried: kept as long as the trial."""

    token: Token | None = None

    def current(self) -> Token | None:
        return self.token

    def renew(self, make: Callable[[], Token], *, instead_of: Token | None) -> Token:  # noqa: ARG002
        self.token = make()
        return self.token


def _access(store: Store, credentials: Mapping[str, str]) -> Access:
    return Access(
        store_id=store.pk,
        url=store.url,
        shop_domain=store.shop_domain,
        credentials=credentials,
        loopback=settings.ENV.allow_loopback_shops,
        tokens=_Tried(),
    )


def _secret_for(store: Store, platform: Platform, credentials: Mapping[str, str], at: datetime) -> str:
    """With what the shop signs: kept before a webhook is made, so that none is refused. Older ones stay beside it."""
    signs = platform.webhook_secret(credentials)
    newest = secrets_ring.newest(store, at)
    if signs:
        return signs if signs == newest else _keep_secret(store, signs)
    return newest if OWN_SECRET.fullmatch(newest) else _keep_secret(store, _new_secret())


def _new_secret() -> str:
    return "".join(random.choice(string.ascii_letters + string.digits) for _ in range(SECRET_LENGTH))


def _keep_secret(store: Store, value: str) -> str:
    StoreSecret.make(store, value).save()
    return value


def _same_shop(store: Store, report: Report) -> None:
    """Keys of another shop would mix two shops' people. Raises AccessRefused."""
    for found, expected in ((report.shop_domain, store.shop_domain), (report.external_id, store.external_id)):
        if found and expected and found.lower() != expected.lower():
            raise AccessRefused(Trouble.WRONG_SHOP, found=report.name or found, expected=store.name or expected)


_FORMS: Final = {
    "currency": codes.currency(),
    "time_zone": codes.zone(),
    "country": codes.country(),
    "language": codes.language(),
}
_FACTS: Final = tuple(_FORMS)


def _take_facts(store: Store, report: Report) -> None:
    """What the shop says of itself, unless the owner set something else here."""
    taken: dict[str, Any] = dict(store.profile.get(FROM_SHOP) or {})
    unset = Store()
    for name in _FACTS:
        told, now = _usable(name, getattr(report, name)), getattr(store, name)
        if told and now == taken.get(name, getattr(unset, name)):
            setattr(store, name, told)
            taken[name] = told
    store.external_id = report.external_id[:40] or store.external_id
    store.shop_domain = store.shop_domain or report.shop_domain[:120]
    store.shop_version = report.version[:40] or store.shop_version
    known = {*(store.profile.get("domains") or []), *report.domains} - {""}
    store.profile = store.profile | {FROM_SHOP: taken, "domains": sorted(known)}


def _usable(name: str, told: str) -> str:
    """A fact as the owner would have to write it, '' when that would be refused."""
    spoken = re.split(r"[-_]", told)[0] if name == "language" else told
    try:
        return str(_FORMS[name].parse(spoken))
    except ValueError:
        return ""


def _feed(platform: Platform) -> str:
    if "look" in platform.can:
        return Store.Feed.LIVE
    return Store.Feed.POLLED if "orders" in platform.can else Store.Feed.NONE
