"""Reviews: which bought lines may be asked about, where each is written, and the ones written on our own page.

Everybody who bought is asked the same way and led to the same place, whatever they answered to a survey.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any, Final
from urllib.parse import quote

import msgspec
from django.db import transaction

from apps.core import db
from apps.events import kinds as events
from apps.events.log import Happened, append
from apps.feedback.models import LowScore, OwnReview
from apps.stores.platforms.base import platforms

OWN: Final = "own"
PRODUCT_URL: Final = "{product_url}"
SHOPS_OWN: Final = "{product_url}#reviews"
"""Where a shop with reviews of its own shows and takes them; its theme opens them at this fragment."""
LONGEST: Final = 5_000
LOW: Final = 2
"""So few stars on our own page are a low score (behaviour B40)."""


class ReviewLine(msgspec.Struct, frozen=True, kw_only=True):
    """One bought product that may be asked about. `url` '' is our own form about this line."""

    position: int
    """Of the line in its order: what a link to our own form carries."""
    product: str
    title: str
    short_name: str
    image: str
    url: str


# Of an order with any money given back nobody says which line it was for: it is asked about no more.
_REVIEWABLE: Final = """
SELECT DISTINCT ON (o.id, w.product) o.id, l.position, w.product, l.title, coalesce(p.short_name, ''),
    coalesce(nullif(v.image, ''), p.image, ''), coalesce(p.url, ''),
    coalesce(nullif(v.review_url, ''), p.review_url, ''),
    l.variant, o.external_id, s.platform, coalesce(s.profile ->> 'review_url', ''), coalesce(p.rating_count, 0),
    p.gone_at IS NOT NULL
FROM orders_order o JOIN stores_store s ON s.id = o.store_id
JOIN orders_orderline l ON l.order_id = o.id
LEFT JOIN catalog_product v ON v.store_id = o.store_id AND v.external_id = coalesce(nullif(l.variant, ''), l.product)
CROSS JOIN LATERAL (SELECT coalesce(nullif(l.product, ''), nullif(v.parent, ''), v.external_id, '') AS line) AS b
LEFT JOIN catalog_product x ON x.store_id = o.store_id AND x.external_id = b.line
CROSS JOIN LATERAL (SELECT coalesce(nullif(x.parent, ''), b.line) AS product) AS w
LEFT JOIN catalog_product p ON p.store_id = o.store_id AND p.external_id = w.product
WHERE o.id = ANY(%(orders)s::bigint[]) AND w.product <> ''
  AND o.counts AND o.refunded = 0 AND o.cancelled_at IS NULL AND o.gone_at IS NULL AND l.quantity > 0
  AND NOT coalesce(p.excluded, false) AND NOT coalesce(v.excluded, false)
  AND NOT EXISTS (
    SELECT FROM orders_review r WHERE r.store_id = o.store_id AND r.product IN (w.product, l.product, l.variant)
      AND (r.customer_id = o.customer_id OR r.email_key = o.email_key)
      AND coalesce(r.written_at, %(at)s) <= %(at)s)
  AND NOT EXISTS (
    SELECT FROM feedback_ownreview r WHERE r.customer_id = o.customer_id AND r.store_id = o.store_id
      AND r.product = w.product AND r.written_at <= %(at)s)
ORDER BY o.id, w.product, l.position
"""


def reviewable(order_ids: Collection[int], at: datetime) -> dict[int, list[ReviewLine]]:
    """The lines of these orders that may be asked about, each product once; orders with none have [].

    Not: cancelled or (partly) refunded orders, lines without a product, products kept out of mails, and what
    this person reviewed before, in the shop or on our page.
    """
    found: dict[int, list[ReviewLine]] = {order: [] for order in order_ids}
    for row in db.rows(_REVIEWABLE, {"orders": sorted(found), "at": at}):
        line = _line(row)
        if line is not None:
            found[row[0]].append(line)
    return {order: sorted(lines, key=lambda line: line.position) for order, lines in found.items()}


def _line(row: tuple[Any, ...]) -> ReviewLine | None:
    _, position, product, title, short_name, image, url, own, variant, order, platform, store, rated, gone = row
    template = own or _template(store, platform, rated=bool(rated))
    if template.startswith(PRODUCT_URL) and (gone or not url):
        # The page is no more, or nobody told it: our own form serves as well.
        template = OWN
    filled = {"product": product, "variant": variant or product, "order": order}
    return ReviewLine(
        position=position,
        product=product,
        title=title,
        short_name=short_name,
        image=image,
        url="" if template == OWN else _filled(template, url, filled),
    )


def _template(store: str, platform: str, *, rated: bool) -> str:
    """The shop's own choice; else its product pages where they take reviews; else our form."""
    if store:
        return store
    if "reviews" in platforms.get(platform).can:
        return SHOPS_OWN
    return PRODUCT_URL if rated else OWN


