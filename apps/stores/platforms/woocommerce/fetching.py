"""What a WooCommerce shop knows, asked for: orders and baskets, customers, products, reviews."""

from __future__ import annotations

import logging
import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import msgspec

from apps.stores.errors import AnswerUnreadable, Ignored, Unreadable
from apps.stores.platforms.base import Envelope, ShopFacts
from apps.stores.platforms.calling import Access, LookedFor, Noun, Page
from apps.stores.platforms.woocommerce import reviews, translate
from apps.stores.platforms.woocommerce.client import Refused, Shop
from apps.stores.platforms.woocommerce.walking import (
    Found,
    Head,
    Place,
    Road,
    Step,
    by_change,
    by_number,
    in_utc,
    told_total,
)
from apps.stores.snapshots import Snapshot
from apps.stores.troubles import Trouble

log = logging.getLogger(__name__)

ENDPOINTS: Final[dict[Noun, str]] = {
    "orders": "orders",
    "baskets": "orders",
    "customers": "customers",
    "products": "products",
    "reviews": "products/reviews",
}
SIZES: Final[dict[Noun, int]] = {"orders": 100, "baskets": 100, "customers": 100, "products": 20, "reviews": 100}
"""Of products fewer: the variations of each are another question."""
UNPAID: Final = ("pending", "failed", "checkout-draft")
SITE_TIME: Final = timedelta(days=1)
"""No clock on earth is further from UTC; `after` of reviews is read in the shop's own time."""
MODERATION: Final = timedelta(days=7)
"""So long an owner may take to approve a review: its date stays that of writing, and there is no other filter."""
MOST_LOOKS: Final = 100
"""Pages of changed orders in one look; more than 10,000 changes are no shop but a loop."""
MOST_VARIATIONS: Final = 20

_SLUG: Final = re.compile(r"[a-z0-9_-]{1,60}")
# What is read of a product; its description alone may be a hundred times that.
_PRODUCT: Final = (
    "id,parent_id,name,slug,permalink,type,status,catalog_visibility,price,regular_price,stock_status,stock_quantity,"
    "date_created_gmt,date_modified_gmt,average_rating,rating_count,image,images,categories,tags,brands,upsell_ids,"
    "cross_sell_ids,related_ids"
)


def fetch(access: Access, facts: ShopFacts, what: Noun, *, since: datetime | None, cursor: str) -> Page:
    """What changed since then. Customers: only who registered since, newest first.

    WooCommerce cannot list customers by change (`modified_after` is ignored there). Whoever changed an address says so
    by webhook, and by the next order; a walk over everybody at each poll would cost a large shop a thousand questions.
    """
    shop, place = Shop(access, seconds=20), _place(what, since, cursor)
    if since is None:
        return _told(_all(shop, what, None, place), place, shop, what, facts)
    if what in ("orders", "baskets", "products"):
        place = msgspec.structs.replace(place, after=place.after or in_utc(since), status=_statuses(shop, what, place))
        return _told(by_change(_road(shop, what, place), place), place, shop, what, facts)
    if what == "customers":
        road = Road(shop=shop, endpoint=ENDPOINTS[what], params={}, descending=True)
        return _told(by_number(road, place, until=_before(since)), place, shop, what, facts)
    return _told(_all(shop, what, since - MODERATION, place), place, shop, what, facts)


def backfill(access: Access, facts: ShopFacts, what: Noun, *, since: datetime | None, cursor: str) -> Page:
    """Everything, oldest first, one question at a time."""
    shop, place = Shop(access), _place(what, since, cursor)
    return _told(_all(shop, what, since, place), place, shop, what, facts)


def _all(shop: Shop, what: Noun, since: datetime | None, place: Place) -> Step:
    place = msgspec.structs.replace(place, status=_statuses(shop, what, place))
    road = _road(shop, what, place)
    if since is not None and what in ("orders", "baskets"):
        road.params.update(after=in_utc(since), dates_are_gmt="true")
    if since is not None and what == "reviews":
        road.params.update(after=in_utc(since - SITE_TIME))
    return by_number(road, place)


def _road(shop: Shop, what: Noun, place: Place) -> Road:
    params: dict[str, Any] = {"status": place.status} if place.status else {}
    if what == "products":
        params["_fields"] = _PRODUCT
    return Road(shop=shop, endpoint=ENDPOINTS[what], params=params)


def _statuses(shop: Shop, what: Noun, place: Place) -> str:
    """`any` leaves drafts out, and ends a list it stands in: so each status is named, the plugins' too (2.3)."""
    if place.status or what in ("products", "customers"):
        return place.status
    if what == "reviews":
        return "all"
    known = _known_statuses(shop)
    if what == "orders":
        return ",".join(known) or "any"
    return ",".join(one for one in UNPAID if one in known) or "pending,failed"


