"""What ran live for weeks, told once more: by dates, by what other apps say, beside other flows, and with offers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from tests.shopkeeping import ADA, BEN, Person
from tests.stories import planning

if TYPE_CHECKING:
    import pytest

    from apps.flows.simulating.report import Simulated
    from tests.shopkeeping import Outbox, Shop, World

DEE = Person("Dee", "dee@shopper.example")
EVE = Person("Eve", "eve@shopper.example")
FAY = Person("Fay", "fay@shopper.example")
AMSTERDAM = ZoneInfo("Europe/Amsterdam")
JOINED = datetime(2026, 1, 1, tzinfo=UTC)
TWO_MAILS = [{"send_email": planning.ANY}, {"wait": "3d"}, {"send_email": planning.ANY}]
Mail = tuple[str, int | None, str, datetime | None]


def opens(shop: Shop) -> datetime:
    """A shop that has been with us for a while; returns now."""
    shop.store.created_at = JOINED
    shop.store.save(update_fields=["created_at"])
    return shop.world.at


def replayed(shop: Shop, *flows: Any, began: datetime) -> Simulated:
    """These flows once more, from then till now."""
    from apps.flows.simulating.sharing import simulate
    from apps.flows.simulating.trying import draft_of

    return simulate(shop.store, [draft_of(flow) for flow in flows], began=began, ended=shop.world.at)


def left(shop: Shop, began: datetime) -> list[Mail]:
    """What really left since then: flow, person, mail, moment."""
    from apps.flows.models import Enrollment
    from apps.mail.models import Message

    flow_of = {f"run:{run.pk}": run.flow.slug for run in Enrollment.objects.of(shop.store).select_related("flow")}
    found = Message.objects.of(shop.store).filter(status="accepted", sending_at__gte=began)
    mails = [(flow_of.get(m.origin.split("/")[0], ""), m.customer_id, m.template_slug, m.sending_at) for m in found]
    return in_order(mails)


def would_leave(found: Simulated) -> list[Mail]:
    return in_order([(line.flow, line.customer_id, line.template, line.at) for line in found.lines])


def in_order(mails: list[Mail]) -> list[Mail]:
    return sorted(mails, key=lambda mail: (mail[3], mail[1], mail[0]))


def test_flows_that_go_by_the_calendar_are_found_again_to_the_second(
    shop: Shop, world: World, travel: Callable[..., None]
) -> None:
    from apps.catalog.models import Product
    from tests.invariants import bodies

    shop.sets(quiet="21:00-10:00", sunday="off", caps="2/7d", max_age="24h")
    opens(shop)
    shop.sends(bodies.woo_product(13, world.at, name="Coffee"))
    Product.objects.of(shop.store).update(life_days_min=24, life_days_max=60, in_stock=True)
    for person in (ADA, BEN, DEE, EVE):
        shop.says_yes(person)
        shop.places_order(person)
        travel(hours=30)
    eve = shop.customer(EVE)
    eve.birth_month, eve.birth_day = 4, 14
    eve.save()
    flows = [
        planning.live(
            shop, "silent", {"no_order_for": 1}, reentry={"every": "30d"}, purpose="survey", steps=TWO_MAILS,
            exits=["order_placed", "unsubscribed"], filter=[{"spent": {"most": "100"}}],
        ),
        planning.live(shop, "restock", {"replenish": {"share": 85}}, purpose="replenish", exits=["bought_again"]),
        planning.live(shop, "birthday", {"birthday": 7}, reentry={"every": "300d"}, purpose="birthday"),
        planning.live(shop, "lapsed", {"lapsed": {"at_least": "36d"}}, reentry={"every": "90d"}, purpose="winback"),
    ]  # fmt: skip
    began = world.at
    travel(days=12)
    shop.places_order(BEN)
    travel(days=14, hours=2)
    # Between the first and the second mail of the silence he buys, and she says no.
    shop.places_order(ADA)
    shop.says_no(DEE)
    travel(days=22)

    found = replayed(shop, *flows, began=began)

    assert {mail[0] for mail in left(shop, began)} == {"silent", "restock", "birthday", "lapsed"}
    assert would_leave(found) == left(shop, began)
    assert found.declined == declined(shop, began)


def declined(shop: Shop, began: datetime) -> list[Any]:
    """Who was at the door and not let in, counted by flow and reason as a replay does."""
    from apps.events.models import Event
    from apps.flows.models import Flow
    from apps.flows.simulating.report import Sum

    names = dict(Flow.objects.of(shop.store).values_list("pk", "slug"))
    events = Event.objects.filter(store_id=shop.store.pk, kind="flow.declined", recorded_at__gte=began)
    counted = Counter((names[event.data["flow"]], event.data["reason"]) for event in events)
    sums = [Sum(flow=flow, reason=reason, count=count) for (flow, reason), count in counted.items()]
    return sorted(sums, key=lambda one: (one.flow, -one.count, one.reason))


def test_what_another_app_told_counts_from_when_we_learned_of_it(
    shop: Shop, world: World, travel: Callable[..., None]
) -> None:
    from tests.stories.otherapps import tells

    began = opens(shop)
    for person in (ADA, BEN, DEE):
        shop.says_yes(person)
    flow = planning.live(
        shop, "points", {"custom_event": "loyalty.level"}, steps=TWO_MAILS,
        filter=[{"told": {"events": ["ticket.opened"], "times": "zero"}}],
    )  # fmt: skip
    travel(minutes=10)
    assert tells(shop, {"kind": "ticket.opened", "email": DEE.email}) == 202
    travel(days=1)
    for person in (ADA, BEN, DEE):
        assert tells(shop, {"kind": "loyalty.level", "email": person.email}) == 202
    travel(days=2)
    # It is told two days after it happened, and so a day too late to keep Ben out.
    late = {"kind": "ticket.opened", "email": BEN.email, "time": f"{world.at - timedelta(days=3):%Y-%m-%dT%H:%M:%SZ}"}
    assert tells(shop, late) == 202
    travel(days=3)

    found = replayed(shop, flow, began=began)

    ada, ben = shop.customer(ADA).pk, shop.customer(BEN).pk
    assert [mail[1] for mail in left(shop, began)] == [ada, ben, ada]
    assert would_leave(found) == left(shop, began)
    assert found.declined == declined(shop, began)


def test_the_conflict_map_counts_what_plain_counting_finds(
    shop: Shop, world: World, travel: Callable[..., None]
) -> None:
    from apps.flows.models import Enrollment
    from apps.flows.simulating import trying
    from apps.mail.models import Message

    shop.sets(caps="1/2d", max_age="off")
    began = opens(shop)
    flows = [
        planning.preset(shop, "abandoned-checkout"),
        planning.live(shop, "thanks", "order_paid", steps=TWO_MAILS, purpose="other"),
    ]
    for number, person in enumerate((ADA, BEN, DEE, EVE, FAY)):
        basket = shop.leaves_cart(person, name=f"b{number}")
        travel(hours=3)
        if number != 4:
            shop.places_order(person, from_cart=basket if number == 3 else None)
        travel(hours=5)
        if number < 2:
            shop.leaves_cart(person, name=f"later{number}")
    travel(days=9)

    found = trying.conflicts(flows[1], began, world.at)

    runs = Enrollment.objects.of(shop.store).select_related("flow")
    inside = {slug: {run.customer_id for run in runs if run.flow.slug == slug} for slug in found.names}
    assert {(pair.one, pair.other): pair.people for pair in found.pairs} == {
        (one, other): len(inside[one] & inside[other]) for one in inside for other in inside
    }
    assert 0 < len(inside["thanks"] & inside["abandoned-checkout"]) < len(inside["abandoned-checkout"])
    messages = list(Message.objects.of(shop.store))
    went = [message for message in messages if message.status == "accepted" and message.sending_at]
    a_day = Counter((m.customer_id, m.sending_at.astimezone(AMSTERDAM).date()) for m in went if m.sending_at)
    assert found.most_a_day == dict(Counter(a_day.values()))
    assert would_leave(found) == left(shop, began)
    # At any hour of any day: what left or ended later than it was wanted, the limit of mails held up.
    late = [m for m in messages if (m.sending_at or m.ended_at) > m.wanted_at]
    assert found.postponed == {"cap": len(late)}
    assert len(late) > 2


def test_who_was_inside_already_is_counted_apart(shop: Shop, world: World, travel: Callable[..., None]) -> None:
    opens(shop)
    flow = planning.preset(shop, "abandoned-checkout")
    shop.leaves_cart(ADA)
    travel(days=1, hours=1)
    began = world.at
    shop.leaves_cart(BEN)
    travel(days=9)

    found = replayed(shop, flow, began=began)

    theirs = [mail for mail in left(shop, began) if mail[1] == shop.customer(ADA).pk]
    assert (found.inside, found.inside_mails) == (1, len(theirs))
    assert len(theirs) > 0
    assert would_leave(found) == [mail for mail in left(shop, began) if mail not in theirs]
    assert (found.entered, found.people, found.mails) == (1, 1, len(found.lines))
    assert [(pair.one, pair.people) for pair in found.pairs] == [("abandoned-checkout", 2)]


def test_offers_cost_so_much_at_most_and_no_code_is_made(shop: Shop, world: World, travel: Callable[..., None]) -> None:
    from decimal import Decimal

    from apps.core.secrets import seal
    from apps.flows.simulating.report import Cost
    from apps.offers.models import Code
    from apps.stores.models import Connection
    from tests.offers.giving import offers
    from tests.stories.test_simulation import everything

    began = opens(shop)
    Connection.objects.create(
        store=shop.store, credentials_sealed=seal("ck_1", bound_to=f"{shop.store.key}/credentials")
    )
    offers(shop, name="Welcome back", value=Decimal(10))
    flow = planning.live(
        shop, "back", "order_paid",
        steps=[{"wait": "1d"}, {"give_offer": "Welcome back"}, {"send_email": planning.ANY}],
    )  # fmt: skip
    flow.live = False
    flow.save()
    for person in (ADA, BEN, DEE):
        shop.says_yes(person)
        shop.places_order(person)
        travel(hours=4)
    shop.places_order(ADA)
    travel(days=4)
    before = everything()

    found = replayed(shop, flow, began=began)

    assert found.costs == [Cost(currency="EUR", codes=3, amount=Decimal(30))]
    assert (found.mails, found.people) == (4, 3)
    # A code takes one look more, and is never waited for; within ninety days nobody is given a second one.
    later = [line.at - began - timedelta(days=1) for line in found.lines]
    assert later == [*(timedelta(hours=hours, seconds=15) for hours in (0, 4, 8)), timedelta(hours=12)]
    assert not Code.objects.of(shop.store).exists()
    assert everything() == before


def test_moments_taken_together_change_no_mail_and_no_person(
    shop: Shop, world: World, travel: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    from apps.flows.simulating import clock
    from tests.stories.test_simulation import lives
    from tests.stories.test_simulation import opens as opens_with_rules

    opens_with_rules(shop)
    began = world.at
    flow = planning.live(shop, "thanks", "order_paid", steps=TWO_MAILS)
    lives(shop, travel)
    exact = replayed(shop, shop_flow(shop), flow, began=began)
    monkeypatch.setattr(clock, "EXACT", 3)
    monkeypatch.setattr(clock, "STRETCHES", 100)

    stretched = replayed(shop, shop_flow(shop), flow, began=began)

    assert (exact.grain, stretched.grain) == (timedelta(), timedelta(minutes=30))
    assert would_leave(exact) == left(shop, began)
    assert [mail[:3] for mail in would_leave(stretched)] == [mail[:3] for mail in would_leave(exact)]
    apart = [abs(a.at - b.at) for a, b in zip(exact.lines, stretched.lines, strict=True)]
    assert max(apart) <= stretched.grain
    for name in ("entered", "people", "mails", "skipped", "declined", "ended_unsent", "postponed", "pairs"):
        assert getattr(stretched, name) == getattr(exact, name)


def shop_flow(shop: Shop) -> Any:
    from apps.flows.models import Flow

    return Flow.objects.of(shop.store).get(slug="abandoned-checkout")


def test_what_was_decided_in_shadow_keeps_nobody_out_of_the_real_flow(
    shop: Shop, world: World, travel: Callable[..., None], outbox: Outbox
) -> None:
    """Neither by re-entry `never`, nor by the occasion, nor by the pause between two flows of one lane."""
    from apps.flows import shadowing
    from apps.flows.models import Enrollment

    opens(shop)
    for person in (ADA, BEN):
        shop.says_yes(person)
    flows = [
        planning.live(shop, "thanks", "order_paid", reentry="never"),
        planning.live(shop, "lapsed", {"lapsed": {"at_least": "30d"}}, reentry="never", purpose="winback"),
    ]
    for flow in flows:
        shadowing.decides_only(flow, world.at)
    shop.places_order(ADA)
    travel(hours=1)
    shop.places_order(ADA)
    travel(days=32)
    # In shadow a second order brings nothing, as it would live: once for ever.
    assert outbox.all() == []
    assert Counter(run.flow.slug for run in Enrollment.objects.of(shop.store)) == {"thanks": 1, "lapsed": 1}

    for flow in flows:
        shadowing.sends(flow, world.at)
    travel(days=1)
    shop.places_order(ADA)
    travel(days=31)

    real = [run for run in Enrollment.objects.of(shop.store).order_by("id") if not run.occasion.startswith("shadow:")]
    assert [run.flow.slug for run in real] == ["thanks", "lapsed"]
    assert len(outbox.to(ADA)) == 2
    # And now it counts: once for ever.
    shop.places_order(ADA)
    travel(days=32)
    assert len(outbox.to(ADA)) == 2


def test_who_came_to_be_at_risk_and_looked_again_afterwards(
    shop: Shop, world: World, travel: Callable[..., None]
) -> None:
    """What only a night makes of somebody is made again; a click of today keeps nobody out of last month."""
    from apps.tracking.models import Click
    from tests.stories.test_segments import mails, segment

    opens(shop)
    segment(shop, "quiet", {"at_risk": {}})
    for days in (8, 6):
        for person in (ADA, BEN):
            shop.says_yes(person)
            shop.places_order(person)
        travel(days=days)
    sent = [mails(shop, person, 5, from_at=world.at - timedelta(days=3)) for person in (ADA, BEN)]
    flow = planning.live(shop, "risk", "at_risk", reentry={"every": "90d"}, purpose="at_risk")
    began = world.at
    travel(days=4)
    shop.places_order(BEN)
    travel(days=5)
    Click.objects.create(message_id=sent[0][0], slot=1, at=world.at)
    travel(days=1)

    found = replayed(shop, flow, began=began)

    of_it = [mail for mail in left(shop, began) if mail[0] == "risk"]
    assert [mail[1] for mail in of_it] == [shop.customer(ADA).pk]
    assert would_leave(found) == of_it
