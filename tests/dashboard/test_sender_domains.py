"""Senders' domains are looked up when they are due, by a worker; the checklist says what to add, and no page waits."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils import translation
from dns.nameserver import Do53Nameserver

from apps.core import clock
from apps.dashboard import checkup
from apps.dashboard.checklist import Item, checklist
from apps.dashboard.domain_words import DMARC_EXAMPLE, SPF_EXAMPLE
from apps.dashboard.models import Attestation, SenderDomain
from apps.dashboard.sender_domains import BATCH, EVERY, SOON, _claim, _due, ask, look_up_due
from apps.stores.models import Store
from config.celery import BEAT, app
from tests.dashboard.furnishing import Furnished, furnish, member
from tests.dashboard.nameserver import DMARC, GOOD, KEY, SHOP, SPF, NameServer

pytestmark = pytest.mark.django_db


@pytest.fixture
def store(db: None) -> Store:
    return shop("Molenzicht")


def shop(name: str, sender: str = f"hallo@{SHOP}", **fields: Any) -> Store:
    fields = {"platform": "woocommerce", "name": name, "url": f"https://{SHOP}", "from_email": sender} | fields
    return Store.objects.create(**fields)


def line(store: Store) -> Item:
    store.refresh_from_db()
    with translation.override("en"):
        return next(item for item in checklist(store, clock.now()).items if item.name == "domain")


def test_each_domain_is_asked_once_and_again_after_six_hours(names: NameServer, store: Store) -> None:
    names.zone |= GOOD
    shop("Molenzicht Outlet")
    shop("Gone", status="uninstalled")
    shop("Demo", sender="hallo@demo.example", is_demo=True)
    shop("Nobody", sender="")
    now = clock.now()

    assert look_up_due(now, nameservers=names.address) == 1

    assert names.asked.count(SHOP) == 1
    assert set(SenderDomain.objects.values_list("store__name", "spf", "dmarc", "policy", "looked_at")) == {
        ("Molenzicht", "good", "good", "quarantine", now),
        ("Molenzicht Outlet", "good", "good", "quarantine", now),
    }
    assert look_up_due(now + EVERY - timedelta(minutes=1), nameservers=names.address) == 0
    assert look_up_due(now + EVERY, nameservers=names.address) == 1


def test_another_sender_is_looked_up_at_once_and_what_was_known_is_not_said_of_it(
    names: NameServer, store: Store
) -> None:
    names.zone |= GOOD
    now = clock.now()
    look_up_due(now, nameservers=names.address)
    Store.objects.update(from_email="hallo@dijkzicht.example")
    assert line(store).state == "open"

    assert look_up_due(now + timedelta(minutes=5), nameservers=names.address) == 1

    row = SenderDomain.objects.get()
    assert (row.domain, row.spf, row.policy, row.dmarc_at) == ("dijkzicht.example", "no_domain", "", "")


def test_a_tick_takes_so_many_and_those_never_seen_first(names: NameServer, store: Store) -> None:
    now = clock.now()
    look_up_due(now, nameservers=names.address)
    for number in range(BATCH + 1):
        shop(f"Shop {number}", sender=f"hallo@shop-{number}.example")

    assert look_up_due(now + EVERY, nameservers=names.address) == BATCH
    assert SenderDomain.objects.get(store=store).looked_at == now
    assert look_up_due(now + EVERY, nameservers=names.address) == 2


def test_what_a_worker_has_in_hand_no_other_takes(names: NameServer, store: Store) -> None:
    """The first died with it: it comes again by itself."""
    now = clock.now()
    assert _claim(_due(now, BATCH), before=now, due=now + SOON) == [(store.pk, SHOP)]

    assert look_up_due(now, nameservers=names.address) == 0
    assert look_up_due(now + SOON, nameservers=names.address) == 1


class Watching(Do53Nameserver):
    """Asks for us, and notes what is open in the database meanwhile."""

    open: list[list[str]] = []

    def query(self, *args: Any, **kwargs: Any) -> Any:
        self.open.append(list(connection.savepoint_ids))
        return super().query(*args, **kwargs)


def test_no_transaction_is_open_while_name_servers_are_asked(names: NameServer, store: Store) -> None:
    names.zone |= GOOD
    watching = Watching(*names.line.getsockname())
    Watching.open.clear()

    look_up_due(clock.now(), nameservers=[watching])

    # The test's own transaction has no name; any of ours within it would have one.
    assert Watching.open == [[]] * len(names.asked)
    assert len(names.asked) == 3


def test_a_silence_is_asked_again_soon_and_undoes_no_good_answer_for_a_day(names: NameServer, store: Store) -> None:
    names.zone |= GOOD
    now = clock.now()
    look_up_due(now, nameservers=names.address)
    names.silent.add("*")

    later = now + EVERY
    look_up_due(later, seconds=0.1, nameservers=names.address)
    assert line(store).state == "done"
    assert SenderDomain.objects.get().due_at == later + SOON

    look_up_due(now + timedelta(days=2), seconds=0.1, nameservers=names.address)
    assert line(store).state == "open"


# --- what the owner sees ---


def test_the_line_is_green_when_all_is_set(names: NameServer, store: Store) -> None:
    names.zone |= GOOD
    assert line(store).state == "open"
    look_up_due(clock.now(), nameservers=names.address)

    unsigned = line(store)
    names.zone[f"google._domainkey.{SHOP}"] = [KEY]
    look_up_due(clock.now() + EVERY, nameservers=names.address)
    signed = line(store)

    assert (unsigned.state, signed.state) == ("done", "done")
    assert "your mail provider knows" in unsigned.said
    assert signed.said == f"SPF, DKIM and DMARC of {SHOP} are set"


@pytest.mark.parametrize(
    ("zone", "words"),
    [
        ({f"www.{SHOP}": ["x"]}, [f"named {SHOP} ", SPF_EXAMPLE, f"named _dmarc.{SHOP} ", DMARC_EXAMPLE]),
        (GOOD | {SHOP: [SPF, SPF + " "]}, ["more than one SPF record", SPF_EXAMPLE]),
        (GOOD | {SHOP: ["v=spf1 +all"]}, ["everybody", SPF_EXAMPLE]),
        (GOOD | {SHOP: ["v=spf1 -all"]}, ["nobody", SPF_EXAMPLE]),
        (GOOD | {f"_dmarc.{SHOP}": ["v=DMARC1"]}, [f"at _dmarc.{SHOP} has no policy", DMARC_EXAMPLE]),
        (GOOD | {f"_dmarc.{SHOP}": [DMARC, DMARC + ";"]}, [f"at _dmarc.{SHOP}, so none counts"]),
        ({}, [f"{SHOP} does not exist"]),
    ],
)
def test_the_line_is_red_and_names_what_to_add(
    names: NameServer, store: Store, zone: dict[str, Any], words: list[str]
) -> None:
    names.zone |= zone
    Attestation.objects.create(store=store, subject="domain_set", at=clock.now())
    look_up_due(clock.now(), nameservers=names.address)

    found = line(store)

    assert (found.state, found.button and found.button.label) == ("bad", "Check again")
    assert [word for word in words if word not in found.mend] == []
    assert "%" not in found.mend


def test_where_nothing_was_heard_the_owners_word_counts(names: NameServer, store: Store) -> None:
    names.silent.add("*")
    look_up_due(clock.now(), seconds=0.1, nameservers=names.address)
    found = line(store)
    assert found.state == "open"
    assert found.button is not None
    assert found.button.sends == (("subject", "domain_set"),)

    Attestation.objects.create(store=store, subject="domain_set", at=clock.now())

    assert line(store).state == "done"


def test_a_demo_shop_and_one_without_a_sender_are_asked_for_what_they_can_do(store: Store) -> None:
    Store.objects.update(is_demo=True)
    demo = line(store)
    assert demo.button is not None
    assert demo.button.sends

    Store.objects.update(from_email="")
    nobody = line(store)
    assert (nobody.state, nobody.button and nobody.button.label) == ("open", "Fill in")


def test_doctor_has_a_line_that_is_never_red(names: NameServer, store: Store) -> None:
    def levels() -> list[str]:
        return [found.level for found in checkup._domains(clock.now())]

    assert levels() == ["amber"]
    look_up_due(clock.now(), nameservers=names.address)
    assert levels() == ["amber"]
    names.zone |= GOOD
    look_up_due(clock.now() + EVERY, nameservers=names.address)
    assert levels() == ["green"]


def test_check_again_rings_a_worker_and_waits_for_nobody(
    names: NameServer, store: Store, client: Client, django_capture_on_commit_callbacks: Any
) -> None:
    now = clock.now()
    look_up_due(now, nameservers=names.address)
    assert line(store).state == "bad"
    names.zone |= GOOD
    client.force_login(member(Furnished(store, "molen"), "owner"))
    names.asked.clear()

    with django_capture_on_commit_callbacks(execute=True):
        client.post(reverse("dashboard:store-domain", args=[store.pk]))

    assert names.asked == []
    assert rung() == BEAT["look-up-domains"][0]
    assert look_up_due(clock.now(), nameservers=names.address) == 1
    assert line(store).state == "done"


def rung() -> str:
    """Which task waits for a worker."""
    with app.connection_for_read() as connection, connection.SimpleQueue("celery") as queue:
        message = queue.get(timeout=5)
        message.ack()
        return str(message.headers["task"])


def test_nobody_looks_up_for_another_shop(names: NameServer, client: Client) -> None:
    ada, cy = furnish("adaopen", from_email=f"a@{SHOP}"), furnish("cyzquiet", from_email="c@dijkzicht.example")
    before = SenderDomain.objects.of(cy.store).get().due_at
    client.force_login(member(ada, "owner"))

    refused = client.post(reverse("dashboard:store-domain", args=[cy.store.pk]))

    assert refused.status_code == 404
    assert SenderDomain.objects.of(cy.store).get().due_at == before
    assert not SenderDomain.objects.of(ada.store).filter(store=cy.store).exists()
    assert not SenderDomain.objects.visible_to(member(ada, "analyst", "eve")).exclude(store=ada.store).exists()
    assert client.get(reverse("dashboard:store-domain", args=[ada.store.pk])).status_code == 405


def test_an_analyst_does_not_look_up_either(client: Client) -> None:
    ada = furnish("adaopen", from_email=f"a@{SHOP}")
    client.force_login(member(ada, "analyst"))

    assert client.post(reverse("dashboard:store-domain", args=[ada.store.pk])).status_code == 404


def test_asking_of_a_shop_without_a_sender_asks_nothing(db: None) -> None:
    ask(shop("Nobody", sender=""), clock.now())

    assert not SenderDomain.objects.exists()
