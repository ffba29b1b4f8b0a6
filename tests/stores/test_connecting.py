"""Connecting a shop: what its keys open, what is kept of it, and how it leaves and comes back."""

from __future__ import annotations

from datetime import timedelta

import pytest

from apps.core import db
from apps.ingestion.joining import join, leave
from apps.ingestion.models import Delivery, Errand
from apps.stores import access, secrets_ring
from apps.stores.errors import ShopTrouble
from apps.stores.models import Connection, Store
from apps.stores.platforms.base import platforms
from apps.stores.troubles import Trouble
from tests.shopkeeping import open_store
from tests.shops.connected import made

BOTH = pytest.mark.parametrize("kind", ["woocommerce", "shopify"])


@BOTH
def test_a_joined_shop_is_asked_from_then_on(joins, kind):
    shop = joins(kind)

    assert shop.store.feed == Store.Feed.LIVE
    assert Connection.objects.get(store=shop.store).trouble == ""
    assert access.access_of(shop.store.pk).credentials == shop.fake.access().credentials
    assert {(one.kind, one.what) for one in Errand.objects.of(shop.store)} >= {
        ("poll", "orders"), ("reconcile", "orders"), ("backfill", "orders"), ("backfill", "products"), ("audit", ""),
    }  # fmt: skip


@BOTH
def test_its_keys_stand_nowhere_in_the_open(joins, kind):
    shop = joins(kind)

    kept = str(db.rows("SELECT row_to_json(c)::text FROM stores_connection c WHERE store_id = %s", [shop.store.pk]))
    shown = repr(access.access_of(shop.store.pk))
    assert [value for value in shop.fake.access().credentials.values() if value in kept + shown] == []


def test_the_secret_is_ours_and_known_before_a_webhook_can_come(joins):
    shop = joins("woocommerce")

    secret = secrets_ring.newest(shop.store, shop.world.at)
    assert secret.isalnum()
    assert len(secret) >= 40
    assert {hook["~secret"] for hook in shop.fake.webhooks.values()} == {secret}


def test_shopify_signs_with_its_clients_secret(joins):
    shop = joins("shopify")

    assert secrets_ring.newest(shop.store, shop.world.at) == shop.fake.client_secret


def test_what_the_shop_says_of_itself_is_taken_unless_the_owner_said_otherwise(joins):
    shop = joins("woocommerce", currency="EUR", time_zone="Europe/London")

    assert (shop.store.currency, shop.store.time_zone) == ("EUR", "Europe/London")
    shop.fake.currency = "SEK"
    join(shop.store, "keys", shop.fake.access().credentials, shop.world.at)
    assert shop.store.currency == "SEK"

    shop.store.currency = "NOK"
    shop.store.save()
    join(shop.store, "keys", shop.fake.access().credentials, shop.world.at)
    assert shop.store.currency == "NOK"


@BOTH
def test_keys_that_do_not_open_are_not_kept(db, world, kind):
    fake = made(kind)
    fake.breaks("revoked")
    store = open_store(kind, url=fake.url)
    way = platforms.get(kind).ways[0]

    with pytest.raises(ShopTrouble):
        join(store, way.name, fake.access().credentials, world.at)

    fake.close()
    assert not Connection.objects.of(store).exists()
    assert not Errand.objects.of(store).exists()
    store.refresh_from_db()
    assert store.feed == Store.Feed.NONE


def test_keys_of_another_shop_are_refused(joins):
    shop = joins("shopify")
    shop.store.external_id = "1"
    shop.store.save()

    with pytest.raises(ShopTrouble) as refused:
        join(shop.store, shop.way, shop.fake.access().credentials, shop.world.at)

    assert refused.value.trouble == "wrong_shop"


@BOTH
def test_joining_again_changes_nothing_but_what_was_broken(joins, kind):
    shop = joins(kind)
    secret = secrets_ring.newest(shop.store, shop.world.at)
    access.note_trouble(shop.store.pk, ShopTrouble(Trouble.KEYS_REFUSED), shop.world.at)

    join(shop.store, shop.way, shop.fake.access().credentials, shop.world.at)

    assert secrets_ring.newest(shop.store, shop.world.at) == secret
    assert Connection.objects.get(store=shop.store).trouble == ""


@BOTH
def test_a_shop_that_leaves_is_not_asked_and_its_keys_are_gone(joins, kind):
    shop = joins(kind)

    leave(shop.store, shop.world.at)

    assert shop.store.feed == Store.Feed.NONE
    assert not Errand.objects.of(shop.store).filter(due_at__isnull=False).exists()
    with pytest.raises(ShopTrouble):
        access.access_of(shop.store.pk)


def test_a_shop_that_removed_us_is_forgotten_and_may_come_back(joins):
    shop = joins("shopify")
    shop.world.at += timedelta(minutes=5)
    shop.removes_us()

    shop.reload()
    assert shop.store.status == Store.Status.UNINSTALLED
    assert Connection.objects.get(store=shop.store).credentials_sealed == ""
    assert not Errand.objects.of(shop.store).filter(due_at__isnull=False).exists()

    shop.world.at += timedelta(minutes=5)
    join(shop.store, shop.way, shop.fake.access().credentials, shop.world.at)
    assert shop.store.status == Store.Status.ACTIVE
    assert shop.errand("poll", "orders").due_at is not None


def test_news_of_an_old_removal_does_not_undo_a_new_connection(joins):
    shop = joins("shopify")

    shop.removes_us(ago=timedelta(hours=3))

    shop.reload()
    assert Delivery.objects.of(shop.store).get().state == "done"
    assert shop.store.status == Store.Status.ACTIVE
    assert access.access_of(shop.store.pk).credentials
