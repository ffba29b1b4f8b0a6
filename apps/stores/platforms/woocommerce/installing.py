"""Connecting a WooCommerce shop and looking after the connection: its keys, its facts, our webhooks, our plugin."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from apps.stores.errors import AccessRefused, AnswerUnreadable, ShopTrouble, ShopUnreachable
from apps.stores.network import Answer
from apps.stores.platforms.calling import Access, Door, Finding, Report
from apps.stores.platforms.cleaning import country, currency, unescaped, url
from apps.stores.platforms.woocommerce import hooks, senders
from apps.stores.platforms.woocommerce.client import LABEL, Refused, Shop
from apps.stores.platforms.woocommerce.plugin import VERSION as NEWEST_COMPANION
from apps.stores.troubles import Trouble

OLDEST: Final = (8, 9)
"""What our plugin needs; the API alone would do with less."""
COMPANION: Final = "mandje"
ROUTE: Final = "rcv/v1"
SKEW: Final = 60.0
_STATUS: Final = "environment,settings,active_plugins"
_VERSION: Final = re.compile(r"\d+(?:\.\d+){0,3}")
# The plugin's words about a failed push: an address of a person has no place among them.
_UNPRINTABLE: Final = re.compile(r"\S*@\S*|[^\x20-\x7e]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What the shop says of itself, of all that the status page holds."""

    version: str
    currency: str
    language: str
    external_id: str
    home: str
    active: Mapping[str, str]
    features: tuple[str, ...]
    hpos: bool
    """Orders in tables of their own (2.7)."""


def install(access: Access, door: Door, at: datetime) -> Report:
    """Raises AccessRefused when the keys do not open or may not write."""
    shop = Shop(access)
    _prove(shop)
    return _examined(shop, door, at, known=False)


def audit(access: Access, door: Door, at: datetime) -> Report:
    """The same again; a webhook of ours that is not there was lost."""
    return _examined(Shop(access), door, at, known=True)


def _prove(shop: Shop) -> None:
    """One read and one write; a batch of nothing asks for the permission and changes nothing."""
    shop.read("orders", per_page=1, _fields="id")
    shop.write("POST", "webhooks/batch", {})
    shop.write("POST", "coupons/batch", {})


def _examined(shop: Shop, door: Door, at: datetime, *, known: bool) -> Report:
    index, told_at = _index(shop)
    facts = _facts(shop)
    companion = facts.active.get(COMPANION, "") or ("?" if ROUTE in _names(index.get("namespaces")) else "")
    status = _companion_status(shop) if companion else {}
    companion = _version(status.get("version")) or _version(companion) or companion
    mended = hooks.mend(shop, door, companion=bool(companion), known=known)
    findings = [
        *_of_the_shop(shop, facts, told_at, at),
        *_of_the_companion(companion, status, door),
        *senders.own_mail(dict(facts.active), facts.features, companion=bool(companion)),
        *mended.findings,
    ]
    host = urlsplit(facts.home).hostname or shop.host
    return Report(
        name=unescaped(_text(index.get("name")), 120),
        currency=facts.currency,
        time_zone=_zone(index),
        country=_country(shop),
        language=facts.language,
        version=facts.version,
        external_id=facts.external_id,
        domains=tuple(dict.fromkeys((host, shop.host))),
        scopes=("read_write",),
        companion=companion.replace("?", ""),
        features=("hpos",) if facts.hpos else (),
        hooks=mended.hooks,
        findings=tuple(findings),
    )


# --- the shop ---


def _index(shop: Shop) -> tuple[dict[str, Any], datetime | None]:
    """Name, zone and namespaces; nothing where a plugin closes this page to strangers, which changes little."""
    try:
        answer = shop.index()
    except (AccessRefused, Refused):
        return {}, None
    return _object(answer), answer.told_at


