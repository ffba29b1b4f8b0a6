from __future__ import annotations

import base64

import pytest
from django.test import Client

from apps.consent.models import Suppression
from apps.core import clock
from apps.events import kinds
from apps.events.models import Event
from apps.mail.models import Message
from apps.tracking.models import Click
from tests.tracking.mails import open_shop

pytestmark = pytest.mark.django_db
ONE_CLICK = {"List-Unsubscribe": "One-Click"}


@pytest.mark.parametrize("slash", ["", "/"])
@pytest.mark.parametrize("method", ["get", "head", "options"])
def test_looking_only_shows_a_button(shop, phone, method, slash):
    answer = getattr(phone, method)(shop.sends().leave() + slash)

    assert answer.status_code == 200
    assert answer["Allow"] == "GET, HEAD, OPTIONS, POST"
    assert method == "head" or answer.content.count(b"<button") == 1
    assert not Suppression.objects.exists()


@pytest.mark.parametrize("slash", ["", "/"])
def test_one_post_stops_marketing_at_once(shop, phone, slash):
    mail = shop.sends()
    begun = clock.now()

    answer = phone.post(mail.leave() + slash)

    assert answer.status_code == 200
    kept = Suppression.objects.get()
    assert (kept.scope, kept.reason, kept.store) == ("marketing", "unsubscribed", shop.store)
    assert bytes(kept.address_hash) == bytes(shop.ada.address_hash)
    assert kept.origin == f"message:{mail.message.pk}"
    assert begun <= kept.at <= clock.now()
    told = Event.objects.get(kind=kinds.CUSTOMER_UNSUBSCRIBED)
    assert told.customer_id == shop.ada.pk


def test_the_mail_program_presses_the_button_by_itself(shop):
    program = Client(enforce_csrf_checks=True)

    answer = program.post(shop.sends().leave(), ONE_CLICK)

    assert answer.status_code == 200
    assert not answer.cookies
    assert "Location" not in answer
    assert Suppression.objects.count() == 1


@pytest.mark.parametrize("body", [b"", b"List-Unsubscribe=One-Click", b"\xff%%&&==", b"--x\r\nnot a part"])
@pytest.mark.parametrize("kind", ["application/x-www-form-urlencoded", "multipart/form-data", ""])
def test_whatever_the_program_sends_along_it_counts(shop, body, kind):
    answer = Client().generic("POST", shop.sends().leave(), body, content_type=kind)

    assert answer.status_code == 200
    assert Suppression.objects.count() == 1


def test_leaving_again_is_no_error_and_no_news(shop, phone):
    link = shop.sends().leave()
    phone.post(link)
    first = Suppression.objects.get()

    answers = [phone.post(link).status_code for _ in range(5)]

    assert answers == [200] * 5
    assert Suppression.objects.get().at == first.at
    assert Event.objects.filter(kind=kinds.CUSTOMER_UNSUBSCRIBED).count() == 1


def test_somebody_whose_address_is_dead_stays_silenced_altogether(shop, phone):
    Suppression.objects.create(
        store=shop.store,
        address_hash=shop.ada.address_hash,
        scope="everything",
        reason="hard_bounce",
        at=clock.now(),
    )

    phone.post(shop.sends().leave())

    assert Suppression.objects.get().scope == "everything"


def test_the_way_out_stays_open_when_mail_and_person_are_gone(shop, phone):
    mail = shop.sends()
    link = mail.leave()
    mail.message.delete()
    shop.ada.delete()

    assert phone.get(link).status_code == 200
    assert phone.post(link).status_code == 200
    assert Suppression.objects.get().scope == "marketing"


def test_a_thousand_visits_of_scanners_change_nothing(shop):
    mail = shop.sends()
    agents = ["Mozilla/5.0 (compatible; bingbot/2.0)", "curl/8.5.0", "", "Barracuda Sentinel (EE)"]
    before = Message.objects.values().get()
    events = Event.objects.count()

    for turn in range(250):
        client = Client(headers={"user-agent": agents[turn % 4]})
        links = (mail.leave(), mail.restore())
        statuses = [getattr(client, method)(link).status_code for link in links for method in ("get", "head")]
        assert statuses == [200, 200, 302, 302]

    assert not Suppression.objects.exists()
    assert Event.objects.count() == events
    assert Message.objects.values().get() == before
    assert mail.people() == 0
    assert Click.objects.count() == 100


@pytest.mark.parametrize("method", ["get", "head", "options", "post"])
def test_a_token_that_names_another_shop_is_unknown(shop, phone, method):
    cys = open_shop("Cy's")
    link = shop.sends().leave(store=cys.store.pk)

    assert getattr(phone, method)(link).status_code == 404
    assert not Suppression.objects.exists()


@pytest.mark.parametrize("method", ["put", "patch", "delete", "trace"])
def test_other_methods_do_nothing(shop, phone, method):
    answer = getattr(phone, method)(shop.sends().leave())

    assert answer.status_code == 405
    assert not Suppression.objects.exists()


def test_one_wrong_bit_makes_a_link_unknown(shop, phone, django_assert_num_queries):
    token = shop.sends().leave().removeprefix("/u/")
    raw = base64.urlsafe_b64decode(token)
    bodies = set()

    with django_assert_num_queries(0):
        for bit in range(len(raw) * 8):
            changed = bytearray(raw)
            changed[bit // 8] ^= 1 << bit % 8
            forged = base64.urlsafe_b64encode(bytes(changed)).rstrip(b"=").decode()
            answer = phone.post(f"/u/{forged}")
            assert answer.status_code == 404
            bodies.add(answer.content)

    assert len(bodies) == 1


def test_a_link_of_an_older_key_works_until_the_key_is_removed(shop, phone, link_keys):
    old, new = "an-old-link-key-of-long-ago", "the-new-link-key-of-today"
    link = shop.sends().leave(ring=(old,))

    link_keys(new, old)
    assert phone.post(link).status_code == 200

    link_keys(new)
    assert phone.post(link).status_code == 404
