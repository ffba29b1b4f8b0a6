"""A replay: what the database refuses while it runs, and what several processes find together."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import psycopg
import pytest

from tests.flows.shops import MONDAY

if TYPE_CHECKING:
    from tests.flows.shops import Shop


def test_on_the_stage_every_real_row_is_out_of_reach(shop: Shop) -> None:
    from django.db import transaction

    from apps.core import db
    from apps.flows.simulating import stage

    shop.person("ada")
    with stage.staged() as schema:
        assert db.rows("SELECT count(*) FROM customers_customer")[0][0] == 0
        stage.shut()
        assert db.run("UPDATE customers_customer SET tags = '[]'") == 0
        for refused in (
            f"UPDATE {schema}.customers_customer SET tags = '[1]'",
            f"SELECT id FROM {schema}.stores_store FOR NO KEY UPDATE",
            "INSERT INTO catalog_product (title) VALUES ('x')",
        ):
            with pytest.raises(psycopg.errors.ReadOnlySqlTransaction), transaction.atomic():
                db.run(refused)

    assert db.rows("SELECT count(*) FROM customers_customer")[0][0] == 1
    # And afterwards the very same statements reach the real tables again.
    assert db.run("UPDATE customers_customer SET tags = '[]'") == 1


@pytest.mark.django_db(transaction=True)
def test_two_processes_find_together_what_one_finds_alone(committed_shop: Shop) -> None:
    from apps.core import db
    from apps.events.log import Happened, append
    from apps.flows import definition
    from apps.flows.simulating import sharing
    from apps.flows.simulating.replay import replayed
    from apps.flows.simulating.setting import Tried
    from tests.flows.shops import PLAN

    shop = committed_shop
    db.run("UPDATE stores_store SET created_at = %s", [MONDAY - timedelta(days=90)])
    for name in ("ada", "ben", "dee"):
        cart = shop.cart(name)
        told = {"cart": cart.pk, "reached_checkout": True, "total": "40", "lines": 1, "unmailable": ""}
        append(
            [
                Happened(
                    store_id=shop.store.pk, customer_id=cart.customer_id, subject=f"cart:{cart.pk}",
                    kind="cart.abandoned", occurred_at=shop.at, source_key=name, data=told,
                )
            ],
            shop.at,
        )  # fmt: skip
    tried = [Tried(plan=definition.read(PLAN))]
    seen: list[float] = []

    apart = sharing.shared(shop.store.pk, tried, MONDAY, MONDAY + timedelta(days=9), seen.append)

    assert apart == replayed(shop.store, tried, MONDAY, MONDAY + timedelta(days=9), seen.append)
    assert apart.entered == 3
    assert seen[-1] == 1.0
