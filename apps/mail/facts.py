"""What a mail is written from: the message with its person, basket, shop and texts, loaded per batch."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any
from urllib.parse import urlsplit

import msgspec

from apps.carts.folding import line_of
from apps.core import db
from apps.core.secrets import unseal
from apps.mail.compiled import Compiled
from apps.mail.context import Profile
from apps.stores.platforms.base import ShopLinks
from apps.stores.rules import Rules
from apps.stores.snapshots import Line


class Shop(msgspec.Struct, frozen=True, kw_only=True):
    """One store as its mails need it."""

    id: int
    key: str
    platform: str
    name: str
    language: str
    formality: str
    country: str
    zone: str
    sender_name: str
    sender: str
    reply_to: str
    base: str
    """Where links in its mails lead."""
    profile: Profile
    links: ShopLinks
    rules: Rules


class Subject(msgspec.Struct, frozen=True, kw_only=True):
    """One message's matter."""

    message_id: int
    uid: str
    store_id: int
    purpose: str
    kind: str
    slug: str
    wanted_at: datetime
    email: str
    address_hash: bytes
    first_name: str
    locale: str
    cart_id: int | None
    currency: str
    amounts: dict[str, Any]
    lines: tuple[Line, ...]
    recovery_url: str
    frozen: dict[str, Any] | None
    """The letter's context, when it was written before."""
    version_id: int | None


_SUBJECTS = """
SELECT m.id, m.uid::text, m.store_id, m.purpose, m.kind, m.template_slug, m.wanted_at, cu.email, cu.address_hash,
    cu.first_name, coalesce(nullif(cu.locale, ''), c.locale, ''), m.cart_id, coalesce(c.currency, ''),
    coalesce(c.amounts::text, '{}'), coalesce(c.lines::text, '[]'), coalesce(c.recovery_url, ''),
    l.context::text, m.template_version_id
FROM mail_message m JOIN customers_customer cu ON cu.id = m.customer_id
LEFT JOIN carts_cart c ON c.id = m.cart_id
LEFT JOIN mail_letter l ON l.message_id = m.id
WHERE m.id = ANY(%s::bigint[])
"""


def subjects(ids: Sequence[int]) -> list[Subject]:
    return [_subject(row) for row in db.rows(_SUBJECTS, [list(ids)])]


def _subject(row: tuple) -> Subject:  # type: ignore[type-arg]
    return Subject(
        message_id=row[0],
        uid=row[1],
        store_id=row[2],
        purpose=row[3],
        kind=row[4],
        slug=row[5],
        wanted_at=row[6],
        email=row[7],
        address_hash=bytes(row[8]),
        first_name=row[9],
        locale=row[10],
        cart_id=row[11],
        currency=row[12],
        amounts=msgspec.json.decode(row[13]),
        lines=tuple(line_of(line) for line in msgspec.json.decode(row[14])),
        recovery_url=row[15],
        frozen=msgspec.json.decode(row[16]) if row[16] else None,
        version_id=row[17],
    )


_SHOPS = """
SELECT s.id, s.key, s.platform, s.name, s.language, s.formality, s.country, s.time_zone, s.from_name, s.from_email,
    s.reply_to, s.link_host, s.url, s.shop_domain, s.currency, s.postal_address, s.registration_number,
    s.profile::text, s.rules::text, s.companion_seen_at IS NOT NULL, s.shop_version,
    (SELECT k.sealed FROM stores_storesecret k WHERE k.store_id = s.id ORDER BY k.created_at DESC, k.id DESC LIMIT 1)
FROM stores_store s WHERE s.id = ANY(%s::bigint[])
"""


def shops(ids: Iterable[int], public_url: str) -> dict[int, Shop]:
    return {row[0]: _shop(row, public_url) for row in db.rows(_SHOPS, [sorted(set(ids))])}


def _shop(row: tuple, public_url: str) -> Shop:  # type: ignore[type-arg]
    profile, rules = msgspec.json.decode(row[17]), msgspec.json.decode(row[18])
    return Shop(
        id=row[0],
        key=row[1],
        platform=row[2],
        name=row[3],
        language=row[4],
        formality=row[5],
        country=row[6],
        zone=row[7],
        sender_name=row[8] or row[3],
        sender=row[9] or f"shop@{_host(row[12])}",
        reply_to=row[10],
        base=row[11] or public_url,
        profile=_profile(row, profile),
        links=_links(row, profile),
        rules=Rules.read(rules),
    )


def _host(url: str) -> str:
    host = urlsplit(url).hostname or "localhost"
    return host if "." in host else f"{host}.localdomain"


