"""WooCommerce orders that nobody recorded, by what its documentation and its plugins do."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest

from apps.carts.models import Cart
from apps.customers.models import Customer
from apps.orders.models import Order
from tests.invariants.bodies import gmt
from tests.shopkeeping import ADA
from tests.stories.baskets import companion, woo_basket, woo_order
from tests.stories.telling import only_mail

TICKED = {"id": 9, "key": "_wc_other/rcv/marketing-opt-in", "value": "1"}
LATER = timedelta(hours=3)


def left(woo, person=ADA, status="pending", number=700, meta=(), **changes):
    """An unpaid order: a basket that reached the checkout."""
    changes.setdefault("payment_method", "mollie_wc_gateway_ideal")
    woo.hears(woo_order(number, woo.at, person, status, meta_data=[TICKED, *meta], **changes))
    return Cart.objects.of(woo.shop.store).get()


def item(name="Brass Storm Lantern", quantity=1, total="48.70", tax="11.20", **more):
    return {
        "id": 51, "name": name, "product_id": 13, "variation_id": 0, "quantity": quantity, "subtotal": total,
        "total": total, "subtotal_tax": tax, "total_tax": tax, "sku": "L", "price": 48.699187, "meta_data": [],
        "image": {"id": "10", "src": "https://molenzicht.example/lantern.png"},
    } | more  # fmt: skip


# --- what an order may hold ------------------------------------------------------------------------


def test_an_unpaid_order_adds_up_with_tax(woo):
    left(woo)

    mail = only_mail(woo)

    assert "- 1 x Brass Storm Lantern: € 59,90" in mail.text
    assert "Subtotaal: € 59,90\nVerzendkosten: € 6,03\nTotaal: € 65,93" in mail.text
    assert "waarvan btw € 12,33" in mail.text


def test_prices_without_tax_name_the_tax_beside_the_total(woo):
    left(woo, prices_include_tax=False)

    mail = only_mail(woo)

    assert "Subtotaal: € 48,70\nVerzendkosten: € 4,90\nBtw: € 12,33\nTotaal: € 65,93 (inclusief" in mail.text


def test_quantities_of_cloth_are_sold_by_the_metre(woo):
    left(
        woo,
        line_items=[item("Linen by the metre", 1.75, "40.00", "8.40"), item("Thread", "0.5", "1.00", "0.21")],
        total="55.64",
    )

    mail = only_mail(woo)

    assert "- 1,75 x Linen by the metre: € 48,40" in mail.text
    assert "- 0,5 x Thread: € 1,21" in mail.text


def test_a_fee_has_a_row_of_its_own(woo):
    fee = {"id": 77, "name": "Gift wrapping", "total": "2.00", "total_tax": "0.42"}
    left(woo, fee_lines=[fee], total="68.35", total_tax="12.75")

    mail = only_mail(woo)

    assert "Verzendkosten: € 6,03\nOverige kosten: € 2,42\nTotaal: € 68,35" in mail.text


def test_names_are_unescaped_once_and_escaped_in_the_page(woo):
    left(woo, line_items=[item("Mug &#8211; &ldquo;Tom &amp; Jerry&rdquo; &lt;b&gt;")])

    mail = only_mail(woo)

    assert "Mug – “Tom & Jerry”" in mail.text
    assert "<b>" not in mail.part("html")
    assert "Mug – “Tom & Jerry” <b>" in mail.shown


def test_options_show_as_the_buyer_chose_them(woo):
    chosen = [
        {"id": 1, "key": "pa_colour", "value": "moss", "display_key": "Colour", "display_value": "Moss &amp; stone"},
        {"id": 2, "key": "_reduced_stock", "value": "1", "display_key": "_reduced_stock", "display_value": "1"},
        {"id": 3, "key": "gravure", "value": "Voor Oma", "display_key": "Gravure", "display_value": "<p>Voor Oma</p>"},
    ]
    left(woo, line_items=[item("Blanket", meta_data=chosen)])

    mail = only_mail(woo)

    assert "(Moss & stone)" in mail.text
    assert "_reduced_stock" not in mail.text


def test_seven_lines_show_five_and_say_how_many_more(woo):
    left(
        woo,
        line_items=[item(f"Thing {number}", id=number, product_id=100 + number) for number in range(7)],
        total="425.33",
    )

    mail = only_mail(woo)

    assert mail.text.count("- 1 x Thing") == 5
    assert "en nog 2 artikelen" in mail.text


@pytest.mark.parametrize(("currency", "total"), [("USD", "US$ 65,93"), ("GBP", "£ 65,93"), ("PLN", "PLN 65,93")])
def test_the_currency_the_buyer_pays_in(woo, currency, total):
    paid_in = [{"id": 5, "key": "_wcpay_multi_currency_order_default_currency", "value": "EUR"}]
    left(woo, currency=currency, meta=paid_in)

    mail = only_mail(woo)

    assert f"Totaal: {total}" in mail.text
    assert "€" not in mail.text


@pytest.mark.parametrize(("key", "value", "subject"), [
    ("wpml_language", "en", "Your basket is ready when you are"),
    ("trp_language", "en_GB", "Your basket is ready when you are"),
    ("wpml_language", "nl", "Je winkelmandje staat nog voor je klaar"),
    ("wpml_language", "fr", "Je winkelmandje staat nog voor je klaar"),
])  # fmt: skip
def test_the_language_a_plugin_noted(woo, key, value, subject):
    left(woo, meta=[{"id": 6, "key": key, "value": value}])

    assert only_mail(woo).subject == subject


def test_meta_of_any_shape_is_no_trouble(woo):
    odd = [
        {"id": 1, "key": "_a", "value": {"deep": {"deeper": [1, 2, {"x": None}]}}},
        {"id": 2, "key": None, "value": None},
        {"id": 3, "key": "_rcv_cart", "value": ["not", "a", "word"]},
        {"id": 4, "key": "wpml_language", "value": {"code": "en"}},
        {"id": 5, "key": "_rcv_consent", "value": "granted"},
    ]
    left(woo, meta=odd)

    assert only_mail(woo).subject == "Je winkelmandje staat nog voor je klaar"


# --- who --------------------------------------------------------------------------------------------


def test_a_guest_in_capitals_is_written_as_typed_and_known_as_one(woo):
    left(woo, ADA.at("ADA.Shopper@Example.COM"))
    bought = woo_order(701, woo.at, ADA.at("ada.shopper@example.com"), meta_data=[])
    woo.waits(hours=1)
    woo.hears(bought)
    woo.waits(days=4)

    assert woo.receiver.mails == []
    assert Customer.objects.of(woo.shop.store).count() == 1


@pytest.mark.parametrize("address", ["", "geen", "a@b@c", "ada@", " ", "ada@shopper.example\r\nBcc: x@y.example"])
def test_an_address_that_is_none_is_written_to_by_nobody(woo, address):
    left(woo, ADA.at(address))

    woo.waits(days=4)

    assert woo.receiver.mails == []


def test_a_first_name_of_nonsense_does_no_harm(woo):
    for number, name in enumerate(
        ["<script>alert(1)</script>", "{{ shop.name }}", "Ada\r\nBcc: x@y.example", "A" * 300]
    ):
        person = type(ADA)(name, f"p{number}@shopper.example")
        woo.hears(companion(("cart.updated", woo_basket(person, woo.at, cart=f"{number:032x}")), at=woo.at))

    woo.waits(hours=3)

    assert len(woo.receiver.mails) == 4
    for mail in woo.receiver.mails:
        assert "<script" not in mail.part("html")
        assert "Bcc" not in mail.parsed
        assert len(mail.wire) < 60_000


# --- from draft to order ----------------------------------------------------------------------------


def test_a_draft_that_became_an_order_under_the_same_id(woo):
    left(woo, status="checkout-draft", number=710)
    woo.waits(hours=1, minutes=50)

    woo.hears(woo_order(710, woo.at, ADA, "processing"))
    woo.waits(days=4)

    assert woo.receiver.mails == []
    assert Cart.objects.of(woo.shop.store).get().status == "ordered"


def test_a_bank_transfer_is_an_order(woo):
    left(woo, number=711)
    woo.waits(hours=1, minutes=50)

    woo.hears(woo_order(712, woo.at, ADA, "on-hold", payment_method="bacs"))
    woo.waits(days=4)

    assert woo.receiver.mails == []


def test_a_declined_payment_is_a_basket_and_its_second_try_an_order(woo):
    left(woo, status="failed", number=713)
    woo.waits(hours=3)
    assert len(woo.mails(ADA)) == 1

    woo.hears(woo_order(713, woo.at, ADA, "processing"))
    woo.waits(days=4)

    assert len(woo.mails(ADA)) == 1


def test_the_hold_stock_timer_does_not_end_a_basket(woo):
    left(woo, number=714)
    woo.waits(minutes=61)
    woo.hears(woo_order(714, woo.at, ADA, "cancelled", payment_method="mollie_wc_gateway_ideal", meta_data=[TICKED]))

    woo.waits(hours=3)

    assert len(woo.mails(ADA)) == 1


def test_what_the_shop_itself_cancelled_is_no_basket(woo):
    left(woo, number=715, payment_method="bacs")
    woo.waits(minutes=10)
    woo.hears(woo_order(715, woo.at, ADA, "cancelled", payment_method="bacs", meta_data=[TICKED]))

    woo.waits(days=4)

    assert woo.receiver.mails == []


@pytest.mark.parametrize("via", ["admin", "subscription", "pos-rest-api"])
def test_what_no_buyer_left_is_not_written_about(woo, via):
    left(woo, created_via=via)

    woo.waits(days=4)

    assert woo.receiver.mails == []


@pytest.mark.parametrize(("status", "paid", "silent"), [
    ("wc-packed", True, True), ("packed", False, True), ("awaiting-payment-form", False, False),
])  # fmt: skip
def test_a_plugins_own_status_is_read_by_its_payment(woo, status, paid, silent):
    left(woo, number=716)
    woo.waits(hours=1, minutes=50)
    own = {"date_paid_gmt": gmt(woo.at) if paid else None, "needs_payment": not silent, "meta_data": [TICKED]}

    woo.hears(woo_order(716, woo.at, ADA, status, **own))
    woo.waits(hours=3)

    assert len(woo.mails(ADA)) == (0 if silent else 1)


def test_the_owners_map_of_statuses_goes_first(opens):
    woo = opens("woocommerce", order_statuses={"awaiting-shipment": "paid"})
    left(woo, number=717)
    woo.waits(hours=1)

    woo.hears(woo_order(717, woo.at, ADA, "awaiting-shipment", needs_payment=True))
    woo.waits(days=4)

    assert woo.receiver.mails == []


def test_a_wholly_refunded_order_silences_and_counts_nothing(woo):
    left(woo, number=718)
    woo.waits(hours=1)
    back = [{"id": 1, "reason": "", "total": "-65.93"}]

    woo.hears(woo_order(719, woo.at, ADA, "refunded", refunds=back, date_paid_gmt=gmt(woo.at)))
    woo.waits(days=4)

    assert woo.receiver.mails == []
    customer = woo.shop.customer(ADA)
    assert customer.orders_count == 0


def test_totals_of_a_person_are_the_sum_of_paid_orders(woo):
    for number, total in ((740, "10.00"), (741, "20.50")):
        woo.hears(woo_order(number, woo.at, ADA, "completed", total=total, meta_data=[]))
    woo.hears(woo_order(742, woo.at, ADA, "processing", total="7.00", currency="USD", meta_data=[]))
    woo.hears(woo_order(743, woo.at, ADA, "cancelled", total="99.00", meta_data=[], payment_method="mollie"))

    customer = woo.shop.customer(ADA)

    assert dict(customer.totals.values_list("currency", "spent")) == {"EUR": Decimal("30.5"), "USD": Decimal(7)}
    assert Order.objects.of(woo.shop.store).filter(counts=True).count() == 3
