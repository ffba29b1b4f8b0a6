"""Shopify deliveries that nobody recorded, by what its documentation says may come."""

from __future__ import annotations

from datetime import timedelta

import pytest

from apps.carts.models import Cart
from apps.customers.models import Customer
from apps.ingestion.models import Delivery
from apps.orders.models import Order
from apps.stores.models import Store
from tests.invariants.bodies import DOMAIN, iso, recorded, shopify_merge
from tests.shopkeeping import ADA, BEN
from tests.stories import baskets
from tests.stories.baskets import shopify_checkout, shopify_order, shopify_product, shopify_yes
from tests.stories.receiver import is_well_made

LINE = recorded("shopify/scenarios/recovered/04_checkouts_update.json")["line_items"][0]


def says(story, topic, body, **headers):
    story.hears(baskets.shopify(topic, body, story.at, **headers))


def left(story, person=ADA, **changes):
    """A checkout, and the person's consent beside it."""
    says(story, "checkouts/update", shopify_checkout(person, story.at, **changes))
    if person is not None:
        story.hears(shopify_yes(person, story.at))


def only_mail(story, person=ADA):
    story.waits(hours=3)
    mail = story.mail(person)
    is_well_made(mail)
    return mail


def silent(story):
    story.waits(days=4)
    assert story.receiver.mails == []


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

    assert "- 2 x Linen Shirt - M / Sand: ¥2,400" in mail.text
    assert "¥2,400.00" not in mail.text
    assert "Subtotal: ¥2,400" in mail.text
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


@pytest.mark.parametrize("properties", [[], {}, None, [{"name": "_hidden", "value": "secret-note"}], {"_hidden": "secret-note"}])
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
    """Shopify's subtotal has the discount taken off already."""
    left(shopify, total_discounts="17.70", subtotal_price="159.30", total_price="164.30",
         discount_codes=[{"code": "TIEN", "amount": "17.70", "type": "percentage"}])  # fmt: skip

    mail = only_mail(shopify)

    assert "Totaal: € 164,30" in mail.text
    assert "Subtotaal: € 159,30\nVerzendkosten: € 5,00" in mail.text


def test_taxes_that_come_on_top(shopify):
    left(shopify, total_tax="14.60", total_price="196.60", customer_locale="en-US", presentment_currency="USD")

    mail = only_mail(shopify)

    assert "Total: $196.60" in mail.text
    assert "$14.60" in mail.text


def test_nothing_to_pay_is_nothing_to_write_about(shopify):
    left(shopify, total_price="0.00", subtotal_price="0.00", line_items=[LINE | {"price": "0.00", "line_price": "0.00"}],
         shipping_lines=[])  # fmt: skip

    silent(shopify)


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

    silent(shopify)


def test_completed_before_the_rest_of_it_arrives(shopify):
    """Deliveries overtake each other: the last step comes first."""
    done = shopify_checkout(ADA, shopify.at + timedelta(minutes=3), completed_at=iso(shopify.at + timedelta(minutes=3)))
    says(shopify, "checkouts/update", done)

    left(shopify)

    silent(shopify)


def test_a_deleted_checkout_without_its_token(shopify):
    left(shopify)
    shopify.waits(hours=1)

    says(shopify, "checkouts/delete", {"id": 1, "cart_token": baskets.CART_TOKEN, "presentment_currency": "EUR"})

    silent(shopify)


def test_an_emptied_cart_ends_its_checkout(shopify):
    left(shopify)
    shopify.waits(hours=1)
    cart = recorded("shopify/scenarios/anonymous_cart/02_carts_update_emptied.json")
    cart |= {"updated_at": iso(shopify.at), "token": baskets.CART_TOKEN, "id": baskets.CART_TOKEN}

    says(shopify, "carts/update", cart)

    silent(shopify)


# --- orders ------------------------------------------------------------------------------------------


def test_an_order_without_any_token_but_of_the_same_customer(shopify):
    left(shopify)
    shopify.waits(hours=1)

    shopify.hears(shopify_order(801, shopify.at, ADA.at("other@address.example"), checkout_token=None, cart_token=None))

    silent(shopify)


