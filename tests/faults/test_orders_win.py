"""An order that is on record before a mail is on its way silences it; and a process that stood still knows it."""

from __future__ import annotations

import os
import random
import signal
import time

import pytest

from tests.faults.count import LONG, settle, tally, until_sent
from tests.faults.shopper import Shop, basket, order, post
from tests.faults.town import Town, until

pytestmark = pytest.mark.faults

PEOPLE = 1000 if LONG else 80
STALL = 11.0
"""Longer than a mail may stand between its commit and its first byte."""


def frozen_at(town: Town, point: str) -> tuple[Shop, int]:
    """A shop whose mail a worker has in hand, stopped at this place; the others wait."""
    shop = town.shop()
    pid = town.fork("worker-1", "-c", "2", MANDJE_CRASH_AT=f"{point}:1:stop")
    post(shop, [basket(email) for email in shop.people(PEOPLE)])
    town.crew(workers=1, beats=1)
    assert until(lambda: town.is_stopped(pid), seconds=60)
    return shop, pid


def buyers_recorded(town: Town, shop: Shop, buyers: list[str]) -> bool:
    ask = "SELECT count(*) FROM orders_order WHERE store_id = %s"
    return bool(town.rows(ask, shop.id)[0][0] == len(buyers))


def test_an_order_between_render_and_sending(town: Town) -> None:
    """The mail is written; its process stands still; half of the people buy."""
    shop, pid = frozen_at(town, "rendered")
    buyers = shop.people(PEOPLE)[::2]
    post(shop, [order(email) for email in buyers])
    town.fork("worker-2")
    assert until(lambda: buyers_recorded(town, shop, buyers), seconds=60)
    os.kill(pid, signal.SIGCONT)
    assert settle(town, [shop])

    count = tally(town, shop, shop.people(PEOPLE), scenario="order between render and sending")
    count.hold()
    assert count.unknown == 0
    assert count.sent >= PEOPLE - len(buyers)


def test_orders_race_with_the_batch(town: Town) -> None:
    """People buy at any moment while the mails leave."""
    people = 10_000 if LONG else 300
    chance = random.Random(11)
    town.behave(delay=0.03)
    shop = town.shop()
    post(shop, [basket(email) for email in shop.people(people)])
    buyers = shop.people(people)
    chance.shuffle(buyers)
    town.crew()
    assert until_sent(town, shop, 1)
    post(shop, [order(email) for email in buyers])
    assert settle(town, [shop])

    count = tally(town, shop, shop.people(people), scenario="orders race with the batch")
    count.hold()
    assert count.unknown == 0
    assert 0 < count.sent < people
    journal = "SELECT count(*) FROM fault_journal WHERE what = 'order' AND email = ANY(%s)"
    assert town.rows(journal, buyers)[0][0] == people, "the moments of the orders are not known"


@pytest.mark.parametrize("point", ["claimed", "sending"])
def test_a_worker_that_stood_still_longer_than_it_may(town: Town, point: str) -> None:
    """SIGSTOP, longer than the guard; then its lease and deadline pass and another worker goes on; then SIGCONT."""
    shop, pid = frozen_at(town, point)
    time.sleep(STALL)
    # Two minutes pass: what it claimed may be taken over, what it was sending is in doubt.
    town.run(
        "UPDATE mail_message SET lease_until = now() - interval '1 second', due_at = due_at - interval '3 minutes'"
        " WHERE store_id = %s AND status IN ('claimed', 'sending')",
        shop.id,
    )
    town.fork("worker-2")
    assert until(lambda: moved_on(town, shop), seconds=60)
    os.kill(pid, signal.SIGCONT)
    begun = time.monotonic()
    # Those in doubt are handed back by the one who knows.
    assert until(lambda: not in_doubt(town, shop), seconds=60)
    assert settle(town, [shop])

    count = tally(town, shop, shop.people(PEOPLE), scenario=f"stopped at {point}")
    count.recover_s = round(time.monotonic() - begun, 1)
    count.hold()
    assert count.unknown == 0
    assert count.sent == PEOPLE


def moved_on(town: Town, shop: Shop) -> bool:
    ask = "SELECT count(*) FROM mail_message WHERE store_id = %s AND status IN ('claimed', 'sending')"
    return bool(town.rows(ask, shop.id)[0][0] == 0)


def in_doubt(town: Town, shop: Shop) -> bool:
    ask = "SELECT count(*) FROM mail_message WHERE store_id = %s AND status = 'unknown'"
    return bool(town.rows(ask, shop.id)[0][0])
