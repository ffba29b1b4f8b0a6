"""Shopify checkouts that nobody recorded, by what its documentation says may come."""

from __future__ import annotations

from datetime import timedelta

import pytest

from apps.carts.models import Cart
from apps.customers.models import Customer
from tests.invariants.bodies import iso, recorded
from tests.shopkeeping import ADA
from tests.stories import baskets
from tests.stories.baskets import left, says, shopify_checkout, shopify_product
from tests.stories.telling import nobody_is_mailed, only_mail

LINE = recorded("shopify/scenarios/recovered/04_checkouts_update.json")["line_items"][0]


# --- what a checkout may hold ----------------------------------------------------------------------


@pytest.mark.parametrize("cart_token", [None, "", f"{baskets.CART_TOKEN}?key=5f2d1c"])
def test_a_cart_token_that_is_null_or_carries_its_key(shopify, cart_token):
    left(shopify, cart_token=cart_token)

    mail = only_mail(shopify)

    assert "5f2d1c" not in mail.part("html")
    keys = set(Cart.objects.of(shopify.shop.store).get().keys.values_list("kind", "value"))
    assert keys == {("checkout", baskets.CHECKOUT)} | ({("cart", baskets.CART_TOKEN)} if cart_token else set())


def test_a_checkout_that_lost_its_own_id_in_2026(shopify):
    left(shopify, id=34567890123456)
    shopify.waits(minutes=5)

    says(shopify, "checkouts/update", shopify_checkout(ADA, shopify.at))

    assert only_mail(shopify)
    assert Cart.objects.of(shopify.shop.store).count() == 1


def test_first_a_phone_then_an_address(shopify):
    nobody = shopify_checkout(None, shopify.at, phone="+31612345678", cart_token=None)
    says(shopify, "checkouts/create", nobody)
    shopify.waits(hours=5)
    assert shopify.receiver.mails == []

    left(shopify, cart_token=None, phone="+31612345678")

    assert only_mail(shopify)
    assert Customer.objects.of(shopify.shop.store).count() == 1


def test_yen_have_no_cents(shopify):
    lines = [LINE | {"price": "1200", "line_price": "2400", "variant_price": "1200", "quantity": 2}]
    left(shopify, presentment_currency="JPY", customer_locale="en-US", line_items=lines, shipping_lines=[],
         subtotal_price="2400", total_price="2400", total_tax="0")  # fmt: skip

    mail = only_mail(shopify)

    assert "- 2 x Linen Shirt - M / Sand: JP¥2,400" in mail.text
    assert "¥2,400.00" not in mail.text
    assert "Subtotal: JP¥2,400" in mail.text
    assert "excluding shipping" in mail.text


def test_dinars_have_three_places(shopify):
    lines = [LINE | {"price": "1.250", "line_price": "2.500", "quantity": 2}]
    left(shopify, presentment_currency="KWD", customer_locale="en-US", line_items=lines, shipping_lines=[],
         subtotal_price="2.500", total_price="2.500")  # fmt: skip

    assert "2.500" in only_mail(shopify).text


def test_the_buyers_currency_not_the_shops(shopify):
    left(shopify, currency="USD", presentment_currency="GBP", customer_locale="en-GB")

    mail = only_mail(shopify)

    assert "£182.00" in mail.text
    assert "$" not in mail.text


@pytest.mark.parametrize(
    "properties", [[], {}, None, [{"name": "_hidden", "value": "secret-note"}], {"_hidden": "secret-note"}]
)
def test_properties_of_every_shape(shopify, properties):
    left(shopify, line_items=[LINE | {"properties": properties}])

    mail = only_mail(shopify)

    assert "secret-note" not in mail.part("html")
    assert "()" not in mail.text


def test_an_engraving_is_shown_as_it_was_typed(shopify):
    typed = [{"name": "Engraving", "value": "Tom & <Jerry>"}, {"name": "Lines", "value": 2}]
    left(shopify, line_items=[LINE | {"properties": typed}])

    mail = only_mail(shopify)

    assert "(Tom & <Jerry>, 2)" in mail.text
    assert "<Jerry>" not in mail.part("html")


def test_titles_are_plain_text(shopify):
    left(shopify, line_items=[LINE | {"title": "A & B <i>", "presentment_title": "A & B <i>", "variant_title": None,
                                      "presentment_variant_title": "Default Title"}])  # fmt: skip

    mail = only_mail(shopify)

    assert "- 2 x A & B <i>: € 118,00" in mail.text
    assert "A &amp; B &lt;i&gt;" in mail.part("html")


