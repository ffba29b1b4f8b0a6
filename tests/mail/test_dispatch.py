"""Once, or not at all: each end a mail can have leads to its row, and the books balance."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db.models import Count

from apps.consent.models import Suppression
from apps.core import db
from apps.mail import dispatch, liveness
from apps.mail.dispatch import dispatch_due
from apps.mail.library import install_templates
from apps.mail.models import Message, OutboxMail, TemplateVersion
from apps.mail.reconciling import reconcile
from tests.invariants.receivers import CUT, Good, Moody
from tests.shopkeeping import Outbox, Person, Shop, parsed

pytestmark = pytest.mark.django_db
PEOPLE = [Person(f"P{n}", f"p{n}@shopper.example") for n in range(12)]


@pytest.fixture(autouse=True)
def _mails(request: pytest.FixtureRequest) -> None:
    for name in ("shop", "other_shop"):
        if name in request.fixturenames:
            install_templates(request.getfixturevalue(name).store, "abandoned-checkout", ["nl"])


def wants_mail(shop: Shop, *people: Person, **wish: Any) -> list[int]:
    """A silent basket of each, and a mail asked for about it."""
    asked = []
    for person in people:
        cart = shop.leaves_cart(person)
        db.run("UPDATE carts_cart SET status = 'abandoned', abandoned_at = %s, due_at = NULL", [shop.world.at])
        asked.append(shop.asks_for(person, cart=cart, **wish))
    return asked


def dispatch_all(shop: Shop) -> None:
    while dispatch_due(lambda: shop.world.at):
        pass


def message(number: int) -> Message:
    return Message.objects.get(pk=number)


def ledger(shop: Shop) -> dict[str, int]:
    counted = Message.objects.of(shop.store).values_list("status").annotate(Count("id"))
    return dict(counted)


def balanced(shop: Shop) -> bool:
    """planned = accepted + rejected + skipped + unknown + waiting, and each row says what its end needs."""
    rows = Message.objects.of(shop.store)
    for row in rows:
        ended = row.status in ("accepted", "rejected", "unknown", "skipped")
        assert (row.ended_at is not None) == ended, row.status
        assert (row.due_at is not None) == (row.status in ("planned", "claimed"))
        assert row.status != "skipped" or row.reason
        assert row.status not in ("sending", "accepted") or (row.basis and row.policy_version)
    return sum(ledger(shop).values()) == rows.count()


def test_a_mail_is_accepted_once_and_its_words_are_kept(shop: Shop, outbox: Outbox, ada: Person) -> None:
    (asked,) = wants_mail(shop, ada)

    dispatch_all(shop)
    dispatch_all(shop)

    assert message(asked).status == "accepted"
    assert (message(asked).basis, bool(message(asked).policy_version)) == ("consent", True)
    (mail,) = outbox.to(ada)
    assert mail.subject == message(asked).letter.subject
    assert balanced(shop)


def test_a_real_server_gets_one_recipient_per_mail(shop: Shop) -> None:
    with Good() as server:
        shop.sends_by(server.url)
        wants_mail(shop, *PEOPLE)
        dispatch_all(shop)

    assert [len(mail.to) for mail in server.taken] == [1] * len(PEOPLE)
    assert sorted(mail.to[0] for mail in server.taken) == sorted(person.email for person in PEOPLE)
    assert ledger(shop) == {"accepted": len(PEOPLE)}


def test_one_refused_address_bothers_nobody_else(shop: Shop) -> None:
    """F26."""
    with Moody(RCPT=["ok", "550 5.1.1 no such user", "ok"]) as server:
        shop.sends_by(server.url)
        wants_mail(shop, *PEOPLE[:4])
        dispatch_all(shop)

    assert ledger(shop) == {"accepted": 3, "rejected": 1}
    assert len(server.taken) == 3
    assert balanced(shop)


@pytest.mark.parametrize(
    ("answer", "reason", "suppressed"),
    [
        ("550 5.1.1 no such user", "address_rejected", ["everything"]),
        ("550 5.7.1 rejected by policy", "rejected_by_server", []),
        ("552 5.3.4 too big", "rejected_by_server", []),
    ],
)
def test_only_a_dead_address_is_suppressed(
    shop: Shop, ada: Person, answer: str, reason: str, suppressed: list[str]
) -> None:
    with Moody(RCPT=[answer]) as server:
        shop.sends_by(server.url)
        (asked,) = wants_mail(shop, ada)
        dispatch_all(shop)

    assert (message(asked).status, message(asked).reason, message(asked).response) == ("rejected", reason, answer)
    assert list(Suppression.objects.of(shop.store).values_list("scope", flat=True)) == suppressed


def test_greylisting_keeps_the_mail_and_its_bytes(shop: Shop, travel, ada: Person) -> None:
    """F24: later attempts carry the same Message-ID and the same bytes."""
    later = "451 4.7.1 greylisted"
    with Moody(BODY=[later, later, "ok"]) as server:
        shop.sends_by(server.url)
        (asked,) = wants_mail(shop, ada, valid_until=shop.world.at + timedelta(days=3))
        dispatch_all(shop)
        assert (message(asked).status, message(asked).response) == ("planned", later)
        assert message(asked).due_at == shop.world.at + timedelta(minutes=5)
        assert message(asked).sending_at is None

        travel(hours=1)

    assert message(asked).status == "accepted"
    assert message(asked).attempts == 3
    assert len(server.bodies) == 3
    assert len(set(server.bodies)) == 1
    assert balanced(shop)


def test_an_unknown_end_is_never_sent_again(shop: Shop, travel, ada: Person) -> None:
    with Moody(BODY=[CUT, "ok"]) as server:
        shop.sends_by(server.url)
        (asked,) = wants_mail(shop, ada)
        dispatch_all(shop)
        assert message(asked).status == "unknown"

        travel(days=2)
        reconcile(shop.world.at)
        dispatch_all(shop)

    assert message(asked).status == "unknown"
    assert len(server.bodies) == 1
    assert balanced(shop)


@pytest.mark.parametrize("script", [{"CONNECT": [CUT]}, {"AUTH": ["535 5.7.8 no"]}, {"EHLO": ["421 4.3.2 down"]}])
def test_a_broken_connection_holds_its_store_and_no_other(
    shop: Shop, other_shop: Shop, travel, cy: Person, script: dict[str, list[str]]
) -> None:
    with Moody(**script) as bad, Good() as good:
        shop.sends_by(bad.url.replace("smtp://", "smtp://u:p@"))
        other_shop.sends_by(good.url)
        mine = wants_mail(shop, *PEOPLE)
        theirs = wants_mail(other_shop, cy)

        for _ in range(4):
            dispatch_due(lambda: shop.world.at)
        shop.store.refresh_from_db()

        assert ledger(shop) == {"planned": len(mine)}
        assert message(theirs[0]).status == "accepted"
        assert shop.store.transport_problem
        assert shop.store.transport_paused_until > shop.world.at
        assert dispatch_due(lambda: shop.world.at) == 0

        shop.sends_by(good.url)
        travel(minutes=15)

    shop.store.refresh_from_db()
    assert ledger(shop) == {"accepted": len(mine)}
    assert shop.store.transport_problem == ""
    assert balanced(shop)
    assert balanced(other_shop)


@pytest.mark.parametrize("url", ["smtpx://host", "smtp://host:port"])
def test_a_connection_that_is_none_holds_the_mail(shop: Shop, ada: Person, url: str) -> None:
    shop.sends_by(url)
    (asked,) = wants_mail(shop, ada)

    dispatch_all(shop)

    shop.store.refresh_from_db()
    assert message(asked).status == "planned"
    assert "known" in shop.store.transport_problem or "port" in shop.store.transport_problem


def test_a_broken_text_stops_its_own_mail_only(shop: Shop) -> None:
    """F27: 11 of 12 are sent."""
    asked = wants_mail(shop, *PEOPLE)
    Message.objects.filter(pk=asked[4]).update(template_slug="nobody-wrote-this")

    dispatch_all(shop)

    assert ledger(shop) == {"accepted": 11, "skipped": 1}
    assert (message(asked[4]).status, message(asked[4]).reason) == ("skipped", "template_error")
    assert balanced(shop)


def test_a_mail_nobody_foresaw_stops_itself_only(shop: Shop) -> None:
    """A row that breaks the writing in a way of its own once took its whole batch along, three times."""
    asked = wants_mail(shop, *PEOPLE)
    strange = TemplateVersion.objects.get(template__slug="abandoned-checkout-2", template__locale="nl")
    Message.objects.filter(pk=asked[4]).update(template_version=strange)
    db.run("UPDATE carts_cart SET amounts = '{\"total\": \"a lot\"}' WHERE id = (SELECT cart_id FROM mail_message"
           " WHERE id = %s)", [asked[4]])  # fmt: skip

    dispatch_all(shop)

    assert ledger(shop) == {"accepted": 11, "skipped": 1}
    assert message(asked[4]).reason == "template_error"


def test_whoever_dies_three_times_with_a_mail_in_hand_gives_it_up(shop: Shop, ada: Person) -> None:
    (asked,) = wants_mail(shop, ada)
    db.run(
        "UPDATE mail_message SET status = 'claimed', token = gen_random_uuid(), claims = 3, holder = '',"
        " lease_until = clock_timestamp() - interval '1 s' WHERE id = %s",
        [asked],
    )

    dispatch_all(shop)

    assert (message(asked).status, message(asked).reason) == ("skipped", "crashed_three_times")
    assert balanced(shop)


def test_a_lease_that_holds_is_left_alone(shop: Shop, ada: Person) -> None:
    (asked,) = wants_mail(shop, ada)
    db.run(
        "UPDATE mail_message SET status = 'claimed', token = gen_random_uuid(), claims = 1,"
        " lease_until = clock_timestamp() + interval '60 s' WHERE id = %s",
        [asked],
    )

    assert dispatch_due(lambda: shop.world.at) == 0
    assert message(asked).status == "claimed"


def test_a_process_that_stood_still_hands_back_unsent(
    shop: Shop, outbox: Outbox, ada: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    """F5: more than ten seconds since its own commit; here any time is too long."""
    (asked,) = wants_mail(shop, ada)
    with monkeypatch.context() as patch:
        patch.setattr(dispatch, "STALL_SECONDS", -1.0)
        dispatch_due(lambda: shop.world.at)
    assert (message(asked).status, message(asked).sending_at) == ("planned", None)
    assert outbox.all() == []

    dispatch_all(shop)

    assert message(asked).status == "accepted"


def left_by(shop: Shop, person: Person, *, holder: str, kept: bool = False, lease: int = 60) -> int:
    """A mail whose process was leaving it at the server's door."""
    (asked,) = wants_mail(shop, person)
    db.run(
        "UPDATE mail_message SET status = 'sending', due_at = NULL, sending_at = %s, token = gen_random_uuid(),"
        " holder = %s, basis = 'consent', policy_version = '1', lease_until = clock_timestamp() + %s * interval '1 s'"
        " WHERE id = %s",
        [shop.world.at, holder, lease, asked],
    )
    if kept:
        OutboxMail.objects.create(message_id=asked, data=b"")
    return asked


