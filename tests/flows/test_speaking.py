"""The ordinary case in one statement gives the same rows as the engine, step by step."""

from __future__ import annotations

import random
from datetime import timedelta
from typing import Any

from django.db import transaction
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from apps.core import db
from apps.flows import definition, engine, plans, publishing, walking
from apps.flows.models import Enrollment
from apps.flows.parts import Step
from apps.mail.models import Message
from tests.flows.shops import PLAN, Shop
from tests.flows.trees import trees

_ROWS = (
    """SELECT id, position, status, reason, step_at, spoke, spoke_at, due_at, attempts, ended_at
    FROM flows_enrollment ORDER BY id""",
    "SELECT enrollment_id, position, kind, outcome, detail::text, at FROM flows_steprun ORDER BY 1, 2",
    """SELECT store_id, customer_id, origin, kind, purpose, priority, template_slug, cart_id, order_id, code_id, since,
        night_only, about::text, shadow, status, planned_at, wanted_at, due_at, valid_until, reason, sending_epoch
    FROM mail_message ORDER BY origin""",
)


def rows() -> list[list[tuple[Any, ...]]]:
    return [db.rows(statement) for statement in _ROWS]


def step_by_step(shop: Shop) -> list[list[tuple[Any, ...]]]:
    """What the engine writes when it takes one step after the other; then it is as if nothing had been."""
    with transaction.atomic():
        while runs := walking.claim(shop.at, 1000):
            engine._advance(runs, shop.at)
        found = rows()
        transaction.set_rollback(True)
    return found


def something_happens(shop: Shop, chance: random.Random) -> None:
    """Mails leave, late or not, are skipped or stay in hand; people order, are suppressed, or fill a basket."""
    for message in Message.objects.of(shop.store).filter(status="planned"):
        match chance.randrange(5):
            case 0 | 1:
                shop.sent(message, at=shop.at + timedelta(minutes=chance.choice([0, 3, 90, 700])))
            case 2:
                Message.objects.filter(pk=message.pk).update(status="skipped", reason="cap", due_at=None)
            case 3:
                Message.objects.filter(pk=message.pk).update(status="claimed")
    name = f"person{chance.randrange(6)}"
    match chance.randrange(6):
        case 0:
            shop.order(name)
        case 1 if not shop.person(name).pk % 3:
            shop.cart(name, status="active", abandoned_at=None, due_at=shop.at + timedelta(hours=1))


@settings(
    deadline=None,
    max_examples=8,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(trees(("tag", "wait_until", "wait_for")), st.integers(0, 2**32), st.booleans())
def test_both_ways_write_the_same_rows(shop: Shop, steps: tuple[Step, ...], seed: int, basket: bool) -> None:
    chance = random.Random(seed)
    shop.people.clear()
    plans.forget()
    with transaction.atomic():
        plan = definition.read({**PLAN, "steps": [{"send_email": "x"}]})
        fields = {name: getattr(plan, name) for name in definition.Definition.__dataclass_fields__}
        text = definition.Definition(**{**fields, "steps": steps, "flow": f"flow-{seed}"})
        for _, slug in publishing.templates_of(text):
            shop.template(slug)
        flow = publishing.save_draft(shop.store.pk, text)
        # Variants may differ in more than one thing here: they are only walked.
        version = publishing.Version.objects.create(flow=flow, number=1, definition=text.plain(), published_at=shop.at)
        type(flow).objects.filter(pk=flow.pk).update(version=version, live=True, live_since=shop.at)
        for number in range(6):
            cart = shop.cart(f"person{number}") if basket or number % 2 else None
            Enrollment.objects.create(
                store=shop.store, flow=flow, version=version, customer=shop.person(f"person{number}"), cart=cart,
                occasion=f"o{number}", triggered_at=shop.at, entered_at=shop.at, due_at=shop.at,
                about={"line": number} if number % 2 else {},
            )  # fmt: skip
        began = shop.at
        for _ in range(6):
            expected = step_by_step(shop)
            shop.advance()
            assert rows() == expected
            something_happens(shop, chance)
            shop.at += timedelta(minutes=chance.choice([1, 30, 200, 1500]))
        shop.at = began
        transaction.set_rollback(True)


def test_the_shipped_reminder_goes_the_short_way(shop: Shop) -> None:
    """Not by luck: every one of its mails is asked for by the one statement."""
    shop.flow()
    shop.leaves("ada")
    seen = []
    for hours in (1, 23, 48):
        shop.at += timedelta(hours=hours)
        with transaction.atomic():
            places = walking.claim_places(shop.at, 10)
            seen.append(engine._speak(places, shop.at) == {place.id for place in places} != set())
        shop.sent()
        shop.advance()

    assert seen == [True, True, True]
    assert shop.mails("ada") == ["1", "2", "3"]
    assert shop.run("ada").status == "completed"
