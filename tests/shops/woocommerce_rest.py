"""What a WooCommerce answers at its REST addresses: lists, single things, coupons, webhooks (woocommerce.md 2)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from tests.shops.base import Asked, Reply
from tests.shops.woocommerce_bodies import Thing, coupon, meta, moment, recorded, stamps

if TYPE_CHECKING:
    from tests.shops.woocommerce_counter import Counter

HIDDEN_FROM_ANY = ("checkout-draft", "auto-draft", "trash")
MOST = 100


class Problem(Exception):
    """`{"code","message","data":{"status"}}`."""

    def __init__(self, status: int, code: str, message: str = "Invalid.") -> None:
        super().__init__(code)
        self.body = {"code": code, "message": message, "data": {"status": status}}
        self.status = status

    def reply(self) -> Reply:
        return Reply(self.status, self.body)


@dataclass(frozen=True)
class Collection:
    """How one kind of thing is listed: what it may be sorted and filtered by. Everything else is ignored silently."""

    noun: str
    orderby: tuple[str, ...]
    order: str = "desc"
    by_modified: bool = False
    dated: bool = True
    status: str = ""
    """The status that is listed when nobody asks for one; '' for things without."""


COLLECTIONS = {
    "orders": Collection(
        "shop_order", ("date", "id", "include", "title", "slug", "modified"), by_modified=True, status="any"
    ),
    "products": Collection(
        "product",
        ("date", "id", "include", "title", "slug", "price", "popularity", "rating", "modified"),
        by_modified=True,
    ),
    "products/reviews": Collection("review", ("date", "date_gmt", "id", "include", "product"), status="approved"),
    "customers": Collection("customer", ("id", "include", "name", "registered_date"), order="asc", dated=False),
    "coupons": Collection("shop_coupon", ("date", "id", "include", "title", "slug", "modified")),
    "webhooks": Collection("shop_webhook", ("date", "id", "title"), status="all"),
}


def shown(thing: Thing) -> Thing:
    """Without what only the shop itself knows: secrets, failure counts, where it was before the bin."""
    return {name: value for name, value in thing.items() if not name.startswith("~")}


def listed(shop: Counter, how: Collection, things: Iterable[Thing], asked: Asked, route: str) -> Reply:
    query = asked.query
    size = _size(query)
    chosen = [one for one in things if _wanted(one, how, query, shop.zone)]
    chosen = _sorted(chosen, how, query)
    page = max(1, int(query.get("page") or 1))
    start = int(query["offset"]) if query.get("offset") else (page - 1) * size
    pages = -(-len(chosen) // size)
    headers = {"X-WP-Total": str(len(chosen)), "X-WP-TotalPages": str(pages)}
    if start + size < len(chosen):
        # As recorded: all that was asked stands in it, keys and signatures included.
        again = urlencode({**query, "page": page + 1})
        headers["Link"] = f'<{shop.url}/wp-json/wc/v3/{route}?{again}>; rel="next"'
    return Reply(200, [_cut(shown(one), query) for one in chosen[start : start + size]], headers=headers)


def _size(query: Mapping[str, str]) -> int:
    size = int(query.get("per_page") or 10)
    if not 1 <= size <= MOST:
        raise Problem(400, "rest_invalid_param", "Invalid parameter(s): per_page")
    return size


def _cut(thing: Thing, query: Mapping[str, str]) -> Thing:
    if not query.get("_fields"):
        return thing
    names = {name.split(".")[0] for name in query["_fields"].split(",")}
    return {name: value for name, value in thing.items() if name in names}


def _wanted(thing: Thing, how: Collection, query: Mapping[str, str], zone: str) -> bool:
    checks = (
        _by_status(thing, how, query), _by_ids(thing, query), _by_text(thing, how, query),
        not how.dated or _by_time(thing, how, query, zone),
    )  # fmt: skip
    return all(checks)


def _by_status(thing: Thing, how: Collection, query: Mapping[str, str]) -> bool:
    if how.noun == "shop_coupon" or not how.status:
        return thing.get("status") != "trash"
    wanted = (query.get("status") or how.status).split(",")
    if how.noun == "shop_order" and "any" in wanted:
        return thing["status"] not in HIDDEN_FROM_ANY
    return "all" in wanted or thing["status"] in wanted


def _by_ids(thing: Thing, query: Mapping[str, str]) -> bool:
    included = [int(one) for one in query.get("include", "").split(",") if one]
    excluded = [int(one) for one in query.get("exclude", "").split(",") if one]
    return (not included or thing["id"] in included) and thing["id"] not in excluded


def _by_text(thing: Thing, how: Collection, query: Mapping[str, str]) -> bool:
    if how.noun == "shop_coupon" and query.get("code"):
        return bool(thing["code"] == query["code"].strip().lower())
    if how.noun == "customer":
        return _is_role(thing, query) and query.get("email", thing["email"]).lower() == thing["email"].lower()
    if how.noun == "shop_order" and query.get("search"):
        return query["search"].lower() in str(thing["billing"]).lower()
    return not query.get("customer") or str(thing.get("customer_id")) == query["customer"]


def _is_role(thing: Thing, query: Mapping[str, str]) -> bool:
    role = query.get("role", "customer")
    return bool(role == "all" or thing["role"] == role)


def _by_time(thing: Thing, how: Collection, query: Mapping[str, str], zone: str) -> bool:
    """`after`/`before` by creation, `modified_*` where it is known; bare times are the site's unless said otherwise."""
    gmt = query.get("dates_are_gmt") in ("true", "1") and how.noun in ("shop_order", "product")
    created = datetime.fromisoformat(thing["date_created_gmt"]).replace(tzinfo=UTC)
    limits: list[tuple[str, datetime]] = [("", created)]
    if how.by_modified:
        limits.append(("modified_", datetime.fromisoformat(thing["date_modified_gmt"]).replace(tzinfo=UTC)))
    for prefix, at in limits:
        after, before = (
            moment(query.get(f"{prefix}after"), zone, gmt=gmt),
            moment(query.get(f"{prefix}before"), zone, gmt=gmt),
        )
        if (after and at <= after) or (before and at >= before):
            return False
    return True


