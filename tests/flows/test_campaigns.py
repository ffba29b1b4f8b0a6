"""The owner's send button: a head-count first, batches, never twice, and a stop that stops."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from apps.customers.models import Hold
from apps.flows import campaigns
from apps.flows.campaigns import NotSendable
from apps.flows.models import Campaign
from apps.mail.dispatch import dispatch_due
from apps.mail.library import install_templates
from apps.mail.models import Message
from apps.segments.models import Segment
from tests.shopkeeping import ADA, BEN, CY, Outbox, Person, Shop, World, open_store

pytestmark = pytest.mark.django_db
DEE = Person("Dee", "dee@shopper.example", 9002)
EVE = Person("Eve", "eve@shopper.example", 9003)


@pytest.fixture
def shop(world: World) -> Shop:
    shop = Shop(open_store(), world)
    install_templates(shop.store, "abandoned-checkout", ["nl"])
    return shop


def campaign(shop: Shop, **fields: Any) -> Campaign:
    values = {"name": "You said, we did", "template_slug": "abandoned-checkout-1", "audience": "everybody"}
    return Campaign.objects.create(store=shop.store, **(values | fields))


def status(shop: Shop, person: Person) -> tuple[str, str]:
    message = Message.objects.of(shop.store).get(customer=shop.customer(person))
    return message.status, message.reason


def test_the_head_count_says_who_gets_it_and_why_others_do_not_and_leaves_no_trace(shop: Shop) -> None:
    for person in (ADA, BEN, DEE, EVE):
        shop.says_yes(person)
    shop.suppresses(BEN)
    shop.leaves_cart(CY, consent=False)
    Hold.objects.create(store=shop.store, customer=shop.customer(DEE), kind="complaint", began_at=shop.world.at)
    shop.sets(caps="1/7d")
    asked = shop.asks_for(EVE)
    dispatch_due(lambda: shop.world.at)
    assert Message.objects.get(pk=asked).status == "accepted"
    mail = campaign(shop)

    found = campaigns.count(mail, shop.world.at)

    assert (found.people, found.asked, found.get) == (5, 5, 1)
    assert found.later == {"cap": 1, "hold_complaint": 1}
    assert found.never == {"no_basis_no_consent": 1, "suppressed_marketing": 1}
    assert list(Message.objects.values_list("pk", flat=True)) == [asked]
    mail.refresh_from_db()
    assert mail.counts["get"] == 1


def test_it_is_planned_in_batches_and_never_twice_whatever_is_done_again(shop: Shop, outbox: Outbox) -> None:
    people = [Person(f"P{n}", f"p{n}@shopper.example", 9100 + n) for n in range(5)]
    for person in people:
        shop.says_yes(person)
    mail = campaign(shop, send_at=shop.world.at + timedelta(hours=2))
    campaigns.start(mail, shop.world.at)
    assert campaigns.plan_due(shop.world.at) == 0

    at = shop.world.at + timedelta(hours=2)
    seen = []
    while done := campaigns.plan_due(at, limit=2):
        seen.append(done)
        at += campaigns.PAUSE
    mail.refresh_from_db()
    assert (seen, mail.planned, mail.status) == ([2, 2, 1], 5, "done")

    # A worker that died before its commit, or a hand that puts it back: nothing new comes of it.
    Campaign.objects.update(status="sending", due_at=at, after=0)
    campaigns.plan_due(at)
    mail.refresh_from_db()
    assert (mail.status, mail.planned, Message.objects.count()) == ("done", 5, 5)
    shop.world.at = at
    while dispatch_due(lambda: at):
        pass
    assert [len(outbox.to(person)) for person in people] == [1] * 5
    assert campaigns.progress(mail) == {"states": {"accepted": 5}, "reasons": {}}


def test_what_still_waits_is_withdrawn_when_it_is_stopped(shop: Shop) -> None:
    for person in (ADA, DEE):
        shop.says_yes(person)
    mail = campaign(shop)
    campaigns.start(mail, shop.world.at)
    campaigns.plan_due(shop.world.at, limit=1)

    assert campaigns.stop(mail, shop.world.at) == 1

    assert mail.status == "stopped"
    assert campaigns.plan_due(shop.world.at + timedelta(days=1)) == 0
    message = Message.objects.get()
    assert (message.status, message.reason) == ("skipped", "campaign_stopped")
    assert campaigns.progress(mail)["reasons"] == {"campaign_stopped": 1}


def test_everyone_who_ordered_lately_gets_service_mail_about_their_order(
    shop: Shop, other_shop: Shop, outbox: Outbox, travel: Any
) -> None:
    """B41: a backlog. No permission is needed to tell buyers about their order, and no cap counts."""
    shop.sets(caps="1/7d")
    shop.places_order(EVE)
    travel(days=8)
    first, second = shop.places_order(ADA), shop.places_order(DEE)
    other_shop.places_order(CY)
    install_templates(shop.store, "backlog", ["nl"])
    mail = campaign(shop, template_slug="backlog-1", kind="service", purpose="status", audience="recent_orders", days=7)

    assert campaigns.count(mail, shop.world.at).get == 2
    campaigns.start(mail, shop.world.at)
    travel(minutes=1)

    assert status(shop, ADA) == ("accepted", "")
    assert status(shop, DEE) == ("accepted", "")
    assert {str(first), str(second)} == {
        message.order.external_id for message in Message.objects.select_related("order")
    }
    assert outbox.to(EVE) == []
    assert outbox.to(CY) == []


def test_a_segment_is_looked_at_in_one_moment(shop: Shop) -> None:
    shop.says_yes(ADA)
    shop.says_yes(DEE)
    shop.places_order(DEE)
    buyers = Segment.objects.create(
        store=shop.store, slug="buyers", name="Buyers", definition=[{"ordered": {"times": "at_least", "n": 1}}]
    )
    mail = campaign(shop, audience="segment", segment=buyers)

    assert campaigns.count(mail, shop.world.at).people == 1
    campaigns.start(mail, shop.world.at)
    campaigns.plan_due(shop.world.at)

    assert [message.customer for message in Message.objects.all()] == [shop.customer(DEE)]
    assert Message.objects.get().about == {"campaign": mail.pk}


def test_what_cannot_be_sent_says_so(shop: Shop) -> None:
    nobody = campaign(shop, audience="segment")
    textless = campaign(shop, template_slug="nothing-1")
    for wrong, code in ((nobody, "no_segment"), (textless, "no_text")):
        with pytest.raises(NotSendable, match=code):
            campaigns.start(wrong, shop.world.at)
    mail = campaign(shop)
    campaigns.start(mail, shop.world.at)
    with pytest.raises(NotSendable, match="already_sent"):
        campaigns.start(mail, shop.world.at)
    with pytest.raises(IntegrityError, match="service_goes_to_buyers"), transaction.atomic():
        campaign(shop, kind="service")


def test_one_that_cannot_be_read_any_more_holds_up_no_other(shop: Shop) -> None:
    shop.says_yes(ADA)
    broken = Segment.objects.create(store=shop.store, slug="s", name="S", definition=[{"ordered": {"n": 1}}])
    first, second = campaign(shop, audience="segment", segment=broken), campaign(shop)
    campaigns.start(first, shop.world.at)
    campaigns.start(second, shop.world.at)
    Segment.objects.update(definition=[{"nonsense": 1}])

    while campaigns.plan_due(shop.world.at):
        pass

    first.refresh_from_db()
    second.refresh_from_db()
    assert (first.status, second.status) == ("stopped", "done")
