"""Shopify's orders, consents and duties that nobody recorded, by what its documentation says may come."""

from __future__ import annotations

from datetime import timedelta

import pytest

from apps.carts.models import Cart
from apps.customers.models import Customer
from apps.ingestion.models import Delivery
from apps.orders.models import Order
from apps.stores.models import Store
from tests.invariants.bodies import DOMAIN, iso, recorded, shopify_customer, shopify_merge
from tests.shopkeeping import ADA, BEN
from tests.stories import baskets
from tests.stories.baskets import left, says, shopify_checkout, shopify_order, shopify_yes
from tests.stories.telling import nobody_is_mailed, only_mail

LINE = recorded("shopify/scenarios/recovered/04_checkouts_update.json")["line_items"][0]


# --- orders ------------------------------------------------------------------------------------------


def test_an_order_without_any_token_but_of_the_same_customer(shopify):
    left(shopify)
    shopify.waits(hours=1)

    shopify.hears(shopify_order(801, shopify.at, ADA.at("other@address.example"), checkout_token=None, cart_token=None))

    nobody_is_mailed(shopify)


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

    nobody_is_mailed(shopify)


def test_an_order_in_the_shape_of_2024(shopify):
    left(shopify)
    shopify.waits(hours=1)
    older = {"checkout_id": 34567890123456, "order_status_url": "https://x.example/1", "contact_email": ADA.email}

    says_old = shopify_order(804, shopify.at, ADA, **older)
    shopify.hears(says_old, headers={"X-Shopify-API-Version": "2024-10"})

    nobody_is_mailed(shopify)


def test_several_checkouts_of_one_person_are_one_run_about_the_newest(shopify):
    left(shopify)
    shopify.waits(minutes=20)
    newest = [LINE | {"title": "Linen Cap", "presentment_title": "Linen Cap", "quantity": 1, "line_price": "59.00"}]
    left(
        shopify, token="b" * 32, cart_token="hWN-second", line_items=newest, subtotal_price="59.00", total_price="64.00"
    )

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

    nobody_is_mailed(shopify)


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
    says(
        shopify,
        "checkouts/update",
        shopify_checkout(ADA, shopify.at, shipping_address=address, customer_locale="de-DE"),
    )
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

    nobody_is_mailed(shopify)


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
    """The till knew her by an account without an address; her order under it silences her basket."""
    left(shopify, ADA.with_account(7001))
    shopify.hears(shopify_customer(7002, shopify.at, None))
    shopify.waits(minutes=30)
    shopify.hears(shopify_merge(7002, 7001, shopify.at))

    till = {"checkout_token": None, "cart_token": None, "source_name": "pos", "email": None, "contact_email": None}
    nameless = recorded("shopify/scenarios/recovered/05_orders_create.json")["customer"] | {"id": 7002, "email": None}
    shopify.hears(shopify_order(805, shopify.at, None, customer=nameless, **till))

    nobody_is_mailed(shopify)


def test_two_customers_with_addresses_of_their_own_that_shopify_made_one(shopify):
    """Two addresses stay two people, but an order under the merged account silences the basket of either."""
    left(shopify, ADA.with_account(7001))
    shopify.hears(shopify_customer(7002, shopify.at, "ada.home@shopper.example"))
    shopify.waits(minutes=30)
    shopify.hears(shopify_merge(7002, 7001, shopify.at))

    home = {"checkout_token": None, "cart_token": None, "email": "ada.home@shopper.example"}
    home |= {"contact_email": "ada.home@shopper.example"}
    who = recorded("shopify/scenarios/recovered/05_orders_create.json")["customer"]
    who |= {"id": 7002, "email": "ada.home@shopper.example"}
    shopify.hears(shopify_order(806, shopify.at, None, customer=who, **home))

    nobody_is_mailed(shopify)


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
