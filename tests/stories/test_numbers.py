"""The numbers an owner steers by, from real deliveries: product.md section 9, scenarios 17 to 20."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from tests.invariants import bodies
from tests.shopkeeping import MONDAY, Outbox, Person, Shop, World
from tests.stories.answering import leads_to, looks, path_of

if TYPE_CHECKING:
    from django.test import Client

    from tests.invariants.bodies import Post

FIFTY = (("13", 1, "50.00"),)


def paid(number: int, buyer: int, at: datetime, **more: str) -> Post:
    """An order of €50."""
    email = f"buyer{buyer}@shopper.example"
    return bodies.woo_order(number, at, "processing", created=at, email=email, things=FIFTY, paid=at, **more)  # type: ignore[arg-type]


def orders(buyers: Iterable[int], at: datetime, first: int) -> list[Post]:
    return [paid(first + place, buyer, at) for place, buyer in enumerate(buyers)]


def test_17_who_comes_back_how_often_and_for_how_much(shop: Shop, other_shop: Shop) -> None:
    from apps.reports.people import people
    from apps.reports.periods import Period

    # Ten buyers order five times, twenty four times, seventy once; ten days lie between.
    for turn, buyers in enumerate((100, 30, 30, 30, 10)):
        shop.sends(*orders(range(buyers), shop.world.at, 1000 * (turn + 1)))
        shop.world.travel(days=10)
    at = shop.world.at

    found = people(shop.store, Period(None, at), at)
    assert (found.customers, found.orders, found.vips) == (100, 200, 30)
    assert found.returning_percent == Decimal(30)
    assert found.frequency == Decimal(2)
    assert found.average_order == Decimal(50)
    assert found.value(3) == Decimal(300)
    assert (found.mean_gap, found.median_gap) == (Decimal(10), Decimal(10))

    # One order paid back whole, of somebody who had but that one: out of the count.
    back = bodies.woo_order(
        1099, at, "refunded", created=MONDAY, email="buyer99@shopper.example", things=FIFTY, paid=MONDAY
    )
    shop.sends(back)
    assert people(shop.store, Period(None, at), at).customers == 99
    # The last ten days are a period of their own, which ends before its last moment.
    assert people(shop.store, Period(MONDAY + timedelta(days=40), at), at).orders == 10
    assert people(shop.store, Period(MONDAY, MONDAY + timedelta(days=40)), at).orders == 189

    nobody = people(other_shop.store, Period(None, at), at)
    assert (nobody.customers, nobody.orders) == (0, 0)
    figures = (nobody.returning_percent, nobody.frequency, nobody.average_order, nobody.value(3), nobody.median_gap)
    assert figures == (None,) * 5


def test_17_gaps_of_twenty_thirty_and_forty_days_are_thirty(shop: Shop) -> None:
    from apps.reports.people import people
    from apps.reports.periods import Period

    moments = [MONDAY + timedelta(days=day) for day in (0, 20, 50, 90)]
    shop.world.at = moments[-1] + timedelta(days=1)
    shop.sends(*(paid(2000 + place, 1, at) for place, at in enumerate(moments)))

    found = people(shop.store, Period(None, shop.world.at), shop.world.at)
    assert (found.mean_gap, found.median_gap) == (Decimal(30), Decimal(30))


def test_18_churn_leaves_newcomers_out(shop: Shop) -> None:
    from apps.reports.keeping import keeping
    from apps.reports.periods import Period

    period = Period(MONDAY, MONDAY + timedelta(days=100))
    shop.world.at = period.until
    shop.sends(*orders(range(100), MONDAY - timedelta(days=30), 1000))
    shop.sends(*orders(range(90), MONDAY + timedelta(days=80), 2000))

    found = keeping(shop.store, period, shop.world.at)
    assert (found.start, found.end, found.churn, found.retention) == (100, 90, Decimal(10), Decimal(90))

    shop.sends(*orders(range(200, 220), MONDAY + timedelta(days=50), 3000))
    found = keeping(shop.store, period, shop.world.at)
    assert (found.new, found.end) == (20, 110)
    assert (found.churn, found.retention) == (Decimal(10), Decimal(90))

    # Before the shop's first order there was nobody to lose; and in ten days all hundred are silent.
    empty = keeping(shop.store, Period(MONDAY - timedelta(days=200), period.until), shop.world.at)
    assert (empty.start, empty.churn, empty.retention) == (0, None, None)
    assert keeping(shop.store, period, shop.world.at, days=10).churn is None


def test_19_abandonment_and_its_uplift(shop: Shop, other_shop: Shop) -> None:
    from apps.reports.baskets import baskets, uplift
    from apps.reports.periods import Period

    shop.sends(*(bodies.woo_cart(f"basket{n}", MONDAY, FIFTY) for n in range(100)))
    later = MONDAY + timedelta(hours=1)
    shop.world.at = later
    shop.sends(*(paid(1000 + n, n, later, cart=f"basket{n}") for n in range(40)))
    period = Period(MONDAY, MONDAY + timedelta(days=1))

    first = baskets(shop.store, period, MONDAY + timedelta(days=2))
    assert (first.carts, first.ordered, first.abandonment) == (100, 40, Decimal(60))
    assert first.capture == Decimal(100)

    shop.sends(*(paid(1000 + n, n, later, cart=f"basket{n}") for n in range(40, 44)))
    # One who paid without a basket that we saw.
    shop.sends(paid(2000, 200, later))
    second = baskets(shop.store, period, MONDAY + timedelta(days=2))
    assert (second.carts, second.ordered, second.abandonment) == (100, 44, Decimal(56))
    assert (second.orders, second.captured, second.capture) == (45, 44, Decimal("97.78"))
    assert uplift(first.abandonment, second.abandonment) == Decimal(10)

    nothing = baskets(other_shop.store, period, MONDAY + timedelta(days=2))
    assert (nothing.abandonment, nothing.capture, uplift(nothing.abandonment, first.abandonment)) == (None,) * 3


def test_20_recovered_stands_beside_the_control_group(shop: Shop, world: World, outbox: Outbox, phone: Client) -> None:
    from apps.reports.periods import Period
    from apps.reports.recovery import recovery

    shop.switches_on()
    cast = [Person(f"Buyer {n}", f"buyer{n}@shopper.example") for n in range(60)]
    leave_baskets(shop, cast[:50])
    world.travel(hours=2)
    shop.store.holdout = Decimal(100)
    shop.store.save(update_fields=["holdout"])
    leave_baskets(shop, cast[50:])
    world.travel(hours=2)
    mails = {mail.parsed["To"].addresses[0].addr_spec: mail for mail in outbox.all()}
    assert len(mails) == 50

    for place, person in enumerate(cast[:7]):
        leads_to(phone, world, own_link(mails[person.email].links))
        world.at += timedelta(seconds=10 + place)
    scanned = own_link(mails[cast[10].email].links)
    looks(phone, world, path_of(scanned), method="head")
    world.at += timedelta(hours=1)
    # Six after a click, four without one, one of the control group; the seventh's click is older than the window.
    shop.sends(*(paid(1000 + n, n, world.at) for n in (*range(6), 10, 11, 12, 13, 50)))
    world.at += timedelta(days=6)
    shop.sends(paid(1006, 6, world.at))
    at = world.at + timedelta(days=9)

    (flow,) = recovery(shop.store, Period(MONDAY, at), at)
    assert (flow.entered, flow.recovered, flow.percent) == (50, 6, Decimal(12))
    assert flow.without_click == 5
    assert flow.revenue == Decimal(300)
    assert (flow.held, flow.held_ordered) == (10, 1)
    # 11 of 50 against 1 of 10: twelve points more, which ten people cannot tell from chance.
    assert flow.difference == Decimal(12)
    assert flow.interval is not None
    low, high = flow.interval
    assert low < 0 < flow.difference < high

    # Before their two weeks are over nobody is compared; the scanner's click was nobody's.
    early = world.at - timedelta(days=5)
    (flow,) = recovery(shop.store, Period(MONDAY, early), early)
    assert (flow.recovered, flow.without_click, flow.difference, flow.interval) == (6, 4, None, None)


def leave_baskets(shop: Shop, people: Iterable[Person]) -> None:
    at = shop.world.at
    shop.sends(
        *(
            bodies.woo_cart(
                f"basket of {person.email}", at, FIFTY, email=person.email, first_name=person.name,
                consent=("granted", at),
            )
            for person in people
        )
    )  # fmt: skip


def own_link(links: list[str]) -> str:
    """The first link that leads back to the basket."""
    return next(link for link in links if "/r/" in link or "/c/" in link)
