"""What a real WooCommerce answered (fixtures/woocommerce/rest), read as the pretended one's answers are."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from apps.stores.errors import AccessRefused, ShopTrouble
from apps.stores.platforms.base import ShopFacts, platforms
from apps.stores.platforms.calling import CodeRefused, CodeWanted, Noun
from apps.stores.platforms.woocommerce.client import Refused, Shop
from apps.stores.platforms.woocommerce.coupons import difference
from apps.stores.snapshots import CartSeen, CustomerSeen, OrderSeen, ProductSeen, ReviewSeen, Snapshot
from apps.stores.troubles import Trouble
from tests.shops.base import Asked, Reply
from tests.shops.woocommerce import WooCommerceShop
from tests.shops.woocommerce_bodies import REST

FACTS = ShopFacts(currency="EUR", language="nl", country="NL", url="https://shop.example")
woocommerce = platforms.get("woocommerce")


def answer(name: str) -> dict[str, Any]:
    return dict(json.loads((REST / f"{name}.json").read_text()))


@pytest.fixture
def shop() -> Iterator[WooCommerceShop]:
    opened = WooCommerceShop()
    yield opened
    opened.close()


def says(shop: WooCommerceShop, name: str) -> None:
    told = answer(name)
    shop.reply = lambda _: Reply(told["status"], told["json"], headers=told["headers"])


@pytest.mark.parametrize(
    ("name", "kind", "code"),
    [
        ("error.bad-secret", AccessRefused, Trouble.KEYS_REFUSED),
        ("error.basic-over-http", AccessRefused, Trouble.KEYS_REFUSED),
        ("error.no-auth", AccessRefused, Trouble.KEYS_REFUSED),
        ("error.not-found", Refused, Trouble.UNEXPECTED_ANSWER),
        ("error.per_page", Refused, Trouble.UNEXPECTED_ANSWER),
        ("coupon.create.duplicate", Refused, Trouble.UNEXPECTED_ANSWER),
    ],
)
def test_each_recorded_no_is_its_own_trouble(shop, name: str, kind: type[ShopTrouble], code: Trouble):
    says(shop, name)
    with pytest.raises(kind) as refused:
        Shop(shop.access()).read("orders")
    assert refused.value.trouble is code


LISTS: list[tuple[Noun, str, type, set[str]]] = [
    ("orders", "orders.modified_after", OrderSeen, set()),
    ("orders", "orders.list", OrderSeen, set()),
    ("baskets", "orders.pending-failed", CartSeen, set()),
    ("baskets", "orders.checkout-draft", CartSeen, set()),
    ("customers", "customers.list", CustomerSeen, {"1"}),
    ("products", "products.list", ProductSeen, set()),
    ("reviews", "products.reviews", ReviewSeen, set()),
]


@pytest.mark.parametrize(("what", "name", "kind", "left_out"), LISTS, ids=[name for _, name, _, _ in LISTS])
def test_each_recorded_list_becomes_snapshots(shop, what: Noun, name: str, kind: type, left_out: set[str]):
    told = answer(name)
    variations, statuses = answer("product.variations")["json"], answer("orders.statuses")["json"]

    def reply(asked: Asked) -> Reply:
        if asked.path.endswith("/statuses"):
            return Reply(200, statuses)
        if asked.path.endswith("/variations"):
            return Reply(200, variations, headers={"X-WP-Total": str(len(variations))})
        return Reply(200, told["json"], headers=told["headers"] | {"X-WP-Total": str(len(told["json"]))})

    shop.reply = reply
    page = woocommerce.fetch(shop.access(), FACTS, what, since=None, cursor="")

    seen = [one for one in page.seen if isinstance(one, kind)]
    wanted = {str(one["id"]) for one in told["json"]} - left_out
    if what == "baskets":
        # Only the unpaid ones among them are baskets.
        wanted = {str(one["id"]) for one in told["json"] if one["status"] in ("pending", "failed", "checkout-draft")}
    assert {number_of(one) for one in seen} >= wanted
    assert not left_out & {number_of(one) for one in seen}
    assert page.cursor == ""


def number_of(seen: Snapshot) -> str:
    if isinstance(seen, CartSeen):
        return dict(seen.keys)["order"]
    if isinstance(seen, CustomerSeen):
        return seen.person.account or ""
    return str(seen.external_id)  # type: ignore[union-attr]


# What was asked of the recorded coupons, in our words.
ASKED: dict[str, Any] = {
    "value": Decimal(5), "currency": "EUR", "starts_at": datetime(2026, 11, 22, tzinfo=UTC),
    "ends_at": datetime(2026, 12, 5, 9, tzinfo=UTC), "title": "", "kind": "percent",
}  # fmt: skip


@pytest.mark.parametrize(
    ("name", "field"),
    [
        ("coupon.create.expires-gmt-ignored", "date_expires"),
        ("coupon.create.bad-email", "date_expires"),
        ("coupon.create.wildcard-email", "date_expires"),
    ],
)
def test_the_recorded_coupons_that_came_out_otherwise_are_seen_through(name: str, field: str):
    told = answer(name)["json"] | {
        "usage_limit": 1,
        "usage_limit_per_user": 1,
        "discount_type": "percent",
        "amount": "5.00",
    }
    wanted = CodeWanted(code=told["code"], **ASKED)
    assert difference(wanted, told) == field


def test_a_recorded_coupon_whose_address_was_dropped_is_not_for_everybody():
    told = answer("coupon.create.bad-email")["json"] | {
        "usage_limit": 1, "usage_limit_per_user": 1, "discount_type": "percent", "amount": "5.00",
        "date_expires_gmt": "2026-12-05T09:00:00",
    }  # fmt: skip
    assert difference(CodeWanted(code="badmail", email="ada@shopper.example", **ASKED), told) == "email_restrictions"


def test_the_recorded_coupon_with_an_expiry_in_site_time_ends_when_it_was_asked_to():
    told = answer("coupon.create.expires")["json"] | {"usage_limit": 1, "usage_limit_per_user": 1}
    told["meta_data"] = [{"id": 1, "key": "_mandje_ref", "value": told["code"]}]
    assert difference(CodeWanted(code=told["code"], **ASKED), told) is None


def test_a_recorded_batch_is_judged_one_by_one(shop):
    """Three were made without what we ask of a code, the last one is somebody's."""
    told, deleted = answer("coupons.batch"), []

    def reply(asked: Asked) -> Reply:
        if asked.method == "DELETE":
            deleted.append(asked.path.rpartition("/")[2])
            return Reply(200, {})
        if asked.method == "GET":
            return Reply(200, answer("coupons.by-code")["json"])
        return Reply(200, told["json"])

    shop.reply = reply
    codes = [CodeWanted(code=f"BATCH-{number}", **ASKED) for number in (0, 1, 2, 0)]
    answers = woocommerce.issue(shop.access(), codes)

    assert [one.trouble for one in answers if isinstance(one, CodeRefused)] == [Trouble.CODE_DIFFERS] * 3 + [
        Trouble.CODE_TAKEN
    ]
    assert deleted == ["37", "38", "39"]


def test_a_recorded_list_of_webhooks_holds_none_of_ours_and_keeps_no_link(shop):
    says(shop, "webhooks.list")
    told = Shop(shop.access()).read("webhooks")
    assert "link" not in told.headers
    assert "oauth" not in repr(told.headers)