def test_an_order_at_the_till_without_an_address_is_nobodys(shopify):
    left(shopify)
    shopify.waits(hours=1)
    shopify.hears(
        shopify_order(802, shopify.at, None, checkout_token=None, cart_token=None, source_name="pos",
                      billing_address=None, shipping_address=None, contact_email="")
    )  # fmt: skip

    assert only_mail(shopify)
    assert Order.objects.of(shopify.shop.store).get().customer_id is None


@pytest.mark.parametrize("financial", ["authorized", "pending", "partially_paid", "paid"])
def test_every_placed_order_silences(shopify, financial):
    left(shopify)
    shopify.waits(hours=1)

    shopify.hears(shopify_order(803, shopify.at, ADA, financial_status=financial))

    silent(shopify)


def test_an_order_in_the_shape_of_2024(shopify):
    left(shopify)
    shopify.waits(hours=1)
    older = {"checkout_id": 34567890123456, "order_status_url": "https://x.example/1", "contact_email": ADA.email}

    says_old = shopify_order(804, shopify.at, ADA, **older)
    shopify.hears(says_old, headers={"X-Shopify-API-Version": "2024-10"})

    silent(shopify)


def test_several_checkouts_of_one_person_are_one_run_about_the_newest(shopify):
    left(shopify)
    shopify.waits(minutes=20)
    newest = [LINE | {"title": "Linen Cap", "presentment_title": "Linen Cap", "quantity": 1, "line_price": "59.00"}]
    left(shopify, token="b" * 32, cart_token="hWN-second", line_items=newest, subtotal_price="59.00", total_price="64.00")

    shopify.waits(days=6)

    mails = shopify.mails(ADA)
    assert len(mails) <= 3
    assert len({mail.subject for mail in mails}) == len(mails)
    assert "Linen Cap" in mails[0].text
    assert "118,00" not in mails[0].text


def test_two_people_behind_one_cart_token(shopify):
    """A family's tablet: the second address takes the basket over, and only that one is written to."""
    left(shopify)
    shopify.waits(minutes=30)
    left(shopify, BEN.with_account(7012345678999))

    shopify.waits(hours=3)

    assert shopify.receiver.everybody() == [BEN.email]


# --- consent -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(("rule", "mails"), [("ignored", 0), ("attested", 1)])
def test_a_box_counts_only_where_the_owner_attests_it(shopify, rule, mails):
    shopify.shop.sets(accepts_marketing=rule)
    says(shopify, "checkouts/update", shopify_checkout(ADA, shopify.at, buyer_accepts_marketing=True))

    shopify.waits(hours=3)

    assert len(shopify.mails(ADA)) == mails


@pytest.mark.parametrize("state", ["not_subscribed", "pending", "unsubscribed", "redacted", "invalid"])
def test_every_other_state_is_no_yes(shopify, state):
    says(shopify, "checkouts/update", shopify_checkout(ADA, shopify.at))
    shopify.hears(shopify_yes(ADA, shopify.at, state))

    silent(shopify)


def test_a_yes_of_upper_case_before_its_checkout(shopify):
    shopify.hears(shopify_yes(ADA.at("Ada@Shopper.Example"), shopify.at, "SUBSCRIBED"))
    says(shopify, "checkouts/create", shopify_checkout(ADA, shopify.at))

    assert only_mail(shopify)


@pytest.mark.parametrize(("country", "mails"), [("NL", 1), ("DE", 0), ("US", 1), ("GB", 1), ("BR", 0)])
def test_a_single_yes_is_enough_in_some_countries(shopify, country, mails):
    address = shopify_checkout(ADA, shopify.at)["shipping_address"] | {"country_code": country}

    left(shopify, shipping_address=address, billing_address=address)
    shopify.waits(hours=3)

    assert len(shopify.mails(ADA)) == mails


def test_a_confirmed_yes_is_enough_in_germany(shopify):
    address = shopify_checkout(ADA, shopify.at)["shipping_address"] | {"country_code": "DE"}
    says(shopify, "checkouts/update", shopify_checkout(ADA, shopify.at, shipping_address=address, customer_locale="de-DE"))
    given = {"state": "subscribed", "opt_in_level": "confirmed_opt_in", "consent_updated_at": iso(shopify.at)}
    says(shopify, "customers_email_marketing_consent/update",
         {"customer_id": baskets.ACCOUNT, "email_address": ADA.email, "email_marketing_consent": given})  # fmt: skip

    assert only_mail(shopify).subject == "Je winkelmandje staat nog voor je klaar"


