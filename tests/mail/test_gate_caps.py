"""Caps, priority, windows and lateness, from the owner's side (product.md 5, scenarios 22 and 23)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from apps.core import db
from apps.mail.dispatch import dispatch_due
from apps.mail.library import install_templates
from apps.mail.models import Message
from tests.shopkeeping import Outbox, Person, Shop

pytestmark = pytest.mark.django_db
AMSTERDAM = ZoneInfo("Europe/Amsterdam")
CART, CROSS_SELL, WIN_BACK = 20, 40, 60


@pytest.fixture
def shop(shop: Shop) -> Shop:
    install_templates(shop.store, "abandoned-checkout", ["nl"])
    return shop


def dispatch_all(shop: Shop, *, limit: int = 500) -> None:
    for _ in range(40):
        if not dispatch_due(lambda: shop.world.at, limit):
            return
    raise AssertionError("the queue does not come to rest")


def state(number: int) -> tuple[str, str]:
    found = Message.objects.get(pk=number)
    return found.status, found.reason


def three_wishes(shop: Shop, person: Person) -> tuple[int, int, int]:
    """Cart, win-back and cross-sell, all due now; asked for in an unlucky order."""
    shop.says_yes(person)
    week = shop.world.at + timedelta(days=21)
    win_back = shop.asks_for(person, purpose="winback", priority=WIN_BACK, valid_until=week)
    cross_sell = shop.asks_for(
        person, purpose="other", priority=CROSS_SELL, valid_until=shop.world.at + timedelta(days=3)
    )
    cart = shop.asks_for(person, purpose="cart", priority=CART)
    return cart, cross_sell, win_back


@pytest.mark.parametrize("limit", [500, 1], ids=["one batch", "one by one"])
def test_with_room_for_two_the_basket_goes_first_and_the_last_waits(
    shop: Shop, outbox: Outbox, travel, ada: Person, limit: int
) -> None:
    """Scenario 23. One by one the freshest and least urgent is claimed first; it may not overtake."""
    shop.sets(caps="2/7d")
    cart, cross_sell, win_back = three_wishes(shop, ada)

    dispatch_all(shop, limit=limit)
    assert state(cart)[0] == "accepted"
    assert state(cross_sell) == ("planned", "cap")
    assert state(win_back) == ("planned", "cap")

    travel(minutes=15)
    assert state(cross_sell)[0] == "accepted"
    assert state(win_back) == ("planned", "cap")

    notice = shop.asks_for(ada, kind="service", purpose="delay", priority=90)
    dispatch_all(shop)
    assert state(notice)[0] == "accepted"

    travel(days=6, hours=23)
    assert state(win_back) == ("planned", "cap")
    travel(hours=2)
    assert state(win_back)[0] == "accepted"
    assert len(outbox.to(ada)) == 4


def test_what_is_capped_beyond_its_use_lapses_and_says_why(shop: Shop, travel, ada: Person) -> None:
    shop.sets(caps="1/7d")
    cart, cross_sell, win_back = three_wishes(shop, ada)

    dispatch_all(shop)
    travel(days=3, hours=1)

    assert state(cart)[0] == "accepted"
    assert state(cross_sell) == ("skipped", "stale_capped")
    assert state(win_back) == ("planned", "cap")


@pytest.mark.parametrize(("caps", "left"), [("off", 3), ("1/1m", 1), ("2/7d", 1), ("1/16h,3/7d", 1), ("9/1h,1/60d", 1)])
def test_any_cap_can_be_set_and_off_is_off(shop: Shop, ada: Person, caps: str, left: int) -> None:
    shop.sets(caps=caps)
    asked = three_wishes(shop, ada)

    dispatch_all(shop)

    assert [state(one)[0] for one in asked].count("accepted") == left


def test_several_caps_hold_at_once(shop: Shop, travel, ada: Person) -> None:
    """The defaults: one in 16 hours, three in a week."""
    shop.sets(caps="1/16h,3/7d")
    shop.says_yes(ada)
    asked = [shop.asks_for(ada, valid_until=shop.world.at + timedelta(days=21)) for _ in range(5)]

    went = []
    for _ in range(9):
        dispatch_all(shop)
        went.append([state(one)[0] for one in asked].count("accepted"))
        travel(hours=16, minutes=5)

    assert went == [1, 2, 3, 3, 3, 3, 3, 3, 3]
    travel(days=1, hours=18)
    assert [state(one)[0] for one in asked].count("accepted") == 5


def test_a_cap_longer_than_a_month_is_seen_by_gate_and_departure_alike(shop: Shop, travel, ada: Person) -> None:
    """The gate once looked back 31 days; the departure refused, and the mail went round and round."""
    shop.sets(caps="1/60d")
    shop.says_yes(ada)
    first = shop.asks_for(ada)
    dispatch_all(shop)
    shop.world.at += timedelta(days=40)
    second = shop.asks_for(ada, valid_until=shop.world.at + timedelta(days=60))

    dispatch_all(shop)

    assert state(first)[0] == "accepted"
    assert state(second) == ("planned", "cap")
    assert Message.objects.get(pk=second).due_at > shop.world.at + timedelta(days=19)


def test_one_persons_cap_is_nobody_elses(shop: Shop, other_shop: Shop, ada: Person, cy: Person) -> None:
    shop.sets(caps="1/7d")
    install_templates(other_shop.store, "abandoned-checkout", ["nl"])
    for person in (ada, cy):
        shop.says_yes(person)
    other_shop.says_yes(ada)
    asked = [shop.asks_for(ada), shop.asks_for(cy), other_shop.asks_for(ada)]

    dispatch_all(shop)

    assert [state(one)[0] for one in asked] == ["accepted"] * 3


def test_a_paused_shop_holds_the_urgent_and_the_rest_alike(shop: Shop, travel, ada: Person) -> None:
    shop.sets(caps="1/16h")
    cart, _, win_back = three_wishes(shop, ada)
    db.run("UPDATE stores_store SET status = 'paused' WHERE id = %s", [shop.store.pk])
    dispatch_all(shop)
    assert state(cart) == ("planned", "store_paused")

    db.run("UPDATE stores_store SET status = 'active' WHERE id = %s", [shop.store.pk])
    travel(minutes=15)

    assert state(cart)[0] == "accepted"
    assert state(win_back) == ("planned", "cap")


# --- windows --------------------------------------------------------------------------------------


def local(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=AMSTERDAM).astimezone(UTC)


@pytest.mark.parametrize(
    ("due", "leaves"),
    [
        ("2026-03-06T17:10", "2026-03-09T13:00"),  # Friday after hours
        ("2026-03-27T17:10", "2026-03-30T13:00"),  # over the night in which an hour is skipped
        ("2026-10-23T17:10", "2026-10-26T13:00"),  # over the night that has an hour twice
        ("2026-03-10T12:59", "2026-03-10T13:00"),
        ("2026-03-10T13:00", "2026-03-10T13:00"),
        ("2026-03-10T16:30", "2026-03-11T13:00"),
    ],
)
def test_mail_waits_for_the_window_and_leaves_once(
    shop: Shop, outbox: Outbox, ada: Person, due: str, leaves: str
) -> None:
    """Scenario 22: Monday to Friday 13:00-16:30."""
    shop.sets(window="mo-fr 13:00-16:30", quiet="21:00-08:00", sunday="off")
    shop.world.at = local(due)
    shop.says_yes(ada)
    asked = shop.asks_for(ada)

    dispatch_all(shop)
    if due != leaves:
        assert state(asked) == ("planned", "quiet_hours")
        assert Message.objects.get(pk=asked).due_at == local(leaves)
        shop.world.at = local(leaves) - timedelta(seconds=1)
        dispatch_all(shop)
        assert outbox.all() == []
        shop.world.at = local(leaves)
        dispatch_all(shop)

    assert state(asked)[0] == "accepted"
    shop.world.at += timedelta(days=7)
    dispatch_all(shop)
    assert len(outbox.to(ada)) == 1


def test_a_goal_met_while_the_window_is_shut_drops_the_mail(shop: Shop, outbox: Outbox, travel, ada: Person) -> None:
    shop.sets(window="mo-fr 13:00-16:30")
    shop.world.at = local("2026-03-06T17:10")
    cart = shop.leaves_cart(ada)
    asked = shop.asks_for(ada, cart=cart)
    dispatch_all(shop)

    shop.world.at += timedelta(hours=20)
    shop.places_order(ada)
    travel(days=3)

    assert state(asked) == ("skipped", "order_placed")
    assert outbox.all() == []


def test_a_shut_window_uses_up_no_validity(shop: Shop, ada: Person) -> None:
    """24 hours of use are 24 open hours (decision 10): seven afternoons of three and a half."""
    shop.sets(window="mo-fr 13:00-16:30")
    shop.world.at = local("2026-03-06T17:10")
    shop.says_yes(ada)
    late = shop.asks_for(ada)
    early = shop.asks_for(ada)
    Message.objects.filter(pk=late).update(due_at=local("2026-03-17T16:00"))
    Message.objects.filter(pk=early).update(due_at=local("2026-03-16T16:00"))

    shop.world.at = local("2026-03-16T16:00")
    dispatch_all(shop)
    shop.world.at = local("2026-03-17T16:00")
    dispatch_all(shop)

    assert state(early)[0] == "accepted"
    assert state(late) == ("skipped", "stale")


def test_the_first_basket_mail_obeys_only_the_night(shop: Shop, outbox: Outbox, ada: Person) -> None:
    shop.sets(window="mo-fr 13:00-16:30", sunday="off", quiet="21:00-08:00")
    shop.world.at = local("2026-03-08T10:00")  # Sunday
    shop.says_yes(ada)
    first = shop.asks_for(ada, night_only=True)
    second = shop.asks_for(ada)

    dispatch_all(shop)

    assert state(first)[0] == "accepted"
    assert state(second) == ("planned", "quiet_hours")


def test_service_mail_knows_no_hours(shop: Shop, ada: Person) -> None:
    shop.sets(window="mo-fr 13:00-16:30")
    shop.world.at = local("2026-03-08T03:00")
    shop.says_yes(ada)

    asked = shop.asks_for(ada, kind="service")
    dispatch_all(shop)

    assert state(asked)[0] == "accepted"


# --- lateness -------------------------------------------------------------------------------------


def test_what_comes_too_late_is_dropped_and_not_sent_in_a_burst(shop: Shop, outbox: Outbox, ada: Person) -> None:
    """F10: a day and a half without workers."""
    shop.says_yes(ada)
    asked = [shop.asks_for(ada) for _ in range(3)]
    shop.world.at += timedelta(hours=36)

    dispatch_all(shop)

    assert [state(one) for one in asked] == [("skipped", "stale")] * 3
    assert outbox.all() == []


def test_a_shop_that_is_polled_waits_for_fresh_news_of_orders(shop: Shop, travel, ada: Person) -> None:
    """F19: the order webhook is lost; nobody is mailed after buying."""
    db.run(
        "UPDATE stores_store SET feed = 'polled', orders_polled_at = %s WHERE id = %s",
        [shop.world.at - timedelta(minutes=16), shop.store.pk],
    )
    cart = shop.leaves_cart(ada)
    db.run("UPDATE carts_cart SET status = 'abandoned', abandoned_at = %s, due_at = NULL", [shop.world.at])
    asked = shop.asks_for(ada, cart=cart, valid_until=shop.world.at + timedelta(minutes=20))
    dispatch_all(shop)
    assert state(asked) == ("planned", "feed_stale")

    travel(minutes=25)

    assert state(asked) == ("skipped", "stale_feed")
