"""Two items in a basket, as either platform tells it: recorded bodies, moved in time and to our shop."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from tests.invariants.bodies import DOMAIN, Post, gmt, iso, recorded
from tests.shopkeeping import ADA, Person
from tests.stories.telling import Story

Change = Callable[[dict[str, Any]], None]
WOO_SHOP = "https://molenzicht.example/"
RECORDED_AT = "http://127.0.0.1:8089/"
WOO_CART = "05229bfc86c83eb295d7ff02da77d51b"
CHECKOUT = "5f2d1c0a9b8e47d6a3c1f0e2d4b6a897"
CART_TOKEN = "hWN3kYh2bQ0pXkD7vUuZ1a9LcR5"
ACCOUNT = 7012345678901
SHIRT, MEDIUM, LARGE = 8123456789012, 44567890123456, 44567890123457
PICTURES = {
    "woocommerce": [
        f"{WOO_SHOP}wp-content/uploads/2026/11/lantern-300x300.png",
        f"{WOO_SHOP}wp-content/uploads/2026/11/blanket-300x300.png",
    ],
    "shopify": [
        "https://cdn.shopify.com/s/files/1/0612/3456/7890/files/shirt-medium.jpg?v=1763712000",
        "https://cdn.shopify.com/s/files/1/0612/3456/7890/files/shirt-large.jpg?v=1763712000",
    ],
}


def body_of(name: str) -> Any:
    """A recorded body, its shop's address that of ours."""
    text = json.dumps(recorded(name), ensure_ascii=False)
    return json.loads(text.replace(RECORDED_AT, WOO_SHOP))


# --- WooCommerce ------------------------------------------------------------------------------------


def companion(*events: tuple[str, dict[str, Any]], at: datetime) -> Post:
    """One batch of the companion: (topic, data) each."""
    made = [
        {"id": f"{topic}-{number}-{iso(at)}", "topic": topic, "created": iso(at), "store": WOO_SHOP,
         "plugin": "0.1", "wc": "11.0.1", "data": data}
        for number, (topic, data) in enumerate(events)
    ]  # fmt: skip
    return Post(topic=events[0][0], body=json.dumps({"events": made}).encode(), at=at)


def woo_basket(person: Person | None, at: datetime, **changes: Any) -> dict[str, Any]:
    """Two lanterns and a blanket, 6.03 of shipping in the total; the box ticked."""
    data: dict[str, Any] = body_of("woocommerce/companion/cart.updated.block-guest.http.json")["events"][0]["data"]
    data |= {
        "email": person.email if person else None,
        "first_name": person.name if person else "",
        "customer_id": (person.account or 0) if person else 0,
        "consent": {"state": "granted", "at": iso(at), "source": "block_checkout"} if person else None,
        "locale": "nl_NL",
        "at": iso(at),
    }
    return data | changes


def woo_order(number: int, at: datetime, person: Person, status: str = "processing", **changes: Any) -> Post:
    """An order as the store itself sends it, with the companion's meta."""
    body = body_of("woocommerce/companion/order.created.with-consent.http.json")
    settled = status in ("processing", "completed")
    body |= {
        "id": number, "number": str(number), "status": status, "customer_id": person.account or 0,
        "date_created_gmt": gmt(at), "date_modified_gmt": gmt(at), "date_created": None, "date_modified": None,
        "date_paid_gmt": gmt(at) if settled else None, "date_paid": None,
        "needs_payment": status in ("pending", "failed"),
        "billing": body["billing"] | {"email": person.email, "first_name": person.name, "country": "NL"},
        "meta_data": [],
    }  # fmt: skip
    return Post(topic=changes.pop("topic", "order.updated"), body=json.dumps(body | changes).encode(), at=at)


# --- Shopify ----------------------------------------------------------------------------------------


def shopify(topic: str, body: Any, at: datetime, **headers: str) -> Post:
    sent = (at + timedelta(milliseconds=300)).strftime("%Y-%m-%dT%H:%M:%S.%f000Z")
    given = {"X-Shopify-Triggered-At": sent, "X-Shopify-Shop-Domain": DOMAIN, "X-Shopify-API-Version": "2026-07"}
    return Post(topic=topic, body=json.dumps(body).encode(), at=at, headers=given | headers)


def shopify_checkout(person: Person | None, at: datetime, **changes: Any) -> dict[str, Any]:
    """Two shirts in medium and one in large, 5.00 of shipping."""
    body: dict[str, Any] = recorded("shopify/scenarios/recovered/04_checkouts_update.json")
    account = (person.account if person else None) or ACCOUNT
    body |= {
        "email": person.email if person else None,
        "created_at": iso(at),
        "updated_at": iso(at),
        "currency": "EUR",
        "presentment_currency": "EUR",
        "customer_locale": "nl-NL",
        "customer": body["customer"] | {"id": account, "email": person.email, "first_name": person.name}
        if person
        else None,
    }
    for place in ("billing_address", "shipping_address"):
        body[place] = body[place] | {"country_code": "NL", "country": "Netherlands", "first_name": "Ada"}
    return body | changes


