"""The last look: right before a reminder leaves, the shop itself is asked whether the basket was bought."""

from __future__ import annotations

import time
from datetime import timedelta

import pytest

from apps.carts.abandonment import abandon_due
from apps.ingestion import looking
from apps.mail import dispatch, last_look
from apps.mail.models import Message
from tests.shopkeeping import run_queues
from tests.shops.base import Asked

BOTH = pytest.mark.parametrize("kind", ["woocommerce", "shopify"])


@pytest.fixture(params=["woocommerce", "shopify"])
def joined(joins, request):
    shop = joins(request.param)
    shop.rests()
    shop.has_mails()
    return shop


def the_mail(shop, person) -> Message:
    (message,) = shop.messages(person)
    return message


def test_an_order_one_second_old_whose_webhook_never_came_silences_the_mail(joined, ada, outbox):
    cart = joined.leaves_cart(ada)
    joined.world.at += timedelta(hours=2)
    joined.buys_unheard(ada)
    joined.waiting_mail(ada, cart)

    run_queues(joined.world.at)

    assert outbox.all() == []
    assert the_mail(joined, ada).reason == "order_placed"


def test_whoever_bought_nothing_gets_the_mail(joined, ada, outbox):
    cart = joined.leaves_cart(ada)
    joined.world.at += timedelta(hours=2)
    joined.waiting_mail(ada, cart)

    run_queues(joined.world.at)

    assert len(outbox.to(ada)) == 1
    joined.reload()
    assert joined.store.orders_polled_at == joined.world.at
    assert the_mail(joined, ada).verdict["inputs"]["looked"] is not None


def test_a_shop_that_does_not_answer_keeps_the_mail_waiting_and_then_it_goes(joined, ada, outbox, monkeypatch):
    monkeypatch.setattr(looking, "LOOK_SECONDS", 0.4)
    cart = joined.leaves_cart(ada)
    joined.world.at += timedelta(hours=2)
    joined.waiting_mail(ada, cart)
    joined.fake.breaks("broken")

    run_queues(joined.world.at)
    assert outbox.all() == []
    assert the_mail(joined, ada).reason == "feed_stale"

    monkeypatch.setattr(looking, "LOOK_SECONDS", 10.0)
    joined.fake.mends()
    joined.world.travel(minutes=16)
    assert len(outbox.to(ada)) == 1


def test_mail_that_waited_too_long_for_the_shop_is_dropped_with_that_reason(joined, ada, outbox, monkeypatch):
    monkeypatch.setattr(looking, "LOOK_SECONDS", 0.4)
    cart = joined.leaves_cart(ada)
    joined.world.at += timedelta(hours=2)
    joined.waiting_mail(ada, cart)
    joined.fake.breaks("revoked")

    run_queues(joined.world.at)
    joined.world.at += timedelta(hours=25)
    run_queues(joined.world.at)

    assert outbox.all() == []
    assert the_mail(joined, ada).reason == "stale_feed"


def test_the_basket_of_an_unpaid_order_that_was_paid_meanwhile_gets_no_mail(joins, ada, outbox):
    shop = joins("woocommerce")
    number = shop.fake.adds_order(email=ada.email, at=shop.world.at, status="pending")
    shop.runs("poll")
    shop.rests()
    shop.has_mails()
    from apps.carts.models import Cart

    cart = Cart.objects.of(shop.store).get()
    shop.says_yes(ada)
    shop.world.at += timedelta(hours=2)
    shop.fake.pays(number)
    shop.waiting_mail(ada, cart)

    run_queues(shop.world.at)

    assert outbox.all() == []
    assert the_mail(shop, ada).reason == "order_placed"