def test_a_dead_process_leaves_a_doubt_that_is_shown(shop: Shop, ada: Person) -> None:
    asked = left_by(shop, ada, holder="12345")

    reconcile(shop.world.at)
    dispatch_all(shop)

    assert message(asked).status == "unknown"
    assert message(asked).response
    assert balanced(shop)


def test_what_is_in_the_outbox_is_proven(shop: Shop, ada: Person) -> None:
    asked = left_by(shop, ada, holder="12345", kept=True)

    reconcile(shop.world.at)

    assert message(asked).status == "accepted"
    assert balanced(shop)


def test_a_living_process_is_given_its_time(shop: Shop, ada: Person) -> None:
    asked = left_by(shop, ada, holder=liveness.holder())

    reconcile(shop.world.at)
    assert message(asked).status == "sending"

    db.run("UPDATE mail_message SET lease_until = clock_timestamp() - interval '1 s' WHERE id = %s", [asked])
    reconcile(shop.world.at)
    assert message(asked).status == "unknown"


def test_every_end_is_in_the_books(shop: Shop, travel, ben: Person) -> None:
    """The balance over all ends at once."""
    answers = ["ok", "550 5.1.1 no such user", "451 4.7.1 later", "550 5.7.1 no", CUT, "ok"]
    with Moody(BODY=answers) as server:
        shop.sends_by(server.url)
        asked = wants_mail(shop, *PEOPLE[:6], ben)
        Message.objects.filter(pk=asked[5]).update(valid_until=shop.world.at - timedelta(seconds=1))
        dispatch_all(shop)
        assert balanced(shop)
        travel(hours=1)

    assert balanced(shop)
    assert ledger(shop) == {"accepted": 2, "rejected": 2, "unknown": 1, "skipped": 2}
    assert len(server.taken) == 2
    assert message(asked[6]).reason == "suppressed_marketing"
    assert message(asked[5]).reason == "stale"


def test_what_a_mail_says_parses_back(shop: Shop, ada: Person) -> None:
    with Good() as server:
        shop.sends_by(server.url)
        (asked,) = wants_mail(shop, ada)
        dispatch_all(shop)

    mail = parsed(server.taken[0].wire)
    assert str(message(asked).uid) in mail["Message-ID"]
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert ada.email in mail["To"]