def _sorted(things: list[Thing], how: Collection, query: Mapping[str, str]) -> list[Thing]:
    by, order = query.get("orderby") or ("name" if how.noun == "customer" else "date"), query.get("order") or how.order
    if by not in how.orderby:
        raise Problem(400, "rest_invalid_param", "Invalid parameter(s): orderby")
    # A database promises nothing about rows that are equal: another page, another order among them.
    odd = int(query.get("page") or 1) % 2 == 1
    keys: dict[str, Callable[[Thing], Any]] = {
        "date": lambda one: one["date_created_gmt"],
        "date_gmt": lambda one: one["date_created_gmt"],
        "registered_date": lambda one: one["date_created_gmt"],
        "modified": lambda one: one["date_modified_gmt"],
        "name": lambda one: one.get("username", ""),
    }
    things = sorted(things, key=lambda one: one["id"], reverse=odd)
    return sorted(things, key=keys.get(by, lambda one: one["id"]), reverse=order == "desc")


# --- coupons ---


def makes_coupon(shop: Counter, asked: Thing) -> Thing:
    code = str(asked.get("code") or "").strip().lower()
    if not code:
        raise Problem(400, "woocommerce_rest_empty_coupon_code")
    if any(one["code"] == code for one in shop.coupons.values()):
        raise Problem(400, "woocommerce_rest_coupon_code_already_exists", "The coupon code already exists")
    if asked.get("discount_type", "fixed_cart") not in ("percent", "fixed_cart", "fixed_product"):
        raise Problem(400, "rest_invalid_param", "Invalid parameter(s): discount_type")
    made = coupon(shop.number(), asked, zone=shop.zone, at=shop.now)
    if float(made["amount"]) < 0 or (made["discount_type"] == "percent" and float(made["amount"]) > 100):
        raise Problem(400, "coupon_invalid_amount", "Invalid discount amount.")
    shop.alters_coupon(made)
    shop.coupons[made["id"]] = made
    return made