def test_one_look_for_a_whole_batch_and_none_where_no_mail_is_about_a_basket(joined, ada, cy, outbox):
    carts = [(person, joined.leaves_cart(person)) for person in (ada, cy)]
    joined.world.at += timedelta(hours=2)
    joined.asks_for(ada, purpose="review", cart_id=None, since=None)
    asked = len(joined.fake.asked)
    run_queues(joined.world.at)
    assert len(joined.fake.asked) == asked
    assert len(outbox.all()) == 1

    looks: list[int] = []
    joined.store.refresh_from_db()
    count = looking._ask
    looking_at = lambda *args: (looks.append(len(args[1])), count(*args))[1]  # noqa: E731
    for person, cart in carts:
        joined.waiting_mail(person, cart)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(looking, "_ask", looking_at)
        run_queues(joined.world.at)

    assert looks == [2]
    assert len(outbox.all()) == 3


def test_a_batch_so_slow_that_the_look_is_old_asks_again(joined, ada, cy, outbox, monkeypatch):
    """Two mails, one at a time; a minute and more goes by between them, in which Cy buys."""
    monkeypatch.setattr(dispatch, "FIRST_CHUNK", 1)
    monkeypatch.setattr(dispatch, "LARGEST_CHUNK", 1)
    carts = [(person, joined.leaves_cart(person)) for person in (ada, cy)]
    joined.world.at += timedelta(hours=2)
    for person, cart in carts:
        joined.waiting_mail(person, cart)
    started = joined.world.at
    deliver = dispatch._hand_over

    def slowly(item, transport):
        joined.world.at += timedelta(seconds=90)
        joined.fake.adds_order(email=cy.email if "ada" in item.written.parcel.to else ada.email, at=started)
        return deliver(item, transport)

    monkeypatch.setattr(dispatch, "_hand_over", slowly)
    for _ in range(4):
        dispatch.dispatch_due(lambda: joined.world.at)

    assert len(outbox.all()) == 1


def test_a_look_is_not_asked_of_a_shop_that_wants_a_pause(joined, ada, monkeypatch):
    monkeypatch.setattr(looking, "LOOK_SECONDS", 0.4)
    cart = joined.leaves_cart(ada)
    joined.world.at += timedelta(hours=2)
    joined.waiting_mail(ada, cart)
    joined.fake.breaks("busy")
    run_queues(joined.world.at)
    asked = len(joined.fake.asked)

    dispatch.dispatch_due(lambda: joined.world.at)

    assert len(joined.fake.asked) == asked


def test_a_shop_that_is_only_polled_keeps_its_own_rule(joined, ada, outbox):
    joined.store.feed = "polled"
    joined.store.orders_polled_at = joined.world.at
    joined.store.save()
    cart = joined.leaves_cart(ada)
    joined.world.at += timedelta(hours=2)
    joined.waiting_mail(ada, cart)
    asked: list[Asked] = list(joined.fake.asked)

    run_queues(joined.world.at)

    assert outbox.all() == []
    assert the_mail(joined, ada).reason == "feed_stale"
    assert joined.fake.asked == asked


def test_the_verdict_can_be_judged_again_from_what_was_kept(joined, ada):
    from apps.mail import gate

    cart = joined.leaves_cart(ada)
    joined.world.at += timedelta(hours=2)
    abandon_due(joined.world.at)
    number = joined.waiting_mail(ada, cart)
    at = joined.world.at
    (asked,) = gate.ask([number], at, at)

    assert isinstance(gate.judge(asked, at), gate.Allowed)
    assert isinstance(gate.judge(asked, at + gate.LOOK_LASTS * 2), gate.Held)
    assert last_look.is_old(asked, at + gate.LOOK_LASTS * 2)


@pytest.mark.parametrize("fault", ["timeout", "busy", "broken"])
def test_no_shop_keeps_a_sender_longer_than_the_look_may_take(joined, ada, monkeypatch, fault):
    """With all its second tries: other shops' mail waits for this thread."""
    monkeypatch.setattr(looking, "LOOK_SECONDS", 0.5)
    cart = joined.leaves_cart(ada)
    number = joined.waiting_mail(ada, cart)
    joined.fake.breaks(fault)

    begun = time.monotonic()
    assert looking.look(joined.store.pk, [number], lambda: joined.world.at) is None

    assert time.monotonic() - begun < 2
