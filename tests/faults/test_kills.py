"""kill -9, again and again, of whoever is at work; and the orderly end of a deploy."""

from __future__ import annotations

import random
import time
from itertools import pairwise

import pytest

from tests.faults.count import LONG, entries, in_flight, is_through, settle, tally, until_sent
from tests.faults.shopper import Round, Shop, basket, post
from tests.faults.town import Town, until

pytestmark = pytest.mark.faults

SEEDS = range(1, 21 if LONG else 4)
PEOPLE = 1000
KILLS = 6
RECOVERY = 60.0


@pytest.mark.parametrize("seed", SEEDS)
def test_workers_and_beats_killed_at_random(town: Town, seed: int) -> None:
    chance = random.Random(seed)
    town.behave(delay=0.01)
    shop = town.shop()
    posting = Round(shop, [basket(email) for email in shop.people(PEOPLE)])
    posting.start()
    town.crew()
    holders, kills = kill_at_random(town, shop, chance)
    assert len(posting.wait().stored) == PEOPLE
    town.crew()
    assert settle(town, [shop])

    count = tally(
        town, shop, shop.people(PEOPLE), scenario=f"random kills, seed {seed}", in_flight=in_flight(town, holders)
    )
    count.recover_s = round(longest_silence(town, shop), 1)
    count.more = {"kills": kills}
    count.hold()
    assert count.recover_s <= RECOVERY


def kill_at_random(town: Town, shop: Shop, chance: random.Random) -> tuple[set[str], int]:
    """Kill a worker every few seconds (now and then a beat), and start it again at once."""
    holders: set[str] = set()
    kills = 0
    until_sent(town, shop, 1, seconds=90)
    while kills < KILLS and not is_through(town, shop):
        time.sleep(chance.uniform(0.5, 2.5))
        name = chance.choice(["worker-1", "worker-2", "worker-1", "worker-2", "beat-1", "beat-2"])
        if name.startswith("worker"):
            holders.add(town.holder_of(town.running[name]))
            kills += 1
        town.kill(name)
        town.fork(name)
    return holders, kills


def longest_silence(town: Town, shop: Shop) -> float:
    """The longest time without a mail, from the first to the last."""
    moments = sorted(entry["at"] for entry in entries(town, shop))
    return max((later - sooner for sooner, later in pairwise(moments)), default=0.0)


def test_a_deploy_in_the_middle_of_a_batch_leaves_no_doubt(town: Town) -> None:
    """SIGTERM to everybody, as systemd and `make run` do it, three times over."""
    people = 1000 if LONG else 200
    town.behave(delay=0.03)
    shop = town.shop()
    post(shop, [basket(email) for email in shop.people(people)])
    slowest = 0.0
    for enough in (1, people // 4, people // 2):
        # From the Procfile, as it is shipped.
        for name in ("worker-1", "worker-2", "beat-1"):
            town.start(name)
        assert until_sent(town, shop, enough)
        slowest = max(slowest, *(town.ask_to_stop(name) for name in ("beat-1", "worker-1", "worker-2")))
        begun = time.monotonic()
    town.crew()
    assert settle(town, [shop])

    count = tally(town, shop, shop.people(people), scenario="deploy restart")
    count.recover_s = round(time.monotonic() - begun, 1)
    count.more = {"stop_s": round(slowest, 1)}
    count.hold()
    assert count.unknown == 0
    assert count.sent == people


def test_without_a_beat_nothing_moves_and_with_one_everything_does(town: Town) -> None:
    people = 1000 if LONG else 100
    shop = town.shop()
    town.crew(beats=1)
    town.ask_to_stop("beat-1")
    post(shop, [basket(email) for email in shop.people(people)])
    time.sleep(3)
    assert not entries(town, shop)

    begun = time.monotonic()
    town.crew(beats=2)
    assert settle(town, [shop])

    count = tally(town, shop, shop.people(people), scenario="beat away, then two")
    count.recover_s = round(time.monotonic() - begun, 1)
    count.hold()
    assert count.sent == people


def test_the_web_killed_while_deliveries_come_in(town: Town) -> None:
    """What was answered 200 is on disk; the shop repeats the others, and all are there once."""
    people = 1000 if LONG else 300
    shop = town.shop(wait="1h")
    posting = Round(shop, [basket(email) for email in shop.people(people)], pace=0.01)
    posting.start()
    kills = 0
    while posting.is_alive() and kills < 4:
        enough = len(posting.result.stored) + people // 6
        until_answered(posting, enough)
        town.kill("web")
        missing = unstored(town, shop, posting.result.stored)
        assert not missing
        town.start("web")
        kills += 1
    result = posting.wait()
    rows = town.rows("SELECT count(*) FROM ingestion_delivery WHERE store_id = %s", shop.id)[0][0]
    print({"scenario": "web killed", "answered": len(result.stored), "rows": rows, "tried again": result.refused})
    assert len(result.stored) == rows == people


def until_answered(posting: Round, enough: int) -> None:
    """Until so many were answered 200, or all have been."""
    until(lambda: len(posting.result.stored) >= enough or not posting.is_alive(), seconds=20)


def unstored(town: Town, shop: Shop, answered: list[str]) -> set[str]:
    """Who was answered 200 and is not on disk."""
    bodies = town.rows(
        "SELECT convert_from(b.data, 'UTF8') FROM ingestion_deliverybody b JOIN ingestion_delivery d"
        " ON d.id = b.delivery_id WHERE d.store_id = %s",
        shop.id,
    )
    kept = "\n".join(row[0] for row in bodies)
    return {email for email in answered if f'"{email}"' not in kept}
