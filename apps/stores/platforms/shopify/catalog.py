"""Products and their variants, deletions, and the shop itself."""

from __future__ import annotations

from typing import Any, Literal
from urllib.parse import quote

from apps.stores.errors import Unreadable
from apps.stores.platforms.cleaning import amount, aware, country, currency, key, text, url
from apps.stores.platforms.shopify.parts import Context
from apps.stores.platforms.shopify.people import must_agree
from apps.stores.platforms.shopify.records import Deleted, Product, Shop, Variant
from apps.stores.snapshots import Gone, ProductSeen, ShopSeen, Snapshot, Uninstalled


def product(body: Product, context: Context) -> list[Snapshot]:
    """A product with its variants; prices are the shop's own."""
    external_id = key(body.id)
    if external_id is None:
        raise Unreadable("no_key", "a product has an id")
    if body.title is None and body.handle is None and body.variants is None:
        raise Unreadable("wrong_shape", "expected a product")
    at = aware(body.updated_at) or context.triggered_at
    pictures = _pictures(body)
    variants = tuple(
        seen for one in body.variants or () if (seen := _variant(one, external_id, pictures, context)) is not None
    )
    cheapest = min(variants, key=lambda one: (one.price is None, one.price or 0), default=None)
    stocks = [one.stock for one in variants if one.stock is not None]
    return [
        ProductSeen(
            at=at,
            tie=(0, context.tie),
            external_id=external_id,
            title=text(body.title),
            handle=text(body.handle),
            url=_page(body, context),
            image=pictures.get("", ""),
            price=cheapest.price if cheapest else None,
            regular_price=cheapest.regular_price if cheapest else None,
            currency=context.shop.currency,
            in_stock=_any_in_stock(variants),
            stock=sum(stocks[1:], stocks[0]) if stocks else None,
            status="unpublished" if body.published_at is None else text(body.status, 50),
            categories=_categories(body),
            tags=_tags(body.tags),
            brand=text(body.vendor, 120),
            variants=variants,
        )
    ]


def _pictures(body: Product) -> dict[str, str]:
    """Addresses by image id and by `variant:id`; '' is the product's own."""
    found: dict[str, str] = {}
    for image in [body.image, *(body.images or ())]:
        if image is None or not (address := url(image.src)):
            continue
        found.setdefault("", address)
        if image_id := key(image.id):
            found[image_id] = address
        for variant in image.variant_ids or ():
            found.setdefault(f"variant:{variant}", address)
    return found


def _variant(body: Variant, product_id: str, pictures: dict[str, str], context: Context) -> ProductSeen | None:
    external_id = key(body.id)
    if external_id is None:
        return None
    price = amount(body.price)
    regular = amount(body.compare_at_price)
    return ProductSeen(
        at=aware(body.updated_at) or context.triggered_at,
        tie=(0, context.tie),
        external_id=external_id,
        parent=product_id,
        title=text(body.title),
        image=pictures.get(key(body.image_id) or f"variant:{external_id}", ""),
        price=price,
        regular_price=price if regular is None else regular,
        currency=context.shop.currency,
        in_stock=_in_stock(body),
        stock=amount(body.inventory_quantity),
    )


def _in_stock(body: Variant) -> bool | None:
    """`continue` sells on without stock."""
    if body.inventory_policy == "continue":
        return True
    left = amount(body.inventory_quantity)
    return None if left is None else left > 0


def _any_in_stock(variants: tuple[ProductSeen, ...]) -> bool | None:
    answers = {one.in_stock for one in variants}
    if True in answers:
        return True
    return None if None in answers or not answers else False


def _page(body: Product, context: Context) -> str:
    if not body.handle or not context.shop.url:
        return ""
    return url(f"{context.shop.url.rstrip('/')}/products/{quote(text(body.handle), safe='')}")


def _categories(body: Product) -> tuple[str, ...]:
    names = (text(body.product_type), text(body.category.name) if body.category else "")
    return tuple(dict.fromkeys(name for name in names if name))


def _tags(value: Any) -> tuple[str, ...]:
    """`"example, mens, t-shirt"`, or a list."""
    words = value.split(",") if isinstance(value, str) else value if isinstance(value, list) else ()
    return tuple(tag for word in words if isinstance(word, str) and (tag := text(word, 255)))


def variant(body: Variant, context: Context) -> list[Snapshot]:
    """`variants/in_stock` and `/out_of_stock`: one variant under its product."""
    product_id = key(body.product_id)
    seen = _variant(body, product_id or "", {}, context)
    if seen is None or product_id is None:
        raise Unreadable("no_key", "a variant has an id and a product")
    return [seen]


def gone(body: Deleted, noun: Literal["order", "customer", "product"], context: Context) -> list[Snapshot]:
    external_id = key(body.id)
    if external_id is None:
        raise Unreadable("no_key", "a deletion has an id")
    if body.updated_at is not None or body.created_at is not None:
        # Only bodies are signed: a whole order under `orders/delete` is somebody else's doing.
        raise Unreadable("wrong_shape", "a deletion tells no state")
    return [Gone(at=context.triggered_at, tie=(0, context.tie), noun=noun, external_id=external_id)]


def shop(body: Shop, context: Context) -> list[Snapshot]:
    external_id = _shop_id(body, context)
    return [
        ShopSeen(
            at=aware(body.updated_at) or context.triggered_at,
            tie=(0, context.tie),
            external_id=external_id,
            name=text(body.name),
            domain=text(body.domain, 255).lower(),
            platform_domain=text(body.myshopify_domain, 255).lower(),
            currency=currency(body.currency, ""),
            time_zone=text(body.iana_timezone, 100),
            country=country(body.country_code) or country(body.country) or "",
            language=text(body.primary_locale, 20),
        )
    ]


def uninstalled(body: Shop, context: Context) -> list[Snapshot]:
    """The body is the shop's; its own time is of another change."""
    _shop_id(body, context)
    return [Uninstalled(at=context.triggered_at, tie=(0, context.tie))]


def _shop_id(body: Shop, context: Context) -> str:
    external_id = key(body.id)
    if external_id is None:
        raise Unreadable("no_key", "a shop has an id")
    if body.plan_name is None and body.money_format is None and body.myshopify_domain is None:
        raise Unreadable("wrong_shape", "expected a shop")
    must_agree(body.myshopify_domain, context)
    return external_id
