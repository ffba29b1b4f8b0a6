"""What we ask of shops, and when: one turn at a time per shop, nobody held up, nothing started by the past."""

from __future__ import annotations

from datetime import timedelta

import pytest

from apps.carts.models import Cart
from apps.core import db
from apps.customers.models import Customer
from apps.events.models import Announcement, Event
from apps.flows.models import Enrollment
from apps.ingestion import errands, running
from apps.ingestion.models import Errand
from apps.ingestion.running import run_due
from apps.mail.models import Message
from apps.orders.models import Order
from apps.stores.models import Connection, Store
from tests.shopkeeping import run_queues
from tests.shops.connected import Connected

BOTH = pytest.mark.parametrize("kind", ["woocommerce", "shopify"])


def orders(shop: Connected) -> set[str]:
    return set(Order.objects.of(shop.store).values_list("external_id", flat=True))


# --- the poll ---


@BOTH
def test_an_order_whose_webhook_was_lost_is_found_within_minutes(joins, ada, kind):
    shop = joins(kind)
    shop.runs("poll")
    number = shop.fake.adds_order(email=ada.email, at=shop.fake.now)

    shop.world.at += errands.POLL_EVERY["orders"]
    while run_due(lambda: shop.world.at):
        pass

    assert number in orders(shop)


@BOTH
def test_news_counts_from_the_moment_the_poll_began(joins, kind):
    shop = joins(kind)
    clock = iter(shop.world.at + timedelta(seconds=second) for second in range(100))

    while run_due(lambda: next(clock)):
        pass

    shop.reload()
    poll = shop.errand("poll", "orders")
    assert shop.world.at < shop.store.orders_polled_at < poll.ended_at
    assert abs(poll.watermark - shop.fake.now) < timedelta(minutes=1)


def test_the_next_poll_looks_back_over_a_while_of_the_shops_own_clock(joins):
    shop = joins("woocommerce")
    # More, and a shop of plain http takes our signature for an old one.
    shop.fake.ahead = timedelta(minutes=-12)
    shop.runs("poll")

    shop.world.at += timedelta(hours=1)
    shop.runs("poll")

    first, second = (
        one.query["modified_after"]
        for one in shop.fake.asked
        if "modified_after" in one.query and "processing" in one.query["status"]
    )
    assert first < f"{shop.fake.now - running.FIRST_POLL + timedelta(hours=1):%Y-%m-%dT%H:%M:%S}"
    late, soon = shop.fake.now - timedelta(minutes=11), shop.fake.now - timedelta(minutes=9)
    assert f"{late:%Y-%m-%dT%H:%M:%S}" < second < f"{soon:%Y-%m-%dT%H:%M:%S}"


def test_a_poll_that_breaks_off_does_not_count(joins, ada, monkeypatch):
    shop = joins("woocommerce")
    for minute in range(150):
        shop.fake.adds_order(email=ada.email, at=shop.fake.now - timedelta(minutes=minute))
    shop.breaks_after(1, "broken")
    with monkeypatch.context() as impatient:
        impatient.setattr(running, "PAGE_SECONDS", 0.6)
        shop.runs("poll")
    shop.reload()
    assert shop.store.orders_polled_at is None

    shop.fake.mends()
    shop.world.at += timedelta(minutes=20)
    shop.runs("poll")

    shop.reload()
    assert shop.store.orders_polled_at is not None
    assert len(orders(shop)) == 150


# --- the years before ---


@BOTH
def test_the_years_before_are_fetched_and_start_nothing(joins, ada, cy, kind):
    shop = joins(kind)
    shop.switches_on()
    shop.fake.adds_product(title="Theepot")
    shop.fake.adds_customer(email=cy.email, at=shop.fake.now - timedelta(days=40))
    for days in range(1, 41, 4):
        shop.fake.adds_order(email=ada.email, at=shop.fake.now - timedelta(days=days))

    shop.runs("backfill")
    run_queues(shop.world.at)

    assert len(orders(shop)) == 10
    assert Customer.objects.of(shop.store).get(email_key=ada.email).orders_count == 10
    assert Event.objects.filter(store_id=shop.store.pk, kind="order.placed").count() == 10
    assert list(Announcement.objects.values_list("event__kind", flat=True)) == []
    assert not Enrollment.objects.of(shop.store).exists()
    assert not Message.objects.of(shop.store).exists()
    assert shop.errand("backfill", "orders").due_at is None


