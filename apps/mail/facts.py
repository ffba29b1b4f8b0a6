"""What a mail is written from: the message with its person, basket, shop and texts, loaded per batch."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

import msgspec

from apps.carts.folding import line_of
from apps.core import db
from apps.mail.compiled import Compiled
from apps.mail.shops import Shop, shops
from apps.stores.snapshots import Line

__all__ = ["Shop", "shops"]


class Given(msgspec.Struct, frozen=True, kw_only=True):
    """The code that goes with a message, whatever became of it."""

    code: str
    status: str
    ends_at: datetime
    own: bool
    """It was given to the very person this mail is for."""
    kind: str
    value: Decimal
    currency: str
    minimum: Decimal | None


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
    basket_at: datetime | None = None
    """When something last happened to the basket."""
    given: Given | None = None
    customer_id: int | None = None
    order_id: int | None = None
    about: dict[str, Any] = {}
    """What else the mail speaks of: ids and our own words."""
    tags: tuple[str, ...] = ()
    properties: dict[str, Any] = {}


_SUBJECTS = """
SELECT m.id, m.uid::text, m.store_id, m.purpose, m.kind, m.template_slug, m.wanted_at, cu.email, cu.address_hash,
    cu.first_name, coalesce(nullif(cu.locale, ''), c.locale, ''), m.cart_id, coalesce(c.currency, ''),
    coalesce(c.amounts::text, '{}'), coalesce(c.lines::text, '[]'), coalesce(c.recovery_url, ''),
    l.context::text, m.template_version_id, c.last_activity_at, m.customer_id, m.order_id, m.about::text,
    cu.tags::text, cu.properties::text, oc.code, oc.status, oc.ends_at,
    oc.customer_id IS NOT DISTINCT FROM m.customer_id AND oc.store_id = m.store_id, oo.kind, oo.value, oo.currency,
    oo.minimum
FROM mail_message m JOIN customers_customer cu ON cu.id = m.customer_id
LEFT JOIN carts_cart c ON c.id = m.cart_id
LEFT JOIN mail_letter l ON l.message_id = m.id
LEFT JOIN offers_code oc ON oc.id = m.code_id
LEFT JOIN offers_offer oo ON oo.id = oc.offer_id
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
        basket_at=row[18],
        customer_id=row[19],
        order_id=row[20],
        about=msgspec.json.decode(row[21]),
        tags=tuple(tag for tag in msgspec.json.decode(row[22]) if isinstance(tag, str)),
        properties=msgspec.json.decode(row[23]),
        given=_given(row[24:]) if row[24] else None,
    )


def _given(row: tuple) -> Given:  # type: ignore[type-arg]
    code, status, ends_at, own, kind, value, currency, minimum = row
    return Given(
        code=code,
        status=status,
        ends_at=ends_at,
        own=own,
        kind=kind,
        value=value,
        currency=currency,
        minimum=minimum,
    )


class Unpaid(msgspec.Struct, frozen=True, kw_only=True):
    """The unpaid order that a basket is as well (decision 12)."""

    pay_url: str
    since: datetime | None


_UNPAID = """
SELECT DISTINCT ON (k.cart_id) k.cart_id, o.pay_url, o.created_at FROM carts_cartkey k
JOIN orders_order o ON o.store_id = k.store_id AND o.external_id = k.value
WHERE k.cart_id = ANY(%s::bigint[]) AND k.kind = 'order' AND NOT o.silences AND o.pay_url <> '' AND o.gone_at IS NULL
    AND o.stage = 'unpaid'
ORDER BY k.cart_id, o.created_at DESC NULLS LAST, o.id DESC
"""


def unpaid(cart_ids: Iterable[int]) -> dict[int, Unpaid]:
    """Where the newest unpaid order of each basket can be paid, and since when it waits."""
    return {row[0]: Unpaid(pay_url=row[1], since=row[2]) for row in db.rows(_UNPAID, [sorted(set(cart_ids))])}


def cart_keys(cart_ids: Iterable[int]) -> dict[int, tuple[tuple[str, str], ...]]:
    """All names of these baskets."""
    found: dict[int, list[tuple[str, str]]] = {}
    for cart_id, kind, value in db.rows(
        "SELECT cart_id, kind, value FROM carts_cartkey WHERE cart_id = ANY(%s::bigint[]) ORDER BY id",
        [sorted(set(cart_ids))],
    ):
        found.setdefault(cart_id, []).append((kind, value))
    return {cart_id: tuple(keys) for cart_id, keys in found.items()}


class Thing(msgspec.Struct, frozen=True, kw_only=True):
    """What the catalogue knows of a product that its basket line does not say."""

    image: str = ""
    url: str = ""
    short_name: str = ""
    available: bool | None = None
    """False: sold out or removed; None: nobody said."""
    excluded: bool = False
    """The owner wants it in no mail."""
    price: Decimal | None = None
    price_before: Decimal | None = None
    price_changed_at: datetime | None = None
    currency: str = ""
    stock: Decimal | None = None
    rating: Decimal | None = None
    rating_count: int = 0


_THINGS = """
SELECT store_id, external_id, image, url, short_name, CASE WHEN gone_at IS NOT NULL THEN false ELSE in_stock END,
    excluded, price, price_before, price_changed_at, currency, stock,
    rating, coalesce(rating_count, 0)
FROM catalog_product WHERE store_id = ANY(%s::bigint[]) AND external_id = ANY(%s::text[])
"""


def things(store_ids: Iterable[int], products: Iterable[str]) -> dict[tuple[int, str], Thing]:
    """Products and variants by (store, external id): pictures and links that Shopify's baskets lack, and the stock."""
    ids = sorted({product for product in products if product})
    if not ids:
        return {}
    return {(row[0], row[1]): _thing(row) for row in db.rows(_THINGS, [sorted(set(store_ids)), ids])}


def _thing(row: tuple) -> Thing:  # type: ignore[type-arg]
    return Thing(
        image=row[2],
        url=row[3],
        short_name=row[4],
        available=row[5],
        excluded=row[6],
        price=row[7],
        price_before=row[8],
        price_changed_at=row[9],
        currency=row[10],
        stock=row[11],
        rating=row[12],
        rating_count=row[13],
    )


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
