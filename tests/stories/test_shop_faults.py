"""When a shop goes wrong: no wrong mail, nothing lost, the shop next door unharmed, and its owner told what to do."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from django.utils import translation

from apps.core import db
from apps.dashboard.alarms import alarms
from apps.ingestion import looking, running
from apps.ingestion.models import Errand
from apps.ingestion.progress import progress
from apps.orders.models import Order
from apps.stores.models import Connection
from apps.stores.troubles import explain
from tests.shopkeeping import ADA, CY, run_queues
from tests.shops.base import FAULTS
from tests.shops.connected import Connected

KINDS = ("woocommerce", "shopify")
HARMLESS = {"slow", "noisy"}
"""Late but whole, and PHP's notices before the JSON: an answer all the same."""
CASES = [(kind, fault) for kind in KINDS for fault in FAULTS if fault not in HARMLESS]
FEW = [(kind, fault) for kind, fault in CASES if kind == "woocommerce" or fault in ("timeout", "revoked", "busy")]
"""Where the way is the same for both platforms."""


@pytest.fixture(autouse=True)
def patience(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Whoever waits for a shop waits shorter until it is well again; how is the same."""

    def lasts(seconds: float) -> None:
        monkeypatch.setattr(looking, "LOOK_SECONDS", seconds)
        monkeypatch.setattr(running, "PAGE_SECONDS", seconds)
        monkeypatch.setattr(running, "HISTORY_PAGE_SECONDS", seconds)

    lasts(0.5)
    return lasts


def is_told(shop: Connected) -> bool:
    """Whether the owner reads, in both languages, what is wrong with the connection, and what to do."""
    known = Connection.objects.get(store=shop.store)
    for language in ("nl", "en"):
        with translation.override(language):
            sentence, mend = explain(known.trouble, known.trouble_values)
            found = [one for one in alarms(shop.store, shop.world.at) if one.cause == sentence]
            if not sentence or "{" in sentence or "…" in sentence or [one.mend for one in found] != [mend]:
                return False
    return True


def leaves_reminded(shop: Connected, person=ADA):
    """A basket, two hours old, whose reminder is due."""
    shop.has_mails()
    cart = shop.leaves_cart(person)
    shop.world.at += timedelta(hours=2)
    shop.waiting_mail(person, cart)
    return cart


@pytest.fixture
def neighbour(joins) -> Connected:
    """Cy's shop: well."""
    shop = joins("woocommerce", name="Zeezicht")
    shop.rests()
    shop.has_mails()
    return shop


@pytest.mark.parametrize(("kind", "fault"), CASES)
def test_a_shop_that_goes_wrong_mails_nobody_and_loses_nothing(joins, neighbour, outbox, patience, kind, fault):
    shop = joins(kind)
    shop.rests()
    cys = neighbour.leaves_cart(CY)
    leaves_reminded(shop)
    neighbour.waiting_mail(CY, cys)
    shop.buys_unheard(ADA)
    shop.fake.breaks(fault)

    run_queues(shop.world.at)
    assert outbox.to(ADA) == []
    assert len(outbox.to(CY)) == 1
    (waiting,) = shop.messages(ADA)
    assert (waiting.status, waiting.reason) == ("planned", "feed_stale")
    assert is_told(shop)

    shop.fake.mends()
    patience(10.0)
    _reconnects(shop)
    shop.world.travel(minutes=20)
    assert outbox.to(ADA) == []
    (ended,) = shop.messages(ADA)
    assert (ended.status, ended.reason) == ("skipped", "order_placed")


@pytest.mark.parametrize(("kind", "fault"), [case for case in FEW if case[1] in ("timeout", "revoked", "frozen")])
def test_whoever_bought_nothing_gets_the_mail_once_the_shop_is_well(joins, outbox, patience, kind, fault):
    shop = joins(kind)
    shop.rests()
    leaves_reminded(shop)
    shop.fake.breaks(fault)
    run_queues(shop.world.at)

    shop.fake.mends()
    patience(10.0)
    _reconnects(shop)
    shop.world.travel(minutes=20)

    assert len(outbox.to(ADA)) == 1


@pytest.mark.parametrize(("kind", "fault"), [("woocommerce", "slow"), ("woocommerce", "noisy"), ("shopify", "slow")])
def test_what_is_only_late_or_noisy_is_an_answer(joins, outbox, patience, kind, fault):
    patience(10.0)
    shop = joins(kind)
    shop.rests()
    leaves_reminded(shop)
    shop.fake.breaks(fault)

    run_queues(shop.world.at)

    assert len(outbox.to(ADA)) == 1


@pytest.mark.parametrize(("kind", "fault"), FEW)
def test_a_poll_that_fails_is_tried_again_and_finds_what_was_missed(joins, patience, kind, fault):
    shop = joins(kind)
    shop.runs("poll")
    shop.reload()
    first = shop.store.orders_polled_at
    number = shop.buys_unheard(ADA)
    shop.world.at += timedelta(minutes=3)
    shop.fake.breaks(fault)
    shop.runs("poll")
    shop.reload()
    assert shop.store.orders_polled_at == first
    assert Connection.objects.get(store=shop.store).trouble != ""

    shop.fake.mends()
    patience(10.0)
    _reconnects(shop)
    shop.world.at += timedelta(minutes=20)
    while running.run_due(lambda: shop.world.at):
        pass

    shop.reload()
    assert shop.store.orders_polled_at == shop.world.at
    assert Order.objects.of(shop.store).filter(external_id=number).exists()
    assert Connection.objects.get(store=shop.store).trouble == ""


def _reconnects(shop: Connected) -> None:
    """Where only the owner can act, he does."""
    from apps.ingestion.joining import join

    if not Errand.objects.of(shop.store).filter(due_at__isnull=False).exclude(kind="audit").exists() or (
        Connection.objects.get(store=shop.store).trouble in looking.HOPELESS
    ):
        join(shop.store, shop.way, shop.fake.access().credentials, shop.world.at)


# --- one bad answer among good ones ---


@pytest.mark.parametrize("fault", ["half", "not_json", "broken"])
def test_one_bad_page_in_a_history_costs_a_pause_and_no_order(joins, patience, fault):
    shop = joins("woocommerce")
    for minute in range(130):
        shop.fake.adds_order(email=ADA.email, at=shop.fake.now - timedelta(days=30, minutes=minute))
    shop.breaks_after(1, fault, times=2)

    shop.runs("backfill")
    patience(10.0)
    for _ in range(2):
        shop.world.at += timedelta(hours=1)
        shop.runs("backfill")

    assert Order.objects.of(shop.store).count() == 130


def test_ten_thousand_pages_in_the_memory_of_one(joins, patience):
    patience(10.0)
    shop, other = joins("woocommerce"), joins("woocommerce", name="Zeezicht")
    _has_endless_orders(shop, pages=10_000)
    db.run("UPDATE ingestion_errand SET due_at = NULL")
    db.run("UPDATE ingestion_errand SET due_at = %s WHERE (store_id, kind, what) = (%s, 'backfill', 'orders')",
           [shop.world.at, shop.store.pk])  # fmt: skip

    running.run_due(lambda: shop.world.at, limit=20)
    tracemalloc.start()
    grown = []
    for _ in range(3):
        running.run_due(lambda: shop.world.at, limit=20)
        grown.append(tracemalloc.get_traced_memory()[0])
    tracemalloc.stop()

    (mine,) = [one for one in progress(shop.store) if (one.kind, one.what) == ("backfill", "orders")]
    assert 70 < mine.done < 90
    assert mine.total == 10_000
    assert mine.running
    assert grown[-1] - grown[0] < 500_000
    # Between two slices of that, others have their turn.
    db.run("UPDATE ingestion_errand SET due_at = %s WHERE (store_id, kind) = (%s, 'poll')",
           [shop.world.at - timedelta(seconds=1), other.store.pk])  # fmt: skip
    running.run_due(lambda: shop.world.at)
    other.reload()
    assert other.store.orders_polled_at is not None


def _has_endless_orders(shop: Connected, *, pages: int) -> None:
    """One new order a page, made when it is asked for."""
    from tests.shops.base import Reply

    number = shop.fake.adds_order(email=ADA.email, at=shop.fake.now - timedelta(days=400))
    answers = shop.fake.reply
    original = shop.fake.orders[int(number)]

    def reply(asked):
        if not asked.path.endswith("/orders"):
            return answers(asked)
        plain = {key: value for key, value in original.items() if not key.startswith("~")}
        first = int(asked.query.get("offset") or 0)
        made = [plain | {"id": 5_000_000 + one, "number": str(one)} for one in range(first, min(first + 2, pages))]
        return Reply(200, made, headers={"X-WP-Total": str(pages), "X-WP-TotalPages": str(pages)})

    shop.fake.reply = reply


# --- clocks, deliveries ---


@pytest.mark.parametrize(
    "ahead", [timedelta(hours=-5), timedelta(minutes=-9), timedelta(minutes=9), timedelta(hours=5)]
)
def test_a_shop_whose_clock_is_wrong_hides_no_order(joins, patience, ahead):
    patience(10.0)
    shop = joins("shopify")
    shop.fake.ahead = ahead
    shop.runs("poll")
    number = shop.fake.adds_order(email=ADA.email, at=shop.fake.now)

    shop.world.at += timedelta(minutes=3)
    shop.runs("poll")

    assert Order.objects.of(shop.store).filter(external_id=number).exists()


@pytest.mark.parametrize("kind", KINDS)
def test_a_delivery_twenty_five_hours_late_starts_nothing(joins, outbox, kind):
    shop = joins(kind, rules={"quiet": "off", "sunday": "on", "caps": "off"})
    shop.switches_on()
    shop.rests()
    long_ago, today = shop.world.at - timedelta(hours=26), shop.world.at
    shop.world.at = long_ago
    from tests.invariants import bodies

    post = (
        bodies.shopify_checkout("late", long_ago, email=ADA.email) if kind == "shopify"
        else bodies.woo_cart("late", long_ago, email=ADA.email, consent=("granted", long_ago))
    )  # fmt: skip
    shop.world.at = today
    shop.sends(post)

    shop.world.travel(hours=6)

    assert outbox.all() == []


@pytest.mark.parametrize("kind", KINDS)
def test_an_order_told_by_webhook_and_seen_by_poll_is_one_order(joins, patience, kind):
    patience(10.0)
    shop = joins(kind)
    shop.switches_on()
    cart = shop.leaves_cart(ADA)
    number = shop.places_order(ADA, from_cart=cart)
    told_before = _state(shop, number)

    shop.fake.adds_order(email=ADA.email, at=shop.world.at)
    shop.runs("poll")
    shop.runs("poll")

    assert _state(shop, number) == told_before
    assert Order.objects.of(shop.store).count() == 2


def _state(shop: Connected, number: int) -> list[tuple[object, ...]]:
    return db.rows(
        "SELECT stage, total, placed_at, silences FROM orders_order WHERE store_id = %s AND external_id = %s",
        [shop.store.pk, str(number)],
    )


def test_two_deliveries_that_share_an_id_are_two(joins):
    """WooCommerce makes it of the second: two orders of one second collide (woocommerce.md 1.3)."""
    shop = joins("woocommerce")
    from tests.shopkeeping import process_all

    bodies_and_headers = []
    for person in (ADA, CY):
        number = shop.fake.adds_order(email=person.email, at=shop.fake.now)
        bodies_and_headers.append(shop.fake.delivers("order.created", number))
    same = bodies_and_headers[0][1]["X-WC-Webhook-Delivery-ID"]

    for body, headers in [*bodies_and_headers, bodies_and_headers[0]]:
        _knock(shop, body, {**headers, "X-WC-Webhook-Delivery-ID": same})
    process_all(shop.world.at + timedelta(days=1))

    assert Order.objects.of(shop.store).count() == 2


def _knock(shop: Connected, body: bytes, headers: dict[str, str]) -> None:
    from apps.ingestion import arrivals
    from apps.stores import secrets_ring
    from apps.stores.platforms.base import Request, platforms

    ring = secrets_ring.load(shop.store.platform, shop.store.key)
    request = Request(headers={k.lower(): v for k, v in headers.items()}, body=body, at=shop.world.at)
    arrivals.keep(shop.store.pk, platforms.get(shop.store.platform).authenticate(request, ring), body)


@pytest.mark.parametrize("kind", ["shopify"])
def test_a_shop_that_removes_us_in_the_middle_of_a_flow_mails_nobody_any_more(joins, neighbour, outbox, kind):
    shop = joins(kind)
    shop.switches_on()
    shop.rests()
    shop.leaves_cart(ADA)
    neighbour.switches_on()
    neighbour.leaves_cart(CY)
    shop.world.travel(minutes=90)

    shop.removes_us()
    shop.world.travel(hours=4)

    assert outbox.to(ADA) == []
    assert len(outbox.to(CY)) == 1
    assert Connection.objects.get(store=shop.store).credentials_sealed == ""
    assert is_told(shop)


# --- every field missing in turn ---


def _fields(thing: dict, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    for name, value in thing.items():
        if name.startswith(("~", "_")):
            continue
        yield (*path, name)
        if isinstance(value, dict) and len(path) < 1:
            yield from _fields(value, (*path, name))


def test_an_order_that_lacks_any_one_field_stops_no_poll_and_hides_no_other(joins, patience):
    shop = joins("woocommerce")
    first = shop.fake.orders[int(shop.fake.adds_order(email=ADA.email, at=shop.fake.now))]
    # By these the pretended shop itself finds and sorts its orders.
    paths = [path for path in _fields(first) if path[0] not in ("id", "status") and not path[0].startswith("date_")]
    assert len(paths) > 50

    for path in paths:
        number = int(shop.fake.adds_order(email=ADA.email, at=shop.fake.now))
        place = shop.fake.orders[number]
        if len(path) == 2:
            place = place[path[0]] = dict(place[path[0]])
        del place[path[-1]]
    last = shop.fake.adds_order(email=CY.email, at=shop.fake.now)
    patience(10.0)
    shop.runs("poll")

    shop.reload()
    assert shop.store.orders_polled_at == shop.world.at
    known = set(Order.objects.of(shop.store).values_list("external_id", flat=True))
    assert last in known
    assert len(known) > len(paths) * 0.8