def test_a_gift_card_and_a_line_without_a_product(shopify):
    lines = [
        LINE | {"gift_card": True, "title": "Gift card", "presentment_title": "Gift card", "quantity": 1,
                "variant_title": "€50", "presentment_variant_title": "€50", "price": "50.00", "line_price": "50.00",
                "requires_shipping": False},
        LINE | {"product_id": None, "variant_id": None, "title": "Op maat", "presentment_title": "Op maat",
                "variant_title": None, "presentment_variant_title": None, "quantity": 1, "line_price": "20.00",
                "price": "20.00", "sku": None, "properties": None},
    ]  # fmt: skip
    left(shopify, line_items=lines, shipping_lines=[], subtotal_price="70.00", total_price="70.00")

    mail = only_mail(shopify)

    assert "- 1 x Gift card - €50: € 50,00" in mail.text
    assert "- 1 x Op maat: € 20,00" in mail.text
    assert mail.pictures == []


def test_a_discount_adds_up(shopify):
    """Shopify's subtotal has the discount taken off already, its lines have not."""
    left(shopify, total_discounts="17.70", subtotal_price="159.30", total_price="164.30",
         discount_codes=[{"code": "TIEN", "amount": "17.70", "type": "percentage"}])  # fmt: skip

    mail = only_mail(shopify)

    assert "Subtotaal: € 177,00\nKorting: -€ 17,70\nVerzendkosten: € 5,00\nTotaal: € 164,30" in mail.text.replace(
        "€ -", "-€ "
    )


def test_taxes_that_come_on_top(shopify):
    left(shopify, total_tax="14.60", total_price="196.60", customer_locale="en-US", presentment_currency="USD")

    mail = only_mail(shopify)

    assert "Subtotal: US$177.00\nShipping: US$5.00\nTax: US$14.60\nTotal: US$196.60 (including shipping)" in mail.text


def test_nothing_to_pay_is_nothing_to_write_about(shopify):
    free = LINE | {"price": "0.00", "line_price": "0.00"}
    left(shopify, total_price="0.00", subtotal_price="0.00", line_items=[free],
         shipping_lines=[])  # fmt: skip

    nobody_is_mailed(shopify)


@pytest.mark.parametrize("locale", [None, "", "xx", "zh-Hant-TW", "nl", "NL-nl"])
def test_a_locale_of_any_kind(shopify, locale):
    left(shopify, customer_locale=locale)

    assert only_mail(shopify).subject == "Je winkelmandje staat nog voor je klaar"


def test_pictures_come_from_the_catalogue_whenever_it_comes(shopify):
    left(shopify)
    shopify.waits(hours=1, minutes=59)

    shopify.hears(shopify_product(shopify.at))
    shopify.waits(minutes=2)

    assert shopify.mail(ADA).pictures == baskets.PICTURES["shopify"]


# --- what no buyer left ------------------------------------------------------------------------------


@pytest.mark.parametrize("changes", [
    {"source_name": "shopify_draft_order"}, {"source_name": "pos"}, {"source_name": "iphone"},
    {"source_name": "subscription_contract"}, {"company": {"id": 1, "location_id": 2}},
    {"completed_at": "2026-03-02T09:00:00Z"}, {"line_items": []},
])  # fmt: skip
def test_what_is_no_basket_of_a_shopper(shopify, changes):
    left(shopify, **changes)

    nobody_is_mailed(shopify)


def test_completed_before_the_rest_of_it_arrives(shopify):
    """Deliveries overtake each other: the last step comes first."""
    done = shopify_checkout(ADA, shopify.at + timedelta(minutes=3), completed_at=iso(shopify.at + timedelta(minutes=3)))
    says(shopify, "checkouts/update", done)

    left(shopify)

    nobody_is_mailed(shopify)


def test_a_deleted_checkout_without_its_token(shopify):
    left(shopify)
    shopify.waits(hours=1)

    says(shopify, "checkouts/delete", {"id": 1, "cart_token": baskets.CART_TOKEN, "presentment_currency": "EUR"})

    nobody_is_mailed(shopify)


def test_an_emptied_cart_ends_its_checkout(shopify):
    left(shopify)
    shopify.waits(hours=1)
    cart = recorded("shopify/scenarios/anonymous_cart/02_carts_update_emptied.json")
    cart |= {"updated_at": iso(shopify.at), "token": baskets.CART_TOKEN, "id": baskets.CART_TOKEN}

    says(shopify, "carts/update", cart)

    nobody_is_mailed(shopify)
