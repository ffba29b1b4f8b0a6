from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.test import Client

from apps.core import clock, db
from apps.events import kinds, listeners
from apps.events.models import Announcement, Event
from apps.mail import tokens
from apps.mail.models import Letter
from apps.stores.models import Store
from tests.tracking.mails import BASKET, KETTLE, PHONE, TARGETS, open_shop

pytestmark = pytest.mark.django_db
LATER = timedelta(seconds=5)
WAITING = """
SELECT count(*) FROM pg_stat_activity
WHERE datname = current_database() AND wait_event_type = 'Lock'
"""


def all_wait(count: int, seconds: float = 20) -> None:
    """Until so many others stand before a lock."""
    deadline = time.monotonic() + seconds
    while db.rows(WAITING)[0][0] < count:
        assert time.monotonic() < deadline, "they do not meet"
        # What a transaction has once seen of the others stays, unless it looks anew.
        db.rows("SELECT pg_stat_clear_snapshot()")


@pytest.fixture
def somebody_listens():
    heard = []
    listeners.listens(kinds.MAIL_CLICKED)(lambda events, _at: heard.extend(events))
    yield heard
    listeners._listeners[kinds.MAIL_CLICKED].pop()
    if not listeners._listeners[kinds.MAIL_CLICKED]:
        del listeners._listeners[kinds.MAIL_CLICKED]


@pytest.mark.parametrize("slash", ["", "/"])
def test_on_a_phone_without_login_the_basket_comes_back(shop, phone, slash):
    mail = shop.sends()

    answer = phone.get(mail.restore() + slash)

    assert (answer.status_code, answer["Location"]) == (302, BASKET)
    assert not answer.cookies
    assert mail.people() == 1


def test_each_link_leads_to_its_own_target(shop, phone):
    mail = shop.sends()

    found = [phone.get(mail.click(slot))["Location"] for slot in range(len(TARGETS))]

    assert found == TARGETS


def test_a_persons_click_is_told_once_per_link(shop, phone, somebody_listens):
    mail = shop.sends()

    for link in (mail.click(1), mail.click(1)):
        phone.get(link)
    with clock.travelled(LATER):
        phone.get(mail.restore())

    told = Event.objects.filter(kind=kinds.MAIL_CLICKED).order_by("id")
    assert [event.data["slot"] for event in told] == [1, 0]
    assert {event.customer_id for event in told} == {shop.ada.pk}
    assert Announcement.objects.count() == 2
    assert mail.people() == 3


@pytest.mark.parametrize("agent", ["curl/8.5.0", "Mozilla/5.0 (compatible; bingbot/2.0)", ""])
def test_a_known_scanner_is_led_on_and_never_counted(shop, agent, somebody_listens):
    mail = shop.sends()

    answer = Client(headers={"user-agent": agent}).get(mail.restore())

    assert answer["Location"] == BASKET
    assert (mail.people(), mail.machines()) == (0, ["scanner"])
    assert not Event.objects.exists()


def test_a_head_is_led_on_and_never_counted(shop, phone):
    mail = shop.sends()

    assert phone.head(mail.restore())["Location"] == BASKET

    assert (mail.people(), mail.machines()) == (0, ["head"])


def test_a_browser_that_looks_ahead_is_not_a_person(shop, phone):
    mail = shop.sends()

    phone.get(mail.restore(), headers={"sec-purpose": "prefetch;prerender"})

    assert mail.machines() == ["prefetch"]


def test_nobody_clicks_within_two_seconds_of_the_sending(shop, phone):
    soon, later = shop.sends(ago=timedelta(seconds=1)), shop.sends(ago=timedelta(seconds=3))

    phone.get(soon.restore())
    phone.get(later.restore())

    assert (soon.machines(), soon.people()) == (["too_soon"], 0)
    assert (later.machines(), later.people()) == ([], 1)


def test_several_links_at_once_are_a_machine_also_the_first(shop, phone, somebody_listens):
    mail = shop.sends()

    for slot in range(len(TARGETS)):
        phone.get(mail.click(slot))

    assert (mail.people(), mail.machines()) == (0, ["burst"] * 3)
    assert not Announcement.objects.exists()


def test_after_a_burst_a_person_is_heard_again(shop, phone, somebody_listens):
    mail = shop.sends()
    for slot in range(len(TARGETS)):
        phone.get(mail.click(slot))

    with clock.travelled(LATER):
        phone.get(mail.click(0))

    assert mail.people() == 1
    assert Announcement.objects.count() == 1


def test_two_links_one_after_the_other_are_a_person(shop, phone):
    mail = shop.sends()

    phone.get(mail.click(0))
    with clock.travelled(LATER):
        phone.get(mail.click(1))

    assert (mail.people(), mail.machines()) == (2, [])


