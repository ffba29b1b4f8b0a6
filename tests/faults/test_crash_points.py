"""A worker that dies at a named place: before and after every commit on the way of a mail."""

from __future__ import annotations

import time

import pytest

from tests.faults.count import LONG, in_flight, settle, tally, until_planned
from tests.faults.shopper import Shop, basket, post
from tests.faults.town import Town, until

pytestmark = pytest.mark.faults

PEOPLE = 300 if LONG else 60
POINTS = ["claimed:1", "rendered:1", "sending:1", "answered:1", "closed:1", "sending:2"]
HANDS = {"hold": "mid-DATA, not accepted", "hold_accepted": "mid-DATA, accepted"}
RECOVERY = 60.0


def waiting_mail(town: Town, count: int = PEOPLE) -> Shop:
    """A shop whose mail is planned, and due, with nobody at work."""
    shop = town.shop()
    answers = post(shop, [basket(email) for email in shop.people(count)])
    assert len(answers.stored) == count
    return shop


def test_a_worker_that_dies_anywhere_sends_nothing_twice_and_loses_nothing(town: Town) -> None:
    """Each place has a shop of its own: a worker takes the shop that waited longest, and dies with its mail."""
    shops = [waiting_mail(town) for _ in [*POINTS, *HANDS]]
    town.run("UPDATE stores_store SET transport_paused_until = now() + interval '1 hour'")
    town.crew(workers=2, beats=1)
    assert all(until_planned(town, shop, PEOPLE) for shop in shops)
    town.kill("worker-1")
    town.kill("worker-2")

    flying = [die_at(town, shop, point) for shop, point in zip(shops, POINTS, strict=False)]
    flying += [die_in_hands(town, shop, fault) for shop, fault in zip(shops[len(POINTS) :], HANDS, strict=True)]
    left_behind = [row[0] for row in town.rows("SELECT DISTINCT holder FROM mail_message WHERE holder <> ''")]
    town.run("UPDATE stores_store SET transport_paused_until = NULL")
    begun = time.monotonic()
    town.crew()
    assert until(lambda: not held_by(town, left_behind), seconds=150)
    recovered = time.monotonic() - begun
    assert settle(town, shops)

    for shop, place, lost in zip(shops, [*POINTS, *HANDS.values()], flying, strict=True):
        count = tally(town, shop, shop.people(PEOPLE), scenario=f"killed at {place}", in_flight=lost)
        count.recover_s = round(recovered, 1)
        count.hold()
        assert count.recover_s <= RECOVERY
    # Nothing had left at these: nothing is in doubt.
    assert flying[:2] == [0, 0]


def die_at(town: Town, shop: Shop, point: str) -> int:
    """A worker with one thread, for one shop; returns how many mails were in flight when it died."""
    open_only(town, shop)
    town.fork("worker-1", "-c", "1", MANDJE_CRASH_AT=point)
    assert town.ended("worker-1"), f"nobody died at {point}"
    time.sleep(0.3)
    return flying_of(town, shop)


def die_in_hands(town: Town, shop: Shop, fault: str) -> int:
    """The server has the body and does not answer; the worker dies waiting."""
    town.behave({fault: 1.0})
    open_only(town, shop)
    town.fork("worker-1", "-c", "1")
    assert until(lambda: town.held() > 0, seconds=60)
    town.kill("worker-1")
    time.sleep(0.3)
    town.behave()
    return flying_of(town, shop)


def held_by(town: Town, holders: list[str]) -> int:
    """How many mails the dead still have in hand."""
    ask = "SELECT count(*) FROM mail_message WHERE status IN ('claimed', 'sending') AND holder = ANY(%s)"
    return int(town.rows(ask, holders)[0][0])


def open_only(town: Town, shop: Shop) -> None:
    town.run(
        "UPDATE stores_store SET transport_paused_until = CASE WHEN id = %s THEN NULL"
        " ELSE now() + interval '1 hour' END",
        shop.id,
    )


def flying_of(town: Town, shop: Shop) -> int:
    holders = town.rows("SELECT DISTINCT holder FROM mail_message WHERE store_id = %s", shop.id)
    return in_flight(town, [row[0] for row in holders])
