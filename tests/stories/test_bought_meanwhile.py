"""Scenario 2: whoever bought is left in peace, however the order becomes known."""

from __future__ import annotations

from datetime import timedelta

from apps.mail.models import Message
from apps.orders.models import Order
from tests.shopkeeping import ADA
from tests.stories import baskets

UPPER = ADA.at("  ADA@Shopper.Example ")


def test_an_order_five_minutes_before_the_mail_silences_it(story):
    baskets.leaves(story, ADA)
    story.waits(hours=1, minutes=55)

    baskets.buys(story, ADA)
    story.waits(days=7)

    assert story.mails(ADA) == []


def test_an_order_between_two_mails_silences_the_second(story):
    baskets.leaves(story, ADA)
    story.waits(hours=3)
    assert len(story.mails(ADA)) == 1

    baskets.buys(story, ADA)
    story.waits(days=7)

    assert len(story.mails(ADA)) == 1
    assert story.ended() == [("completed", "order_placed")]


def test_an_order_whose_basket_is_heard_of_later_silences_it_too(story):
    bought = baskets.order(story, ADA)
    story.shop.world.at += timedelta(seconds=40)
    left_at = story.at - timedelta(minutes=3)
    story.hears(bought)

    story.shop.world.at, now = left_at, story.at
    late = _basket(story)
    story.shop.world.at = now
    story.hears(*late)
    story.waits(days=7)

    assert story.mails(ADA) == []


def _basket(story):
    at = story.at
    if story.is_shopify:
        return [
            baskets.shopify("checkouts/update", baskets.shopify_checkout(ADA, at), at),
            baskets.shopify_yes(ADA, at),
        ]
    return [baskets.companion(("cart.updated", baskets.woo_basket(ADA, at)), at=at)]


def test_an_order_at_the_till_with_the_address_in_other_letters(story):
    baskets.leaves(story, ADA)
    story.waits(hours=1, minutes=55)

    baskets.at_the_till(story, UPPER)
    story.waits(days=7)

    assert story.receiver.mails == []


def test_an_order_of_the_account_with_another_address(story):
    ada = ADA.with_account(77)
    baskets.leaves(story, ada)
    story.waits(hours=1, minutes=55)

    elsewhere = ada.at("ada.at.work@office.example")
    own = {"checkout_token": None, "cart_token": None} if story.is_shopify else {"meta_data": []}
    baskets.buys(story, elsewhere, **own)
    story.waits(days=7)

    assert story.receiver.mails == []


def test_somebody_elses_order_silences_nobody(story):
    baskets.leaves(story, ADA)
    story.waits(hours=1, minutes=55)

    stranger = ADA.at("somebody@else.example").with_account(4711)
    own = {"checkout_token": None, "cart_token": None} if story.is_shopify else {"meta_data": []}
    baskets.buys(story, stranger, **own)
    story.waits(minutes=10)

    assert len(story.mails(ADA)) == 1
    assert story.receiver.everybody() == [ADA.email]


def test_an_order_without_any_address_silences_nobody(story):
    """Null never joins null."""
    baskets.leaves(story, ADA)
    story.waits(hours=1, minutes=55)

    if story.is_shopify:
        own = {"checkout_token": None, "cart_token": None, "source_name": "pos", "billing_address": None}
        story.hears(baskets.shopify_order(5409, story.at, None, **own))
    else:
        story.hears(baskets.woo_order(5409, story.at, ADA.at(""), meta_data=[]))
    story.waits(minutes=10)

    assert len(story.mails(ADA)) == 1


def test_an_emptied_basket_is_not_written_about(story):
    baskets.leaves(story, ADA)
    story.waits(hours=1, minutes=55)

    baskets.empties(story, ADA)
    story.waits(days=7)

    assert story.receiver.mails == []


def test_the_completed_checkout_alone_silences(shopify):
    """Shopify's order may come up to a day later."""
    baskets.leaves(shopify, ADA)
    shopify.waits(hours=1, minutes=55)

    at = shopify.at
    done = baskets.shopify_checkout(ADA, at, completed_at=at.isoformat())
    shopify.hears(baskets.shopify("checkouts/update", done, at))
    shopify.waits(days=7)

    assert shopify.receiver.mails == []


def test_recovered_only_with_a_click(story, phone):
    baskets.leaves(story, ADA)
    story.waits(hours=3)
    message = Message.objects.get(store=story.shop.store, status="accepted")
    assert not message.clicks.exists()

    phone.get(story.mail(ADA).restore)

    assert message.clicks.filter(machine="").count() == 1
    baskets.buys(story, ADA)
    assert Order.objects.of(story.shop.store).get().silences


def test_the_next_basket_after_an_order_is_written_about(story):
    baskets.leaves(story, ADA)
    baskets.buys(story, ADA)
    story.waits(days=8)

    story.shop.world.at += timedelta(minutes=1)
    _another(story)
    story.waits(hours=3)

    assert len(story.mails(ADA)) == 1


def _another(story):
    at = story.at
    if story.is_shopify:
        fresh = baskets.shopify_checkout(ADA, at, token="another" * 4, cart_token="hWN-another")
        story.hears(baskets.shopify("checkouts/create", fresh, at))
    else:
        story.hears(baskets.companion(("cart.updated", baskets.woo_basket(ADA, at, cart="f" * 32)), at=at))