def deletes(things: dict[int, Thing], noun: str, number: int, *, force: bool) -> Thing:
    """With force for good; else into the bin, where a coupon still keeps its code."""
    thing = things.get(number)
    if thing is None:
        raise Problem(404, f"woocommerce_rest_{noun}_invalid_id", "Invalid ID.")
    if noun == "shop_webhook" and not force:
        raise Problem(501, "woocommerce_rest_trash_not_supported", "Webhooks do not support trashing.")
    if force:
        return things.pop(number)
    thing["status"] = "trash"
    return thing


def batched(shop: Counter, things: dict[int, Thing], noun: str, asked: Thing) -> Thing:
    """≤ 100 altogether; HTTP 200 with each failure beside its id. What is deleted here is gone for good."""
    made, gone = asked.get("create") or [], asked.get("delete") or []
    if len(made) + len(gone) > MOST:
        raise Problem(413, "woocommerce_rest_request_entity_too_large", "Unable to accept more than 100 items")
    making = makes_coupon if noun == "shop_coupon" else makes_webhook
    answer: Thing = {}
    if made:
        answer["create"] = [_tried(0, lambda one=one: making(shop, one)) for one in made]
    if gone:
        answer["delete"] = [_tried(one, lambda one=one: deletes(things, noun, int(one), force=True)) for one in gone]
    return answer


def _tried(number: int, attempt: Callable[[], Thing]) -> Thing:
    try:
        return shown(attempt())
    except Problem as problem:
        return {"id": number, "error": problem.body}


# --- webhooks ---


def topics(shop: Counter) -> set[str]:
    """What can be listened to. A resource of a plugin is known while the plugin is active."""
    events = ("created", "updated", "deleted", "restored")
    known = {f"{resource}.{event}" for resource in ("order", "customer", "product", "coupon") for event in events}
    known -= {"customer.restored"}
    if shop.at_least(10, 9):
        known.add("product.published")
    return known | ({"rcv_cart.updated"} if shop.companion else set())


def makes_webhook(shop: Counter, asked: Thing) -> Thing:
    _check_webhook(shop, asked, whole=True)
    number = shop.number()
    body = recorded("webhooks.list")[0]
    resource, _, event = asked["topic"].partition(".")
    body |= {
        "id": number, "name": asked.get("name") or "Webhook created", "status": "active", "topic": asked["topic"],
        "resource": resource, "event": event, "delivery_url": asked["delivery_url"], "hooks": [],
        # Whoever sends none gets one that no answer ever shows.
        "~secret": asked.get("secret") or f"made-up-{number}", "~failures": 0,
    }  # fmt: skip
    body |= stamps("date_created", shop.now, shop.zone) | stamps("date_modified", shop.now, shop.zone)
    shop.webhooks[number] = body
    shop.pings.append(asked["delivery_url"])
    return body


def changes_webhook(shop: Counter, number: int, asked: Thing) -> Thing:
    """Whatever is changed, the count of failures stays as it was."""
    if number not in shop.webhooks:
        raise Problem(400, "woocommerce_rest_shop_webhook_invalid_id", "ID is invalid.")
    _check_webhook(shop, asked, whole=False)
    hook = shop.webhooks[number]
    hook |= {name: asked[name] for name in ("name", "status", "topic", "delivery_url") if asked.get(name)}
    if asked.get("secret"):
        hook["~secret"] = asked["secret"]
    hook |= stamps("date_modified", shop.now, shop.zone)
    return hook


def _check_webhook(shop: Counter, asked: Thing, *, whole: bool) -> None:
    if (whole or asked.get("topic")) and asked.get("topic") not in topics(shop):
        raise Problem(
            400, "woocommerce_rest_shop_webhook_invalid_topic", "Webhook topic is required and must be valid."
        )
    url = str(asked.get("delivery_url") or "")
    if (whole or url) and not url.startswith(("http://", "https://")):
        raise Problem(
            400, "woocommerce_rest_shop_webhook_invalid_delivery_url", "Webhook delivery URL must be a valid URL."
        )
    if asked.get("status") not in (None, "active", "paused", "disabled"):
        raise Problem(400, "woocommerce_rest_shop_webhook_invalid_status", "Webhook status must be valid.")


def noted(things: Iterable[tuple[str, Any]]) -> list[Thing]:
    """`meta_data` as it is answered."""
    return [meta(key, value, place) for place, (key, value) in enumerate(things, 1)]