def _profile(row: tuple, said: dict[str, Any]) -> Profile:  # type: ignore[type-arg]
    """The owner's profile under the names the templates use."""
    return Profile(
        name=row[3],
        url=row[12],
        logo=said.get("logo", ""),
        colour=said.get("colour", ""),
        font=said.get("font") or "system",
        signature=said.get("signature", ""),
        phone=said.get("phone", ""),
        chat_url=said.get("chat_url", ""),
        email=said.get("email", ""),
        hours=said.get("opening_hours", ""),
        reply_time=said.get("reply_time", ""),
        delivery=said.get("delivery_time", ""),
        return_days=_number(said.get("return_days")),
        return_note=said.get("return_note", ""),
        payments=tuple(word.strip() for word in str(said.get("payment_methods", "")).split(",") if word.strip()),
        warranty=said.get("warranty", ""),
        safety=said.get("safety_line", ""),
        shipping_flat=_amount(said.get("shipping_cost")),
        free_shipping_from=_amount(said.get("free_shipping_from")),
        legal_name=said.get("legal_name", ""),
        postal_address=row[15],
        registration=row[16],
        country=row[6],
        currency=row[14],
    )


def _number(text: Any) -> int | None:
    return int(text) if str(text or "").isdigit() else None


def _amount(text: Any) -> Decimal | None:
    return Decimal(str(text)) if text not in (None, "") else None


def _links(row: tuple, profile: dict[str, Any]) -> ShopLinks:  # type: ignore[type-arg]
    hosts = {_host(row[12]), row[13], *(str(domain) for domain in profile.get("domains", ()) if domain)}
    return ShopLinks(
        url=row[12],
        shop_domain=row[13],
        secret=unseal(row[21], bound_to=f"{row[1]}/webhook") if row[21] else "",
        companion=row[19],
        version=tuple(int(part) for part in row[20].split(".") if part.isdigit()),
        hosts=frozenset(host for host in hosts if host),
    )


def cart_keys(cart_ids: Iterable[int]) -> dict[int, tuple[tuple[str, str], ...]]:
    """All names of these baskets."""
    found: dict[int, list[tuple[str, str]]] = {}
    for cart_id, kind, value in db.rows(
        "SELECT cart_id, kind, value FROM carts_cartkey WHERE cart_id = ANY(%s::bigint[]) ORDER BY id",
        [sorted(set(cart_ids))],
    ):
        found.setdefault(cart_id, []).append((kind, value))
    return {cart_id: tuple(keys) for cart_id, keys in found.items()}


class Picture(msgspec.Struct, frozen=True, kw_only=True):
    """What the catalogue knows of a product that its basket line does not say."""

    image: str
    url: str
    short_name: str


def pictures(store_ids: Iterable[int], products: Iterable[str]) -> dict[tuple[int, str], Picture]:
    """Pictures and links by product or variant: Shopify's baskets carry neither."""
    ids = sorted({product for product in products if product})
    if not ids:
        return {}
    found = db.rows(
        "SELECT store_id, external_id, image, url, short_name FROM catalog_product"
        " WHERE store_id = ANY(%s::bigint[]) AND external_id = ANY(%s::text[]) AND gone_at IS NULL",
        [sorted(set(store_ids)), ids],
    )
    return {(row[0], row[1]): Picture(image=row[2], url=row[3], short_name=row[4]) for row in found}


_compiled: dict[int, Compiled] = {}


def live_versions(wanted: Iterable[tuple[int, str]]) -> dict[tuple[int, str, str], int]:
    """(store, slug, locale) → the published version that goes out now."""
    pairs = sorted(set(wanted))
    found = db.rows(
        "SELECT t.store_id, t.slug, t.locale, t.live_id FROM mail_template t"
        " JOIN unnest(%s::bigint[], %s::text[]) AS w(store_id, slug) USING (store_id, slug)"
        " WHERE t.live_id IS NOT NULL",
        [[pair[0] for pair in pairs], [pair[1] for pair in pairs]],
    )
    return {(row[0], row[1], row[2]): row[3] for row in found}


def compiled(version_ids: Iterable[int]) -> dict[int, Compiled]:
    """The compiled texts of these versions; frozen, so kept for as long as the process lives."""
    missing = sorted({version for version in version_ids if version not in _compiled})
    if missing:
        if len(_compiled) > 2000:
            _compiled.clear()
            missing = sorted(set(version_ids))
        for version, text in db.rows(
            "SELECT id, compiled::text FROM mail_templateversion WHERE id = ANY(%s::bigint[])", [missing]
        ):
            _compiled[version] = msgspec.json.decode(text, type=Compiled)
    return _compiled
