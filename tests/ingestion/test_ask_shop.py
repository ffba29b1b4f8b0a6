"""Asking a shop by hand, and seeing how far we are."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command
from django.utils import translation

from apps.core import clock
from apps.dashboard.alarms import alarms
from apps.ingestion.progress import NOUN_WORDS, ask_now, progress
from apps.orders.models import Order
from apps.stores.models import Connection
from tests.shopkeeping import ADA, open_store


def told(capsys) -> list[dict]:
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_the_command_fetches_and_says_how_far_it_is(joins, capsys):
    shop = joins("woocommerce")
    for days in (1, 2, 40):
        shop.fake.adds_order(email=ADA.email, at=shop.fake.now - timedelta(days=days))
    shop.rests()

    call_command("ask_shop", shop.store.key, "--kind", "backfill", "--what", "orders", "--since", "30d")

    last = told(capsys)[-1]
    assert (last["kind"], last["what"], last["done"], last["percent"]) == ("backfill", "orders", 2, 100)
    assert Order.objects.of(shop.store).count() == 2


def test_the_command_says_in_words_why_it_cannot(joins):
    shop = joins("woocommerce")
    shop.rests()
    shop.fake.breaks("revoked")

    with pytest.raises(CommandError, match="refused our keys"):
        call_command("ask_shop", shop.store.key, "--kind", "poll", "--what", "orders")


def test_what_a_platform_cannot_be_asked_for_is_refused(db):
    store = open_store("generic")

    with pytest.raises(CommandError, match="cannot be asked"):
        call_command("ask_shop", store.key)


def test_progress_knows_the_half_of_a_history(joins):
    from apps.ingestion.running import run_due

    shop = joins("woocommerce")
    for minute in range(250):
        shop.fake.adds_order(email=ADA.email, at=shop.fake.now - timedelta(days=2, minutes=minute))
    shop.rests()
    ask_now(shop.store, "backfill", "orders", shop.world.at)

    run_due(lambda: shop.world.at, limit=1)

    with translation.override("en"):
        (mine,) = [one for one in progress(shop.store) if (one.kind, one.what) == ("backfill", "orders")]
    assert (mine.done, mine.total, mine.percent, mine.running, mine.noun) == (100, 250, 40, True, "orders")
    assert mine.ended_at is None


def test_asking_again_begins_anew_and_loses_nothing(joins):
    shop = joins("woocommerce")
    shop.fake.adds_order(email=ADA.email, at=shop.fake.now - timedelta(days=2))
    shop.runs("backfill")

    ask_now(shop.store, "backfill", "orders", clock.now(), since=timedelta(days=7))
    assert shop.errand("backfill", "orders").ended_at is None
    shop.runs("backfill")

    assert Order.objects.of(shop.store).count() == 1
    assert shop.errand("backfill", "orders").ended_at is not None


@pytest.mark.parametrize("language", ["nl", "en"])
def test_the_owner_reads_which_noun_cannot_be_fetched_and_what_to_do(joins, language):
    shop = joins("woocommerce")
    shop.runs("poll")
    shop.fake.breaks("not_json", path="/reviews")
    for hour in range(1, 5):
        shop.world.at += timedelta(hours=hour * 6)
        shop.runs("reconcile")

    assert Connection.objects.get(store=shop.store).trouble == ""
    with translation.override(language):
        found = [one for one in alarms(shop.store, shop.world.at) if str(NOUN_WORDS["reviews"]) in one.said]
    assert found
    assert all(one.cause and one.mend for one in found)


def test_a_permission_that_is_missing_is_told_at_once(joins):
    shop = joins("shopify")
    shop.runs("poll")
    shop.fake.scopes.remove("read_products")
    shop.runs("reconcile")

    assert shop.errand("reconcile", "products").trouble == "scope_missing"
    assert shop.errand("reconcile", "customers").trouble == ""
    with translation.override("en"):
        assert [one for one in alarms(shop.store, shop.world.at) if "read_products" in one.cause]


def test_the_owner_reads_that_no_orders_are_fetched(joins):
    shop = joins("woocommerce")
    shop.runs("poll")
    shop.reload()

    with translation.override("en"):
        well = {one.said for one in alarms(shop.store, shop.world.at + timedelta(minutes=10))}
        late = {one.said for one in alarms(shop.store, shop.world.at + timedelta(minutes=40))}

    assert [one for one in late - well if "No orders were fetched" in one]


def test_two_workers_never_have_the_same_shop_in_hand(transactional_db, world):
    """Many threads claim at once; of each shop one gets it."""
    from concurrent.futures import ThreadPoolExecutor

    from django.db import connection

    from apps.ingestion import errands
    from apps.stores import access
    from tests.shops.connected import now

    world.at = now()
    stores = [open_store("woocommerce", name=f"Shop {number}") for number in range(3)]
    for store in stores:
        access.keep_credentials(store.pk, store.key, "keys", {"consumer_key": "a", "consumer_secret": "b"})
        errands.open_for(store, world.at)

    def claims(_: int) -> list[int]:
        try:
            return [turn.store_id for _ in range(3) if (turn := errands.claim(world.at)) is not None]
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        taken = [store for found in pool.map(claims, range(16)) for store in found]

    assert sorted(taken) == [store.pk for store in stores]
