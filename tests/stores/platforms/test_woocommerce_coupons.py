"""Codes in a WooCommerce shop: exactly what the mail will state, or none."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from apps.stores.errors import AccessRefused, ShopUnreachable
from apps.stores.platforms.base import platforms
from apps.stores.platforms.calling import CodeMade, CodePending, CodeRefused, CodeWanted
from apps.stores.troubles import Trouble
from tests.shops.woocommerce import WooCommerceShop

woocommerce = platforms.get("woocommerce")
ENDS = datetime(2026, 12, 5, 9, 30, tzinfo=UTC)


@pytest.fixture(params=["Europe/Amsterdam", "America/New_York"])
def shop(request: pytest.FixtureRequest) -> Iterator[WooCommerceShop]:
    opened = WooCommerceShop(zone=request.param)
    yield opened
    opened.close()


def wanted(code: str = "BACK-7F3K9QRT", *, at: datetime = ENDS - timedelta(days=3), **more: Any) -> CodeWanted:
    return replace(
        CodeWanted(
            code=code, kind="percent", value=Decimal(10), currency="EUR", starts_at=at, ends_at=at + timedelta(days=3),
            title="Terug", batch="offer-4",
        ),
        **more,
    )  # fmt: skip


def issued(shop: WooCommerceShop, *codes: CodeWanted) -> list[Any]:
    return woocommerce.issue(shop.access(), codes)


def test_a_code_is_for_one_person_once_until_its_last_second(shop):
    [made] = issued(shop, wanted(email="Ada@Shopper.example", minimum=Decimal("20.00")))

    assert isinstance(made, CodeMade)
    coupon = shop.coupons[int(made.external_id)]
    assert coupon["date_expires_gmt"] == "2026-12-05T09:30:00"
    assert (coupon["usage_limit"], coupon["usage_limit_per_user"], coupon["individual_use"]) == (1, 1, False)
    assert coupon["email_restrictions"] == ["ada@shopper.example"]
    assert (coupon["discount_type"], coupon["amount"], coupon["minimum_amount"]) == ("percent", "10.00", "20.00")
    assert {one["key"]: one["value"] for one in coupon["meta_data"]} == {"_mandje_ref": "offer-4"}


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ({"kind": "amount", "value": Decimal("5.50")}, {"discount_type": "fixed_cart", "amount": "5.50"}),
        ({"kind": "credit", "value": Decimal(9), "minimum": Decimal(5)}, {"amount": "9.00", "minimum_amount": "0.00"}),
        ({"kind": "free_shipping", "value": Decimal(0)}, {"free_shipping": True, "amount": "0.00"}),
        (
            {"kind": "gift", "value": Decimal(0), "products": ("77",)},
            {"discount_type": "percent", "amount": "100.00", "product_ids": [77], "limit_usage_to_x_items": 1},
        ),
        ({"products": ("5", "6")}, {"product_ids": [5, 6]}),
        ({"email": ""}, {"email_restrictions": []}),
    ],
    ids=["amount", "credit", "free shipping", "gift", "some products", "for anybody"],
)  # fmt: skip
def test_each_kind_is_a_coupon_of_its_own(shop, more: dict[str, Any], expected: dict[str, Any]):
    [made] = issued(shop, wanted(**more))
    coupon = shop.coupons[int(made.external_id)]
    assert {name: coupon[name] for name in expected} == expected


@pytest.mark.parametrize(
    ("more", "detail"),
    [
        ({"first_order_only": True}, "first order only"),
        ({"kind": "amount", "currency": "USD"}, "currency"),
        ({"minimum": Decimal(5), "currency": "USD"}, "currency"),
        ({"email": "not an email"}, "email_restrictions"),
        ({"email": "*@shopper.example"}, "email_restrictions"),
        ({"email": "jörg@shopper.example"}, "email_restrictions"),
        ({"email": "ada@localhost"}, "email_restrictions"),
        ({"kind": "gift"}, "products"),
        ({"products": ("gid://5",)}, "products"),
        ({"code": "two words"}, "code"),
    ],
)
def test_what_the_shop_could_not_keep_is_not_even_asked(shop, more: dict[str, Any], detail: str):
    [refused] = issued(shop, wanted(**more))
    assert isinstance(refused, CodeRefused)
    assert refused.detail == detail
    assert not shop.coupons


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"date_expires_gmt": None}, "date_expires"), ({"date_expires_gmt": "2026-12-05T00:00:00"}, "date_expires"),
        ({"email_restrictions": []}, "email_restrictions"), ({"amount": "15.00"}, "amount"),
        ({"amount": "ten"}, "amount"), ({"discount_type": "fixed_cart"}, "discount_type"),
        ({"usage_limit": None}, "usage_limit"), ({"usage_limit_per_user": 5}, "usage_limit_per_user"),
        ({"minimum_amount": "0.00"}, "minimum_amount"), ({"maximum_amount": "30.00"}, "maximum_amount"),
        ({"individual_use": True}, "individual_use"), ({"free_shipping": True}, "free_shipping"),
        ({"product_ids": [1]}, "product_ids"), ({"excluded_product_ids": [1]}, "excluded_product_ids"),
        ({"product_categories": [3]}, "product_categories"), ({"exclude_sale_items": True}, "exclude_sale_items"),
        ({"status": "draft"}, "status"), ({"code": "other"}, "code"), ({"meta_data": []}, "_mandje_ref"),
        ({"limit_usage_to_x_items": 1}, "limit_usage_to_x_items"),
    ],
    ids=lambda value: str(value)[:40],
)  # fmt: skip
def test_a_code_that_came_out_otherwise_is_deleted_before_anybody_hears_of_it(shop, change: dict[str, Any], field: str):
    shop.alters_coupon = lambda coupon: coupon.update(change)

    [refused] = issued(shop, wanted(email="ada@shopper.example", minimum=Decimal(20)))

    assert refused == CodeRefused(code="BACK-7F3K9QRT", trouble=Trouble.CODE_DIFFERS, detail=field)
    assert not shop.coupons


def test_a_lost_answer_costs_nothing_the_same_code_is_found_again(shop):
    shop.breaks("half", times=1, path="coupons/batch")
    with pytest.raises(ShopUnreachable):
        issued(shop, wanted())

    [again] = issued(shop, wanted())

    assert again == CodeMade(code="BACK-7F3K9QRT", external_id=str(next(iter(shop.coupons))))
    assert len(shop.coupons) == 1


@pytest.mark.parametrize("what", ["another offer", "already used", "by hand", "in the bin"])
def test_a_code_of_somebody_else_is_taken(shop, what: str):
    issued(shop, wanted(batch="offer-3") if what == "another offer" else wanted())
    coupon = next(iter(shop.coupons.values()))
    if what == "already used":
        shop.uses("BACK-7F3K9QRT")
    if what == "by hand":
        coupon["meta_data"] = []
    if what == "in the bin":
        coupon["status"] = "trash"

    assert issued(shop, wanted()) == [CodeRefused(code="BACK-7F3K9QRT", trouble=Trouble.CODE_TAKEN)]
    assert len(shop.coupons) == 1


def test_many_are_made_by_the_hundred_and_answered_in_order_each_for_itself(shop):
    issued(shop, wanted("TAKEN-1", batch="other"))
    codes = [wanted(f"MANY-{number}") for number in range(130)]
    codes[7] = wanted("TAKEN-1")
    codes[120] = wanted("ROUND-120", email="no address")
    codes[125] = wanted("TOO-MUCH", value=Decimal(140))
    asked = len(shop.asked)

    answers = issued(shop, *codes)

    assert [answer.code for answer in answers] == [code.code for code in codes]
    assert {answer.code: answer.trouble for answer in answers if isinstance(answer, CodeRefused)} == {
        "TAKEN-1": Trouble.CODE_TAKEN, "ROUND-120": Trouble.CODE_DIFFERS, "TOO-MUCH": Trouble.CODE_REFUSED,
    }  # fmt: skip
    assert len(shop.asked) - asked == 3


def test_only_what_nobody_used_is_taken_back_and_what_is_gone_is_gone(shop):
    made = issued(shop, wanted("A-1"), wanted("A-2"), wanted("A-3"))
    shop.uses("A-2")
    del shop.coupons[int(made[2].external_id)]

    kept = woocommerce.withdraw(shop.access(), [*made, CodeMade(code="X", external_id="99999")])

    assert kept == [CodeRefused(code="A-2", trouble=Trouble.CODE_REFUSED, detail="used")]
    assert [one["code"] for one in shop.coupons.values()] == ["a-2"]
    # For good: its name is free again.
    assert isinstance(issued(shop, wanted("A-1"))[0], CodeMade)


def test_anothers_coupon_under_a_remembered_number_stays(shop):
    [made] = issued(shop, wanted("OWNERS-OWN"))
    assert woocommerce.withdraw(shop.access(), [replace(made, code="A-1")]) == []
    assert shop.coupons


def test_a_key_that_may_not_write_makes_no_codes(shop):
    shop.keys.permissions = "read"
    with pytest.raises(AccessRefused) as refused:
        issued(shop, wanted())
    assert refused.value.trouble is Trouble.KEYS_READ_ONLY


def test_nothing_is_ever_still_being_made(shop):
    pending = [CodePending(code="A", handle="1")]
    assert woocommerce.confirm(shop.access(), pending) == [CodeRefused(code="A", trouble=Trouble.CODE_UNFINISHED)]
