"""The demo shop: made once, alive through the real door, and like a real WooCommerce shop."""

from __future__ import annotations

import random
import threading
from datetime import UTC, datetime
from io import StringIO
from wsgiref.simple_server import WSGIRequestHandler, make_server

import pytest
from django.core.management import call_command
from django.db import connections

from apps.dashboard.demo import visits
from apps.dashboard.demo.catalogue import PRODUCTS
from apps.dashboard.demo.mailbox import Mail, read, reference
from apps.dashboard.demo.parts import Place
from apps.dashboard.demo.people import ADA
from apps.dashboard.demo.preparing import in_seconds
from apps.dashboard.demo.visits import Push, Visit
from apps.flows.models import Flow
from apps.ingestion.door import Door
from apps.ingestion.models import Delivery
from apps.stores.models import Store
from apps.stores.platforms.base import Envelope, ShopFacts, platforms
from apps.stores.snapshots import CartSeen, OrderSeen

PLACE = Place(url="http://shop.example", assets="http://engine.example")
AT = datetime(2026, 11, 22, 12, tzinfo=UTC)


@pytest.fixture
def demo(db):
    call_command("prepare_demo")
    return Store.objects.get(is_demo=True)


def test_the_demo_shop_is_made_once_and_runs(demo):
    call_command("prepare_demo")

    flow = Flow.objects.get(slug="abandoned-checkout")
    assert Store.objects.count() == 1
    assert flow.live
    assert all(step["wait"].endswith("s") for step in flow.version.definition["steps"] if "wait" in step)
    assert demo.abandon_after.total_seconds() == 8
    assert demo.rules["quiet"] == demo.rules["caps"] == "off"


def test_the_demo_shop_follows_the_engine_to_another_address(demo):
    Store.objects.update(url="http://elsewhere.example/theepot")

    call_command("prepare_demo")

    demo.refresh_from_db()
    assert "elsewhere" not in demo.url


def test_waits_become_seconds_one_after_the_other():
    plan = {"flow": "x", "steps": [{"wait": "1h"}, {"send_email": "a"}, {"wait": "24h"}]}

    assert [step.get("wait") for step in in_seconds(plan)["steps"]] == ["3s", None, "45s"]


@pytest.mark.parametrize("script", [visits.buys, visits.pays_late, visits.sends_back, visits.refuses])
def test_what_the_shop_says_is_understood(script):
    seen = [snapshot for push in pushes(script) for snapshot in understood(push)]

    assert seen
    for order in (one for one in seen if isinstance(one, OrderSeen)):
        assert order.amounts.total == sum(line.total for line in order.lines) + order.amounts.shipping
    baskets = [one for one in seen if isinstance(one, CartSeen) and one.origin == "companion"]
    assert all(basket.reached_checkout for basket in baskets)
    assert all(basket.person.email == ADA.email for basket in baskets)


def test_a_story_with_a_mail_ends_in_an_order_that_names_it():
    story = visits.comes_back(visit())
    step, order = next(story), None
    while order is None:
        match step:
            case visits.Await():
                step = story.send(Mail(links=("http://e.example/r/x",), leave=""))
            case visits.Follow():
                step = story.send("message-7")
            case Push(topic="order.updated"):
                order = understood(step)[0]
            case _:
                step = next(story)

    assert order.click == "message-7"
    assert order.stage == "paid"


def test_a_forged_link_leads_nowhere():
    assert reference("https://shop.example/?rcv=%%%") == ""
    assert reference("https://shop.example/") == ""


def test_the_mailbox_finds_the_button_and_the_way_out():
    mail = (
        b"From: a@b.example\r\nList-Unsubscribe: <http://e.example/u/T>, <mailto:a@b.example>\r\n"
        b"Content-Type: text/plain\r\n\r\nVerder:\r\nhttp://e.example/r/abc-_9\r\n"
    )

    assert read(mail) == Mail(("http://e.example/r/abc-_9",), "http://e.example/u/T")


@pytest.mark.django_db(transaction=True)
def test_a_round_of_visitors_is_taken_in_whole(street):
    call_command("prepare_demo")
    store = Store.objects.get(is_demo=True)
    out = StringIO()

    call_command(
        "simulate_shop",
        "--speed=100",
        "--visitors-per-minute=600",
        "--seed=7",
        f"--to=http://127.0.0.1:{street}/webhooks/woocommerce/{store.key}/",
        stdout=out,
    )

    kept = Delivery.objects.of(store)
    assert out.getvalue().strip() == f"{kept.count()} answered 200"
    assert kept.filter(topic="product.updated").count() == len(PRODUCTS)
    assert kept.count() > 30


@pytest.mark.django_db
def test_the_shops_page_shows_the_shelf_and_refuses_forged_links(demo, rf):
    from apps.dashboard.demo import page

    assert "Sencha" in page.show(rf.get("/theepot/")).content.decode()
    assert page.show(rf.get("/theepot/?rcv=e30.00")).status_code == 404


@pytest.fixture
def street():
    """The door on a port of its own."""
    door = Door(lambda _, start: start("404 Not Found", []) or [b""])
    door.notebook._wake = lambda: None

    class Quiet(WSGIRequestHandler):
        def log_message(self, *args):
            pass

    server = make_server("127.0.0.1", 0, _closing(door), handler_class=Quiet)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server.server_port
    server.shutdown()
    thread.join()
    server.server_close()


def _closing(app):
    def serve(environ, start_response):
        try:
            return app(environ, start_response)
        finally:
            connections.close_all()

    return serve


def visit():
    numbers = iter(range(1000, 2000))
    chance = random.Random(1)
    return Visit(place=PLACE, who=ADA, chance=chance, now=lambda: AT, number=lambda: next(numbers))


def pushes(script):
    return [step for step in script(visit()) if isinstance(step, Push)]


def understood(push):
    facts = ShopFacts(currency="EUR", language="nl", country="NL", url=PLACE.url)
    envelope = Envelope(topic=push.topic, body=push.body, received_at=AT)
    return platforms.get("woocommerce").translate(envelope, facts)