def test_unpaid_orders_of_before_are_baskets_that_start_no_flow_but_todays_do(joins, ada, cy):
    shop = joins("woocommerce", rules={"quiet": "off", "sunday": "on", "caps": "off", "max_age": "off"})
    shop.switches_on()
    shop.fake.adds_order(email=ada.email, at=shop.fake.now - timedelta(hours=5), status="pending")

    shop.runs("backfill", "poll")
    run_queues(shop.world.at)
    assert Cart.objects.of(shop.store).get().status == "abandoned"
    assert not Enrollment.objects.of(shop.store).exists()

    shop.fake.adds_order(email=cy.email, at=shop.world.at + timedelta(minutes=1), status="pending")
    shop.world.at += timedelta(hours=3)
    shop.runs("poll")
    run_queues(shop.world.at)
    assert Enrollment.objects.of(shop.store).get().customer.email == cy.email


def test_an_order_of_today_is_news_also_when_the_history_brings_it(joins, ada):
    shop = joins("woocommerce")
    shop.fake.adds_order(email=ada.email, at=shop.world.at + timedelta(seconds=5))

    shop.runs("backfill")

    assert Announcement.objects.filter(event__kind="order.placed").exists()


def test_whoever_dies_in_a_history_goes_on_from_the_last_page(joins, ada, monkeypatch):
    shop = joins("woocommerce")
    for minute in range(250):
        shop.fake.adds_order(email=ada.email, at=shop.fake.now - timedelta(days=30, minutes=minute))
    db.run("UPDATE ingestion_errand SET due_at = NULL WHERE (kind, what) <> ('backfill', 'orders')")
    db.run("UPDATE ingestion_errand SET due_at = %s WHERE due_at IS NOT NULL", [shop.world.at])
    asked: list[str] = []
    page = running._page
    monkeypatch.setattr(running, "_page", lambda *args: _dies_third(asked, page, *args))

    with pytest.raises(KeyboardInterrupt):
        run_due(lambda: shop.world.at)
    half = shop.errand("backfill", "orders")
    # Its worker is gone; its lease ends some time.
    db.run("UPDATE ingestion_errand SET lease_until = clock_timestamp() - interval '1 second'")
    monkeypatch.setattr(running, "_page", page)
    while run_due(lambda: shop.world.at):
        pass

    assert half.total == 250
    assert 150 < half.done < 250
    assert len(orders(shop)) == 250
    assert shop.errand("backfill", "orders").ended_at is not None


def _dies_third(asked, page, *args):
    asked.append("page")
    if len(asked) == 3:
        raise KeyboardInterrupt
    return page(*args)


# --- turns ---


def test_one_errand_of_a_shop_at_a_time(joins):
    shop = joins("woocommerce")

    first = errands.claim(shop.world.at)
    assert first is not None
    assert errands.claim(shop.world.at) is None

    errands.hand_back(first, shop.world.at)
    assert errands.claim(shop.world.at) is not None


def test_shops_take_turns_however_long_one_of_them_needs(joins):
    shops = [joins("woocommerce") for _ in range(3)]
    at = shops[0].world.at

    order = []
    for _ in range(6):
        turn = errands.claim(at)
        at += timedelta(seconds=1)
        order.append(turn.store_id)
        errands.hand_back(turn, at)

    assert order == [shop.store.pk for shop in shops] * 2


def test_news_goes_before_history(joins):
    shop = joins("woocommerce")

    assert errands.claim(shop.world.at + timedelta(days=2)).kind == "poll"


def test_a_night_is_the_shops_own_and_shared_out(joins):
    shop = joins("woocommerce", time_zone="America/New_York")
    due = [errands.next_night(Store(key=f"key{n}", time_zone="America/New_York"), shop.world.at) for n in range(50)]

    hours = {moment.astimezone(__import__("zoneinfo").ZoneInfo("America/New_York")).hour for moment in due}
    assert hours <= {1, 2, 3, 4}
    assert len(hours) > 1
    assert len({moment.minute for moment in due}) > 10


def test_a_shop_that_cannot_be_asked_has_no_errands(db, world):
    from tests.shopkeeping import open_store

    store = open_store("generic")
    errands.open_for(store, world.at)

    assert list(Errand.objects.of(store)) == []


# --- when webhooks were lost ---