def shopify_yes(person: Person, at: datetime, state: str = "subscribed") -> Post:
    given = {"state": state, "opt_in_level": "single_opt_in", "consent_updated_at": iso(at)}
    said = {"customer_id": person.account or ACCOUNT, "email_address": person.email, "email_marketing_consent": given}
    return shopify("customers_email_marketing_consent/update", said, at)


def shopify_product(at: datetime) -> Post:
    """The shirt with a picture for each size: a checkout carries none."""
    body = recorded("shopify/products_update.json")
    small = body["variants"][0]
    medium, large = PICTURES["shopify"]
    body |= {
        "id": SHIRT, "title": "Linen Shirt", "handle": "linen-shirt", "updated_at": iso(at),
        "variants": [
            small | {"id": MEDIUM, "product_id": SHIRT, "title": "M / Sand", "price": "59.00", "image_id": 1},
            small | {"id": LARGE, "product_id": SHIRT, "title": "L / Sand", "price": "59.00", "image_id": 2},
        ],
        "images": [
            {"id": 1, "product_id": SHIRT, "src": medium, "variant_ids": [MEDIUM], "position": 1},
            {"id": 2, "product_id": SHIRT, "src": large, "variant_ids": [LARGE], "position": 2},
        ],
        "image": {"id": 1, "product_id": SHIRT, "src": medium, "variant_ids": [MEDIUM], "position": 1},
    }  # fmt: skip
    return shopify("products/update", body, at)


def shopify_order(number: int, at: datetime, person: Person | None, **changes: Any) -> Post:
    body = recorded("shopify/scenarios/recovered/05_orders_create.json")
    address = person.email if person else None
    body |= {
        "id": number, "name": f"#{number}", "email": address, "contact_email": address,
        "created_at": iso(at), "processed_at": iso(at), "updated_at": iso(at),
        "customer": body["customer"] | {"id": (person.account or ACCOUNT), "email": address} if person else None,
    }  # fmt: skip
    headers = {"X-Shopify-Test": "true"} if changes.pop("as_test", False) else {}
    return shopify(changes.pop("topic", "orders/create"), body | changes, at, **headers)


# --- both -------------------------------------------------------------------------------------------


def leaves(story: Story, person: Person, *, locale: str = "", currency: str = "") -> None:
    """Two items, the address typed, the box ticked, and then nothing."""
    at = story.at
    if story.is_shopify:
        own = {"customer_locale": locale} if locale else {}
        own |= {"presentment_currency": currency} if currency else {}
        story.hears(
            shopify_product(at - timedelta(days=3)),
            shopify("checkouts/update", shopify_checkout(person, at, **own), at),
            shopify_yes(person, at),
        )
        return
    own = {"locale": locale.replace("-", "_")} if locale else {}
    own |= {"currency": currency} if currency else {}
    story.hears(companion(("cart.updated", woo_basket(person, at, **own)), at=at))


def buys(story: Story, person: Person, number: int = 5401, **changes: Any) -> None:
    """Places and pays an order that names the basket."""
    story.hears(order(story, person, number, **changes))


def order(story: Story, person: Person, number: int = 5401, **changes: Any) -> Post:
    if story.is_shopify:
        return shopify_order(number, story.at, person, **changes)
    changes.setdefault("meta_data", [{"id": 1, "key": "_rcv_cart", "value": WOO_CART}])
    return woo_order(number, story.at, person, **changes)


def at_the_till(story: Story, person: Person, number: int = 5402) -> None:
    """An order that knows neither basket nor account, only an address."""
    if story.is_shopify:
        story.hears(
            shopify_order(
                number, story.at, person, checkout_token=None, cart_token=None, customer=None, source_name="pos",
                landing_site=None, discount_codes=[], note_attributes=[],
            )
        )  # fmt: skip
    else:
        story.hears(woo_order(number, story.at, person.with_account(0), meta_data=[], created_via="pos"))


def empties(story: Story, person: Person) -> None:
    at = story.at
    if story.is_shopify:
        story.hears(shopify("checkouts/update", shopify_checkout(person, at, line_items=[], total_price="0.00"), at))
    else:
        data = woo_basket(person, at, items=[], total="0.00")
        story.hears(companion(("cart.emptied", data), at=at))


def says(story: Story, topic: str, body: Any, **headers: str) -> None:
    """One Shopify delivery of this moment."""
    story.hears(shopify(topic, body, story.at, **headers))


def left(story: Story, person: Person = ADA, **changes: Any) -> None:
    """A Shopify checkout, and the person's consent beside it."""
    says(story, "checkouts/update", shopify_checkout(person, story.at, **changes))
    story.hears(shopify_yes(person, story.at))