def _facts(shop: Shop) -> Facts:
    """Of the status page only what is used: it holds paths and addresses that are nobody's business.

    It is the heaviest page of all; where it does not come, the shop is known by less and looked after all the same.
    """
    try:
        told = _object(shop.read("system_status", impatient=tuple(Trouble), _fields=_STATUS))
    except (ShopUnreachable, AnswerUnreadable):
        paid_in = _object(shop.read("data/currencies/current", _fields="code")).get("code")
        told = {"settings": {"currency": paid_in}}
    environment, settings = _part(told, "environment"), _part(told, "settings")
    features, plugins = settings.get("enabled_features"), told.get("active_plugins")
    return Facts(
        version=_version(environment.get("version")),
        currency=currency(_text(settings.get("currency")), ""),
        language=_text(environment.get("language"))[:2].lower(),
        external_id=_text(environment.get("store_id"))[:40],
        home=url(_text(environment.get("home_url"))),
        active=senders.slugs(plugins if isinstance(plugins, list) else ()),
        features=tuple(_names(features)),
        hpos=settings.get("HPOS_enabled") is True,
    )


def _country(shop: Shop) -> str:
    """`NL`, or `US:CA` with the state."""
    try:
        told = _object(shop.read("settings/general/woocommerce_default_country", _fields="value"))
    except Refused:
        return ""
    return country(_text(told.get("value")).partition(":")[0]) or ""


def _zone(index: Mapping[str, Any]) -> str:
    """A zone's name; of a bare offset the zone with the signs that POSIX gives it, for whole hours."""
    name = _text(index.get("timezone_string"))
    offset = index.get("gmt_offset")
    if not name and isinstance(offset, (int, float)) and offset == int(offset):
        name = "UTC" if offset == 0 else f"Etc/GMT{-int(offset):+d}"
    try:
        return ZoneInfo(name).key if name else ""
    except (ValueError, OSError, KeyError):
        return ""


def _of_the_shop(shop: Shop, facts: Facts, told_at: datetime | None, at: datetime) -> list[Finding]:
    found = []
    if told_at is not None and abs(apart := (told_at - at).total_seconds()) > SKEW:
        found.append(Finding(trouble=Trouble.CLOCK_DIFFERS, values={"seconds": f"{abs(apart):.0f}"}))
    if facts.version and tuple(int(part) for part in facts.version.split(".")) < OLDEST:
        needed = ".".join(map(str, OLDEST))
        values = {"platform": LABEL, "version": facts.version, "needed": needed}
        found.append(Finding(trouble=Trouble.OLD_VERSION, values=values))
    if shop.manner.plain:
        found.append(Finding(trouble=Trouble.PLAIN_PERMALINKS))
    return found


# --- our plugin ---


def _companion_status(shop: Shop) -> dict[str, Any]:
    """What the plugin says of itself; {} when it does not say."""
    try:
        return _object(shop.speaking(ROUTE).read("status"))
    except (AccessRefused, AnswerUnreadable) as trouble:
        return {"last_error": f"its status page: {_code_of(trouble)}"}


def _code_of(trouble: ShopTrouble) -> str:
    return trouble.code if isinstance(trouble, Refused) else trouble.trouble.value


def _of_the_companion(version: str, status: Mapping[str, Any], door: Door) -> list[Finding]:
    if not version:
        return [Finding(trouble=Trouble.COMPANION_MISSING)]
    found = []
    if _numbers(version) and _numbers(version) < _numbers(NEWEST_COMPANION):
        values = {"version": version, "newest": NEWEST_COMPANION}
        found.append(Finding(trouble=Trouble.COMPANION_OLD, values=values))
    if detail := _UNPRINTABLE.sub("***", _text(status.get("last_error")))[:120].strip():
        values = {"detail": detail, "address": urlsplit(door.url).hostname or ""}
        found.append(Finding(trouble=Trouble.COMPANION_SILENT, values=values))
    return found


# --- of what strangers send ---


def _object(answer: Answer) -> dict[str, Any]:
    told = answer.json()
    if not isinstance(told, dict):
        raise AnswerUnreadable(Trouble.UNEXPECTED_ANSWER, host=answer.host, detail="another shape")
    return told


def _part(told: Mapping[str, Any], name: str) -> dict[str, Any]:
    part = told.get(name)
    return part if isinstance(part, dict) else {}


def _names(value: Any) -> list[str]:
    return [one for one in value if isinstance(one, str)] if isinstance(value, list) else []


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _version(value: Any) -> str:
    found = _VERSION.match(_text(value))
    return found[0] if found else ""


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split(".")) if _VERSION.fullmatch(version) else ()