def test_lost_webhooks_are_made_anew_and_what_they_would_have_told_is_fetched(joins, ada):
    shop = joins("woocommerce")
    Store.objects.filter(pk=shop.store.pk).update(last_delivery_at=shop.world.at - timedelta(days=4))
    shop.fake.fails_to_deliver("order.updated", times=7)
    number = shop.fake.adds_order(email=ada.email, at=shop.fake.now - timedelta(days=3))
    shop.world.at += timedelta(hours=1)

    shop.runs("audit")
    while run_due(lambda: shop.world.at):
        pass

    assert {hook["status"] for hook in shop.fake.webhooks.values()} == {"active"}
    assert number in orders(shop)


def test_no_transaction_is_open_while_a_shop_is_asked(transactional_db, world, ada):
    from tests.shops.connected import connect, now

    world.at = now()
    shop = connect("woocommerce", world)
    seen: list[int] = []
    reply = shop.fake.reply
    shop.fake.reply = lambda asked: (seen.append(_transactions()), reply(asked))[1]

    shop.runs("poll", "backfill")

    shop.fake.close()
    assert len(seen) > 2
    assert set(seen) == {0}


def _transactions() -> int:
    """Seen from another session, as the pretended shop's thread has."""
    from django.db import connection

    try:
        return db.rows(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND xact_start IS NOT NULL"
            " AND pid <> pg_backend_pid() AND state LIKE 'idle in%%'"
        )[0][0]
    finally:
        connection.close()


def test_keys_that_were_revoked_are_not_tried_again_until_the_owner_acts(joins):
    from apps.ingestion.joining import join

    shop = joins("woocommerce")
    shop.fake.keys.revoked = True
    shop.runs("poll")
    asked = len(shop.fake.asked)
    assert Connection.objects.get(store=shop.store).trouble == "keys_refused"

    shop.world.travel(hours=30)
    assert len(shop.fake.asked) == asked

    shop.fake.keys.revoked = False
    join(shop.store, shop.way, shop.fake.access().credentials, shop.world.at)
    run_queues(shop.world.at)
    shop.reload()
    assert shop.store.orders_polled_at == shop.world.at


def test_a_shop_that_its_platform_closed_is_asked_seldom_and_goes_on_by_itself(joins):
    shop = joins("shopify")
    shop.fake.breaks("frozen")
    while run_due(lambda: shop.world.at):
        pass
    assert Connection.objects.get(store=shop.store).trouble == "shop_closed"
    asked = len(shop.fake.asked)

    shop.world.travel(hours=5)
    assert len(shop.fake.asked) == asked

    shop.fake.mends()
    shop.world.travel(hours=2)
    shop.reload()
    assert Connection.objects.get(store=shop.store).trouble == ""
    assert shop.world.at - shop.store.orders_polled_at < timedelta(minutes=5)
    assert shop.errand("backfill", "orders").ended_at is not None


def test_a_clock_that_was_set_back_hides_nothing(joins, ada):
    shop = joins("shopify")
    shop.fake.ahead = timedelta(hours=5)
    shop.runs("poll")
    shop.fake.ahead = timedelta()
    number = shop.fake.adds_order(email=ada.email, at=shop.fake.now)

    shop.world.at += timedelta(minutes=3)
    shop.runs("poll")

    assert number in orders(shop)


def test_one_noun_that_is_broken_stops_none_of_the_others(joins, ada):
    shop = joins("woocommerce")
    shop.fake.breaks("not_json", path="/reviews")
    number = shop.fake.adds_order(email=ada.email, at=shop.fake.now - timedelta(days=3))

    shop.runs("poll", "backfill", "reconcile")

    assert number in orders(shop)
    assert Connection.objects.get(store=shop.store).trouble == ""
    assert shop.errand("backfill", "reviews").trouble == "cut_off"
    assert shop.errand("backfill", "orders").trouble == ""


def test_a_basket_whose_webhook_was_lost_is_found_in_time(joins, ada):
    shop = joins("shopify")
    shop.runs("poll")
    shop.fake.adds_basket(email=ada.email, at=shop.fake.now)

    shop.world.at += timedelta(minutes=15)
    shop.runs("poll")

    assert Cart.objects.of(shop.store).get().status == "active"


def test_an_order_of_last_month_that_is_found_today_is_history(joins, ada):
    shop = joins("woocommerce")
    shop.world.at += timedelta(days=60)
    shop.fake.adds_order(email=ada.email, at=shop.world.at - timedelta(days=30))
    shop.fake.adds_order(email=ada.email, at=shop.world.at - timedelta(days=2))

    shop.runs("poll", "reconcile", "backfill")

    assert Order.objects.of(shop.store).count() == 2
    assert Announcement.objects.filter(event__kind="order.placed").count() == 1
