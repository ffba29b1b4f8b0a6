"""Orders, and the baskets that unpaid ones are."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from apps.stores.errors import Unreadable
from tests.stores.platforms.woocommerce_shop import order, seen


@pytest.mark.parametrize(
    ("status", "stage"),
    [
        ("pending", "unpaid"),
        ("failed", "unpaid"),
        ("checkout-draft", "unpaid"),
        ("on-hold", "placed"),
        ("processing", "paid"),
        ("completed", "fulfilled"),
        ("cancelled", "cancelled"),
        ("refunded", "refunded"),
        ("trash", "cancelled"),
        ("wc-processing", "paid"),
        ("awaiting-stock", "placed"),
    ],
)
def test_each_status_is_a_stage_and_what_was_never_paid_a_basket(status: str, stage: str) -> None:
    first, *rest = seen(order(status=status, needs_payment=False))

    assert first.stage == stage
    assert bool(rest) == (stage in ("unpaid", "cancelled"))
    assert (first.placed_at is not None) == (stage not in ("unpaid", "cancelled"))


def test_an_order_cancelled_after_payment_is_no_basket_again() -> None:
    paid = order(status="cancelled", date_paid_gmt="2026-11-22T05:00:00")

    (only,) = seen(paid)

    assert only.placed_at is not None


def test_what_the_shop_itself_cancelled_is_a_basket_without_mail() -> None:
    offline = seen(order(status="cancelled", payment_method="bacs"))[1]
    timer = seen(order(status="cancelled", payment_method="mollie_wc_gateway_ideal"))[1]

    assert offline.unmailable
    assert not timer.unmailable


def test_the_owners_own_statuses_come_first() -> None:
    shipped = seen(order(status="shipped"), order_statuses={"wc-shipped": "fulfilled"})[0]
    nonsense = seen(order(status="shipped"), order_statuses={"shipped": "gone fishing"})[0]

    assert shipped.stage == "fulfilled"
    assert nonsense.stage == "unpaid", "it still needs payment"


def test_a_draft_without_an_address_is_a_basket_without_a_person() -> None:
    nobody = order(status="checkout-draft", billing=[], shipping=[], customer_id=0)

    cart = seen(nobody)[1]

    assert cart.person is None
    assert cart.keys == (("order", "28"),)
    assert cart.reached_checkout


def test_prices_are_those_of_the_shop_window() -> None:
    with_tax, without = seen(order())[0], seen(order(prices_include_tax=False))[0]

    assert with_tax.lines[0].total + with_tax.amounts.shipping == with_tax.amounts.total
    assert without.lines[0].total + without.amounts.shipping < without.amounts.total


def test_names_are_decoded_once_and_lines_of_nothing_dropped() -> None:
    line = {
        "id": 1,
        "name": "Fish &amp;amp; Chips\u202e\n&#8217;s",
        "product_id": 3,
        "total": "9.00",
    }
    lines = [line | {"quantity": quantity} for quantity in (2, 0, -1, 1.5, "3", None)]

    first = seen(order(line_items=lines, prices_include_tax=False))[0]

    assert [one.quantity for one in first.lines] == [2, Decimal("1.5"), 3, 1]
    assert first.lines[0].title == "Fish &amp; Chips ’s"
    assert [one.unit_price for one in first.lines] == [Decimal("4.50"), 6, 3, 9]


def test_refunds_are_what_was_given_back() -> None:
    first = seen(order(status="completed", refunds=[{"id": 7, "total": "-10.00"}, {"id": 8, "total": "-2.5"}]))[0]

    assert first.refunded == Decimal("12.50")
    assert [(one.external_id, one.order, one.amount) for one in first.refunds] == [
        ("7", "28", Decimal("10.00")),
        ("8", "28", Decimal("2.5")),
    ]
    assert seen(order(refunds=[]))[0].refunded == 0


def metas(**values: Any) -> dict[str, Any]:
    return order(meta_data=[{"id": 1, "key": key, "value": value} for key, value in values.items()])


def test_a_restored_basket_is_known_by_its_companion_and_click() -> None:
    first, cart = seen(metas(_rcv_cart="05229bfc86c83eb295d7ff02da77d51b", _rcv_rid="m-1", wpml_language="de"))

    assert first.cart_keys == (("order", "28"), ("companion", "05229bfc86c83eb295d7ff02da77d51b"))
    assert (first.click, first.person.locale, cart.keys) == ("m-1", "de", first.cart_keys)


def test_attribution_names_our_click_only_from_our_links() -> None:
    prefix = "_wc_order_attribution_"
    ours = {prefix + "utm_source": "mandje", prefix + "utm_id": "m-2"}

    assert seen(metas(**ours))[0].click == "m-2"
    assert seen(metas(**ours | {prefix + "utm_source": "newsletter"}))[0].click == ""


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (
            {"_rcv_consent": {"state": "granted", "source": "block_checkout", "text_version": 3}},
            ("granted", "block_checkout", False),
        ),
        ({"_rcv_consent": '{"state": "denied", "source": "x"}'}, ("denied", "x", False)),
        ({"_rcv_consent": []}, None),
        (
            {"_wc_other/rcv/marketing-opt-in": "1"},
            ("granted", "_wc_other/rcv/marketing-opt-in", False),
        ),
        ({"_wc_other/acme/newsletter": True}, ("granted", "_wc_other/acme/newsletter", True)),
        ({"_wc_other/acme/sms-marketing": "1"}, None),
        ({"_wc_other/acme/gift-wrap": "1"}, None),
        ({"_wc_other/rcv/marketing-opt-in": "0"}, None),
        (
            {"mailchimp_woocommerce_is_subscribed": "1"},
            ("granted", "mailchimp_woocommerce_is_subscribed", True),
        ),
        ({"mailchimp_woocommerce_is_subscribed": "0"}, None),
        ({"my_box": "yes"}, ("granted", "checkout box", False)),
    ],
)
def test_boxes_are_consent_where_they_are_about_mail(values: dict[str, Any], expected: Any) -> None:
    consent = seen(metas(**values), consent_meta={"my_box": "checkout box"})[0].consent

    assert (consent and (consent.state, consent.source, consent.attest)) == expected


def test_times_are_utc_and_local_ones_only_a_last_resort() -> None:
    body = order()
    for name in list(body):
        if name.endswith("_gmt"):
            del body[name]

    assert seen(body)[0].at.isoformat() == "2026-11-22T05:05:16+00:00"
    assert seen(order())[0].at.isoformat() == "2026-11-22T04:05:16+00:00"


def test_of_two_states_of_one_second_the_later_in_life_wins() -> None:
    statuses = [
        "checkout-draft",
        "pending",
        "failed",
        "on-hold",
        "processing",
        "completed",
        "refunded",
    ]

    ranks = [seen(order(status=status))[0].tie[0] for status in statuses]

    assert ranks == sorted(set(ranks))


@pytest.mark.parametrize("amount", ["NaN", "Infinity", "-Infinity", "1e999", "1e20", "sNaN"])
def test_no_amount_is_infinite(amount: str) -> None:
    with pytest.raises(Unreadable, match="nan"):
        seen(order(total=amount))
