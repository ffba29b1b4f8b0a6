"""Scenario 3: what comes again changes nothing, and what is not signed by the shop does not come in."""

from __future__ import annotations

import itertools

from apps.customers.models import Customer, CustomerTotal
from apps.ingestion.models import Delivery
from apps.orders.models import Order
from tests.shopkeeping import ADA
from tests.stories import baskets


def test_an_order_delivered_three_more_times_is_one_order(story):
    baskets.leaves(story, ADA)
    bought = baskets.order(story, ADA)
    story.hears(bought)
    before = _everything(story)

    # A repeat of the platform's, and another webhook of the shop about the same order.
    for number in range(3):
        story.hears(bought)
        story.hears(bought, headers={"X-WC-Webhook-ID": f"9{number}", "X-Shopify-Webhook-Id": f"again-{number}"})
    story.waits(days=7)

    assert _everything(story) == before
    assert story.receiver.mails == []


def _everything(story):
    store = story.shop.store
    return (
        Order.objects.of(store).count(),
        Customer.objects.of(store).count(),
        list(CustomerTotal.objects.filter(customer__store=store).values_list("currency", "orders", "spent")),
    )


def test_a_repeated_basket_is_one_mail(story):
    at, left = story.at, []
    if story.is_shopify:
        left = [
            baskets.shopify("checkouts/update", baskets.shopify_checkout(ADA, at), at),
            baskets.shopify_yes(ADA, at),
        ]
    else:
        left = [baskets.companion(("cart.updated", baskets.woo_basket(ADA, at)), at=at)]
    numbers = itertools.count()

    for _ in range(6):
        for post in left:
            story.hears(post, headers={"X-Shopify-Webhook-Id": f"repeat-{next(numbers)}"})
        story.waits(minutes=40)

    assert len(story.mails(ADA)) == 1


def test_a_bad_signature_is_refused_and_leaves_nothing(story):
    baskets.leaves(story, ADA)
    kept = Delivery.objects.of(story.shop.store).count()

    status = story.knock(baskets.order(story, ADA), secret="of-another-shop")
    story.waits(hours=3)

    assert status == 401
    assert Delivery.objects.of(story.shop.store).count() == kept
    assert not Order.objects.of(story.shop.store).exists()
    assert len(story.mails(ADA)) == 1


def test_a_platforms_test_delivery_is_kept_and_never_written_about(shopify):
    at = shopify.at
    trial = {"X-Shopify-Test": "true"}
    shopify.hears(
        baskets.shopify("checkouts/update", baskets.shopify_checkout(ADA, at), at, **trial),
        baskets.shopify_yes(ADA, at),
    )

    shopify.waits(days=5)

    assert shopify.receiver.mails == []
    assert Delivery.objects.of(shopify.shop.store).count() == 2


def test_a_test_order_silences_nobody(shopify):
    baskets.leaves(shopify, ADA)

    shopify.hears(baskets.shopify_order(5403, shopify.at, ADA, test=True))
    shopify.hears(baskets.shopify_order(5404, shopify.at, ADA, as_test=True))
    shopify.waits(hours=3)

    assert len(shopify.mails(ADA)) == 1