# --- the shop and the law ----------------------------------------------------------------------------


def privacy(person):
    return {"shop_id": 61234567890, "shop_domain": DOMAIN, "orders_to_redact": [],
            "customer": {"id": baskets.ACCOUNT, "email": person.email, "phone": None}}  # fmt: skip


def test_whoever_is_redacted_gets_nothing_more(shopify):
    left(shopify)
    shopify.waits(hours=3)
    assert len(shopify.mails(ADA)) == 1

    says(shopify, "customers/redact", privacy(ADA))
    shopify.waits(days=5)

    assert len(shopify.mails(ADA)) == 1
    assert not Customer.objects.of(shopify.shop.store).filter(email_key=ADA.email).exists()


def test_a_late_checkout_does_not_bring_a_redacted_person_back(shopify):
    late = baskets.shopify("checkouts/update", shopify_checkout(ADA, shopify.at), shopify.at)
    left(shopify)
    shopify.waits(minutes=5)
    says(shopify, "customers/redact", privacy(ADA))

    shopify.hears(late, headers={"X-Shopify-Webhook-Id": "late"})

    silent(shopify)


def shop_body(**changes):
    return recorded("shopify/app_uninstalled.json") | {"myshopify_domain": DOMAIN} | changes


def test_an_uninstalled_app_stops_in_the_middle_of_a_flow(shopify):
    left(shopify)
    shopify.waits(hours=3)
    assert len(shopify.mails(ADA)) == 1

    says(shopify, "app/uninstalled", shop_body())
    shopify.waits(days=5)

    assert len(shopify.mails(ADA)) == 1
    assert Store.objects.get(pk=shopify.shop.store.pk).status == "uninstalled"


def test_another_shops_uninstall_stops_nothing(shopify):
    left(shopify)

    says(shopify, "app/uninstalled", shop_body(myshopify_domain="other.myshopify.com"))

    assert only_mail(shopify)


def test_after_a_reinstall_new_baskets_are_written_about_and_old_ones_are_not(shopify):
    left(shopify)
    shopify.waits(minutes=30)
    says(shopify, "app/uninstalled", shop_body())
    shopify.waits(days=2)

    from apps.core import clock
    from apps.stores.settings_changing import change, read_changes

    with clock.travelled(shopify.at - clock.now()):
        change(Store.objects.get(pk=shopify.shop.store.pk), read_changes(["active=on"]), shopify.at)
    shopify.waits(days=1)
    assert shopify.receiver.mails == []

    shopify.shop.world.at += timedelta(minutes=1)
    left(shopify, BEN.with_account(7012345678999), token="c" * 32, cart_token="hWN-after")
    shopify.waits(hours=3)
    assert shopify.receiver.everybody() == [BEN.email]


def test_two_customers_that_shopify_made_one(shopify):
    """Her order under the one account silences her basket under the other."""
    left(shopify, ADA.with_account(7001))
    shopify.waits(minutes=30)
    post = shopify_merge(7002, 7001, shopify.at)
    shopify.hears(post)

    other = ADA.at("ada@home.example").with_account(7002)
    shopify.hears(shopify_order(805, shopify.at, other, checkout_token=None, cart_token=None))

    silent(shopify)


def test_ids_beyond_what_a_float_holds(shopify):
    big = 9_007_199_254_740_993
    left(shopify, ADA.with_account(big), line_items=[LINE | {"product_id": big + 2, "variant_id": big + 4}])

    assert only_mail(shopify)
    line = Cart.objects.of(shopify.shop.store).get().lines[0]
    assert (line["product"], line["variant"]) == (str(big + 2), str(big + 4))


def test_bodies_that_say_nothing_useful_are_kept_and_hold_up_nobody(shopify):
    for topic, body in (
        ("checkouts/update", {}), ("checkouts/update", {"token": None}), ("orders/create", {"id": None}),
        ("orders/create", []), ("customers/update", {"id": 1}), ("carts/update", {"line_items": []}),
        ("made/up", {"id": 1}), ("orders/edited", {"order_edit": {"id": 1}}),
    ):  # fmt: skip
        says(shopify, topic, body, **{"X-Shopify-Webhook-Id": f"{topic}-{len(str(body))}"})
    left(shopify)

    assert only_mail(shopify)
    assert not Delivery.objects.of(shopify.shop.store).filter(state="waiting").exists()