def test_a_click_is_announced_when_it_can_no_longer_be_a_burst(shop, phone, somebody_listens):
    begun = clock.now()

    phone.get(shop.sends().restore())

    assert Announcement.objects.get().due_at > begun + timedelta(seconds=2)


@pytest.mark.django_db(transaction=True)
def test_a_scanner_that_follows_all_links_side_by_side_counts_for_nothing(shop):
    mail = shop.sends(targets=[f"https://theepot.example/{n}" for n in range(8)])
    links = [mail.click(slot) for slot in range(8)]

    def scan(link: str) -> int:
        try:
            return Client(headers={"user-agent": PHONE}).get(link).status_code
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as scanner:
        with transaction.atomic():
            # Nobody can write until all have looked, or wait for one another.
            db.run("LOCK TABLE tracking_click IN SHARE MODE")
            answers = scanner.map(scan, links)
            all_wait(len(links))
        assert list(answers) == [302] * 8

    assert (mail.people(), mail.machines()) == (0, ["burst"] * 8)


def test_whoever_follows_a_link_for_ever_fills_no_table(shop, phone):
    mail = shop.sends()

    for _ in range(130):
        phone.get(mail.click(1))
        phone.head(mail.click(1))

    assert mail.message.clicks.count() == 200
    assert mail.people() == 100


@pytest.mark.parametrize(("days", "expired"), [(29.9, False), (30.1, True)])
def test_a_basket_is_kept_as_long_as_the_shop_says(shop, phone, days, expired):
    mail = shop.sends(ago=timedelta(days=days))

    answer = phone.get(mail.restore())

    assert answer.status_code == (200 if expired else 302)
    assert ("https://theepot.example/" in answer.content.decode()) is expired
    assert BASKET not in answer.content.decode()


def test_a_shop_may_keep_baskets_for_seconds(shop, phone):
    Store.objects.update(rules={"link_life": "30s"})
    mail = shop.sends(ago=timedelta(minutes=1))

    assert phone.get(mail.restore()).status_code == 200
    assert phone.get(mail.click(1))["Location"] == KETTLE


@pytest.mark.parametrize("gone", ["letter", "message"])
def test_a_link_whose_letter_is_gone_leads_to_the_shop(shop, phone, gone):
    mail = shop.sends()
    links = [mail.restore(), mail.click(1)]
    if gone == "letter":
        Letter.objects.all().delete()
    else:
        mail.message.delete()

    pages = {phone.get(link).content for link in links}

    assert len(pages) == 1
    assert b'href="https://theepot.example/"' in pages.pop()


def test_a_token_that_names_another_shop_or_a_missing_link_is_unknown(shop, phone):
    cys = open_shop("Cy's")
    mail = shop.sends()
    links = [
        mail.restore(store=cys.store.pk),
        mail.click(1, store=cys.store.pk),
        mail.click(1, store=4_000_000_000),
        mail.click(len(TARGETS)),
        mail.click(65_535),
    ]

    assert [phone.get(link).status_code for link in links] == [404] * 5
    assert not mail.message.clicks.exists()


def test_a_token_for_one_purpose_does_nothing_for_another(shop, phone):
    mail = shop.sends()
    leave, restore, click = (link.split("/")[2] for link in (mail.leave(), mail.restore(), mail.click()))

    for path in (f"/r/{leave}", f"/u/{restore}", f"/u/{click}"):
        assert phone.get(path).status_code == 404
        assert phone.post(path).status_code == 404


def test_everything_that_is_not_ours_gets_the_same_answer(shop, phone, django_assert_num_queries):
    token = shop.sends().restore().removeprefix("/r/")
    forged = [
        *("", "x", "../admin/", "%00", "é" * 42, "A" * 42, "A" * 60, "A" * 5000),
        *(token + "=", token + "%0A", token[:-1], token.swapcase(), token + "/x", token + "//"),
    ]

    with django_assert_num_queries(0):
        answers = [phone.get(f"/{door}/{text}") for text in forged for door in "ru"]

    assert {answer.status_code for answer in answers} == {404}
    assert len({answer.content for answer in answers}) == 1


def test_a_message_number_no_database_can_hold_is_met_calmly(shop, phone):
    ring = ("another-key-of-some-length",)
    link = shop.sends().restore(message=2**64 - 1)

    assert phone.get(link).status_code == 200
    assert tokens.read_restore(link.removeprefix("/r/"), ring=ring) is None


def test_only_looking_is_answered(shop, phone):
    mail = shop.sends()

    statuses = [getattr(phone, method)(mail.restore()).status_code for method in ("post", "put", "delete", "options")]

    assert statuses == [405] * 4
    assert not mail.message.clicks.exists()