def _known_statuses(shop: Shop) -> list[str]:
    """Also those of plugins; none where a shop is too old for the question."""
    try:
        told = shop.read("orders/statuses").json()
    except Refused:
        return []
    except AnswerUnreadable as trouble:
        if trouble.trouble is not Trouble.NO_API_HERE:
            raise
        return []
    slugs = [one.get("slug") for one in told if isinstance(one, dict)] if isinstance(told, list) else []
    return [slug for slug in slugs if isinstance(slug, str) and _SLUG.fullmatch(slug)]


def _before(moment: datetime) -> Callable[[Head], bool]:
    limit = in_utc(moment)
    return lambda head: bool(head.date_created_gmt) and str(head.date_created_gmt)[:19] < limit


def _place(what: Noun, since: datetime | None, cursor: str) -> Place:
    try:
        return msgspec.json.decode(cursor, type=Place) if cursor else Place(size=SIZES[what])
    except msgspec.DecodeError:
        log.warning("a place in %s since %s could not be read; the walk begins anew", what, since)
        return Place(size=SIZES[what])


def _told(step: Step, place: Place, shop: Shop, what: Noun, facts: ShopFacts) -> Page:
    begun = place.begun or step.answer.told_at
    total = told_total(step.answer) if place.total is None else place.total
    further = ""
    if step.place is not None:
        kept = msgspec.structs.replace(step.place, begun=begun, total=total)
        further = msgspec.json.encode(kept).decode()
    bodies = [one.raw for one in step.found]
    if what == "products":
        bodies = [raw for one in step.found for raw in (one.raw, *_variations(shop, one))]
    return Page(seen=tuple(_snapshots(what, bodies, facts, begun)), cursor=further, total=total, asked_at=begun)


def _variations(shop: Shop, product: Found) -> list[bytes]:
    if product.head.type != "variable":
        return []
    road = Road(shop=shop, endpoint=f"products/{product.head.id}/variations", params={"_fields": _PRODUCT})
    place: Place | None = Place(size=100)
    found: list[bytes] = []
    for _ in range(MOST_VARIATIONS):
        if place is None:
            break
        try:
            step = by_number(road, place)
        except Refused:
            # It was deleted in between.
            break
        found += [one.raw for one in step.found]
        place = step.place
    return found


_TOPICS: Final[dict[Noun, str]] = {
    "orders": "order.updated",
    "baskets": "order.updated",
    "customers": "customer.updated",
    "products": "product.updated",
}


def _snapshots(what: Noun, bodies: Iterable[bytes], facts: ShopFacts, at: datetime | None) -> list[Snapshot]:
    """As the webhooks' bodies are read. What cannot be read is counted, and stops nothing."""
    seen: list[Snapshot] = []
    spoiled: Counter[str] = Counter()
    for body in bodies:
        try:
            seen += _snapshot(what, body, facts, at or datetime(2000, 1, 1, tzinfo=UTC))
        except Ignored:
            spoiled["ignored"] += 1
        except Unreadable as error:
            spoiled[error.code] += 1
        except Exception as error:
            spoiled[type(error).__name__] += 1
    if spoiled:
        log.info("%s of a shop left out: %s", what, dict(spoiled))
    return seen


def _snapshot(what: Noun, body: bytes, facts: ShopFacts, at: datetime) -> list[Snapshot]:
    if what == "reviews":
        return reviews.review(body)
    seen, refused = translate.translate_parts(Envelope(topic=_TOPICS[what], body=body, received_at=at), facts)
    if refused:
        raise refused[0]
    return seen


def one(access: Access, facts: ShopFacts, what: Noun, external_id: str) -> list[Snapshot]:
    """One thing as it is now, a product with its variations; nothing when it is not there or in the bin."""
    if not (external_id.isascii() and external_id.isdigit() and len(external_id) < 19):
        return []
    shop = Shop(access)
    answer = shop.find(f"{ENDPOINTS[what]}/{external_id}")
    if answer is None:
        return []
    raw = msgspec.json.encode(answer.json())
    try:
        head = msgspec.json.decode(raw, type=Head)
    except msgspec.DecodeError:
        raise AnswerUnreadable(Trouble.UNEXPECTED_ANSWER, host=answer.host, detail="a thing without an id") from None
    if head.status == "trash":
        return []
    bodies = [raw, *(_variations(shop, Found(head, raw)) if what == "products" else ())]
    return _snapshots(what, bodies, facts, answer.told_at)


def look(access: Access, facts: ShopFacts, baskets: Sequence[LookedFor], *, since: datetime) -> list[Snapshot]:
    """Every order that changed since then, whoever bought under whatever address: usually one question for all.

    `any` leaves out only drafts and the bin, neither of which is an order.
    """
    if not baskets:
        return []
    shop, seen = Shop(access, seconds=10), list[Snapshot]()
    road = Road(shop=shop, endpoint="orders", params={"status": "any"})
    place: Place | None = Place(size=100, after=in_utc(since))
    for _ in range(MOST_LOOKS):
        if place is None:
            return seen
        step = by_change(road, place)
        seen += _snapshots("orders", [one.raw for one in step.found], facts, step.answer.told_at)
        place = step.place
    raise AnswerUnreadable(Trouble.UNEXPECTED_ANSWER, host=shop.host, detail="changed orders without end")
