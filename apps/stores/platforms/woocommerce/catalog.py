"""Products, variations and coupons, and what is left of deleted things."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from apps.stores.errors import Unreadable
from apps.stores.platforms.base import ShopFacts
from apps.stores.platforms.cleaning import Id, amount, aware, key, text, unescaped, url
from apps.stores.platforms.woocommerce.payloads import Coupon, Deleted, Product, Term
from apps.stores.snapshots import CouponSeen, Gone, ProductSeen, Snapshot

Noun = Literal["order", "customer", "product", "coupon"]

_SALEABLE = {"instock": True, "onbackorder": True, "outofstock": False}
_RELATED_MAX = 20


def product(body: Product, tie: str, shop: ShopFacts) -> list[Snapshot]:
    """A product, or a variation with its `parent` (2.5). The shop's prices are in the shop's
    currency.
    """
    external_id = key(body.id)
    if external_id is None:
        raise Unreadable("no_key", "a product has an id")
    if body.name is None and body.permalink is None and body.type is None:
        raise Unreadable("wrong_shape", "expected a product")
    images = [body.image, *(body.images or ())]
    return [
        ProductSeen(
            at=aware(body.date_modified_gmt or body.date_modified),
            tie=(0, tie),
            external_id=external_id,
            parent=key(body.parent_id) or "",
            title=unescaped(body.name),
            handle=text(body.slug),
            url=url(body.permalink),
            image=next((found for image in images if image and (found := url(image.src))), ""),
            price=amount(body.price),
            regular_price=amount(body.regular_price),
            currency=shop.currency,
            in_stock=_SALEABLE.get(body.stock_status or ""),
            stock=amount(body.stock_quantity),
            status="hidden" if body.catalog_visibility == "hidden" else text(body.status, 50),
            categories=_names(body.categories),
            tags=_names(body.tags),
            brand=next(iter(_names(body.brands)), ""),
            rating=amount(body.average_rating),
            rating_count=body.rating_count,
            related=_related(body),
        )
    ]


def _names(terms: list[Term] | None) -> tuple[str, ...]:
    return tuple(name for term in terms or () if (name := unescaped(term.name)))


def _related(body: Product) -> tuple[str, ...]:
    """The owner's own choices first, then WooCommerce's guesses."""
    chosen: Iterable[Id] = [
        *(body.upsell_ids or ()),
        *(body.cross_sell_ids or ()),
        *(body.related_ids or ()),
    ]
    return tuple(dict.fromkeys(found for one in chosen if (found := key(one))))[:_RELATED_MAX]


def coupon(body: Coupon, tie: str) -> list[Snapshot]:
    external_id, code = key(body.id), unescaped(body.code, 255)
    if external_id is None:
        raise Unreadable("no_key", "a coupon has an id")
    if not code:
        raise Unreadable("wrong_shape", "expected a coupon with its code")
    return [
        CouponSeen(
            at=aware(body.date_modified_gmt or body.date_modified),
            tie=(0, tie),
            external_id=external_id,
            code=code,
            expires_at=aware(body.date_expires_gmt or body.date_expires),
            usage_count=body.usage_count,
        )
    ]


def gone(body: Deleted, noun: Noun, tie: str) -> list[Snapshot]:
    """`{"id": 23}`, without a time. The id may be of another noun (I#12461): whoever records looks
    it up by noun.
    """
    external_id = key(body.id)
    if external_id is None:
        raise Unreadable("no_key", "a deletion has an id")
    if body.date_created is not None or body.date_created_gmt is not None:
        # Only bodies are signed: a whole order under `order.deleted` is somebody else's doing.
        raise Unreadable("wrong_shape", "a deletion is an id and nothing else")
    return [Gone(at=None, tie=(0, tie), noun=noun, external_id=external_id)]