def _filled(template: str, url: str, values: dict[str, str]) -> str:
    """Values are quoted whole: what a shop calls a product can end no part of an address."""
    address = template.replace(PRODUCT_URL, url.partition("#")[0])
    for name, value in values.items():
        address = address.replace(f"{{{name}}}", quote(value, safe=""))
    return address


def public_url(store_review_url: str) -> str:
    """The shop's public review page, for everybody; '' where reviews stand at each product or with us."""
    return "" if store_review_url == OWN or "{" in store_review_url else store_review_url


class Written(msgspec.Struct, frozen=True, kw_only=True):
    """A review as it came in by the button of our own form."""

    store_id: int
    customer_id: int
    order_id: int
    message_id: int
    line: ReviewLine
    rating: int
    """1 to 5."""
    text: str = ""
    author: str = ""
    may_publish: bool = False


def write(written: Written, at: datetime) -> OwnReview:
    """Keep it; writing again from the same mail changes it. The first time it is told, a low one loudly."""
    with transaction.atomic():
        row, new = OwnReview.objects.of(written.store_id).update_or_create(
            store_id=written.store_id,
            message=written.message_id,
            position=written.line.position,
            defaults={
                "rating": written.rating,
                "text": _plain(written.text)[:LONGEST],
                "author": " ".join(_plain(written.author).split())[:80],
                "may_publish": written.may_publish,
                "changed_at": at,
            },
            create_defaults={
                "customer_id": written.customer_id,
                "order_id": written.order_id,
                "product": written.line.product,
                "title": written.line.title,
                "rating": written.rating,
                "text": _plain(written.text)[:LONGEST],
                "author": " ".join(_plain(written.author).split())[:80],
                "may_publish": written.may_publish,
                "written_at": at,
            },
        )
        append(_told(row, at, new=new), at)
        if row.rating <= LOW:
            LowScore.objects.get_or_create(
                review=row,
                defaults={
                    "store_id": row.store_id,
                    "customer_id": row.customer_id,
                    "score": row.rating,
                    "at": at,
                    "due_at": at,
                },
            )
    return row


def _plain(text: str) -> str:
    return text.replace("\x00", "").strip()


def _told(row: OwnReview, at: datetime, *, new: bool) -> list[Happened]:
    told = [
        _event(row, events.REVIEW_GIVEN, at, {"product": row.product, "rating": row.rating, "own": True}),
    ]
    if row.rating <= LOW:
        told.append(_event(row, events.SCORE_LOW, at, {"survey": "review", "score": row.rating}))
    # The key is the row's: telling it twice adds nothing, and a rating that sinks later is told then.
    return told if new else told[1:]


def _event(row: OwnReview, kind: str, at: datetime, data: dict[str, Any]) -> Happened:
    return Happened(
        store_id=row.store_id,
        customer_id=row.customer_id,
        subject=f"product:{row.product}",
        kind=kind,
        occurred_at=at,
        source_key=f"own:{row.pk}",
        data={**data, "message": row.message, "order": row.order_id, "id": row.pk},
    )


def line_of(store_id: int, order_id: int, position: int, at: datetime) -> ReviewLine | None:
    """The bought line a link speaks of, as long as it is still there; reviewed before or not."""
    found = db.rows(_LINE, {"store": store_id, "order": order_id, "position": position, "at": at})
    if not found:
        return None
    product, title, image = found[0]
    return ReviewLine(position=position, product=product, title=title, short_name="", image=image, url="")


_LINE: Final = """
SELECT coalesce(nullif(x.parent, ''), nullif(l.product, ''), nullif(v.parent, ''), v.external_id, ''), l.title,
    coalesce(nullif(v.image, ''), x.image, '')
FROM orders_orderline l JOIN orders_order o ON o.id = l.order_id
LEFT JOIN catalog_product v ON v.store_id = o.store_id AND v.external_id = coalesce(nullif(l.variant, ''), l.product)
LEFT JOIN catalog_product x ON x.store_id = o.store_id AND x.external_id = l.product
WHERE o.store_id = %(store)s AND o.id = %(order)s AND l.position = %(position)s AND o.gone_at IS NULL
"""
