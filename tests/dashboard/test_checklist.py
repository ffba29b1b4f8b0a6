"""The checklist: each line turns green by what happens, never by being looked at, and says one thing to do."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from apps.accounts.models import User
from apps.carts.models import Cart
from apps.core import clock
from apps.core.secrets import seal
from apps.dashboard.checklist import checklist
from apps.dashboard.models import Attestation
from apps.dashboard.testbasket import send_now, walk
from apps.flows.models import Flow
from apps.mail.models import Message
from apps.orders.models import Order
from apps.stores import access
from apps.stores.errors import ShopUnreachable
from apps.stores.models import Connection, Notice, Store
from apps.stores.platforms.calling import Finding, Hook, Report
from apps.stores.troubles import Trouble
from apps.tracking.models import Click
from tests.dashboard.furnishing import Furnished, furnish, member
from tests.shopkeeping import run_queues

pytestmark = pytest.mark.django_db
WELL = Report(
    name="Theepot", version="11.0.1", companion="1.0.0", hooks=(Hook(topic="order.created", external_id="1"),)
)


@pytest.fixture
def bare(db: None) -> Store:
    """A shop on its first day."""
    return Store.objects.create(platform="woocommerce", name="Molenzicht", url="https://molenzicht.example")


def connect(store: Store, report: Report = WELL) -> None:
    access.keep_credentials(store.pk, store.key, "keys", {"consumer_key": "ck", "consumer_secret": "cs"})
    access.note_report(store.pk, report, clock.now())
    access.note_answer(store.pk, clock.now())


def states(store: Store) -> dict[str, str]:
    return {item.name: item.state for item in checklist(store, clock.now()).items}


def test_a_new_shop_has_everything_to_do_and_each_line_one_button(bare: Store) -> None:
    found = checklist(bare, clock.now())

    assert found.done == 0
    assert len({item.name for item in found.items}) == found.count >= 14
    assert all(item.mend and item.button for item in found.items)


def test_connecting_turns_its_lines_green(bare: Store) -> None:
    connect(bare)
    Store.objects.filter(pk=bare.pk).update(feed="polled", orders_polled_at=clock.now())
    bare.refresh_from_db()

    now = states(bare)

    assert {now[name] for name in ("address", "keys", "hooks", "companion", "feed", "own_mail")} == {"done"}
    Store.objects.filter(pk=bare.pk).update(orders_polled_at=clock.now() - timedelta(hours=1))
    bare.refresh_from_db()
    assert states(bare)["feed"] == "bad"


def test_a_trouble_turns_its_line_red_and_says_what_to_do(bare: Store) -> None:
    connect(bare)
    access.note_trouble(bare.pk, ShopUnreachable(Trouble.UNREACHABLE, host="molenzicht.example"), clock.now())

    found = {item.name: item for item in checklist(bare, clock.now()).items}

    assert found["address"].state == "bad"
    assert "molenzicht.example" in found["address"].mend
    assert found["keys"].state == "done"


def test_a_webhook_that_is_off_is_red(bare: Store) -> None:
    hooks = (Hook(topic="order.created", external_id="1", healthy=False),)
    finding = Finding(trouble=Trouble.HOOK_REFUSED, values={"topic": "order.created", "detail": "403"})
    connect(bare, Report(hooks=hooks, findings=(finding,)))

    assert states(bare)["hooks"] == "bad"
    assert states(bare)["companion"] == "open"


def test_the_owners_word_counts_until_a_check_sees_otherwise(bare: Store, client: Client) -> None:
    unknown = Finding(trouble=Trouble.OWN_RECOVERY_UNKNOWN, values={"platform": "Shopify", "path": "Marketing"})
    Store.objects.filter(pk=bare.pk).update(platform="shopify")
    bare.refresh_from_db()
    connect(bare, Report(findings=(unknown,)))
    assert states(bare)["own_mail"] == "open"

    user = User.objects.create_superuser("boss", language="en")
    client.force_login(user)
    client.post(reverse("dashboard:store-attest", args=[bare.pk]), {"subject": "own_mail_off"})
    said = Attestation.objects.get()
    assert (said.user, said.subject) == (user, "own_mail_off")
    assert states(bare)["own_mail"] == "done"

    seen = Finding(trouble=Trouble.OWN_RECOVERY_MAIL, values={"path": "Marketing"})
    access.note_report(bare.pk, Report(findings=(seen,)), clock.now() + timedelta(minutes=1))
    assert states(bare)["own_mail"] == "bad"


def test_protected_data_has_its_line_at_shopify_only(bare: Store) -> None:
    assert "protected" not in states(bare)
    Store.objects.filter(pk=bare.pk).update(platform="shopify")
    bare.refresh_from_db()
    connect(bare, Report(findings=(Finding(trouble=Trouble.PROTECTED_DATA, values={"what": "Email"}),)))

    now = states(bare)

    assert (now["protected"], "companion" in now) == ("bad", False)


def test_a_shop_that_only_tells_is_not_asked_for_keys(bare: Store) -> None:
    Store.objects.filter(pk=bare.pk).update(platform="generic")
    bare.refresh_from_db()

    assert not {"keys", "address", "hooks", "feed"} & set(states(bare))


def test_all_lines_can_turn_green(client: Client) -> None:
    shop: Furnished = furnish("adaopen")
    store = shop.store
    connect(store)
    now = clock.now()
    Store.objects.filter(pk=store.pk).update(
        feed="polled", orders_polled_at=now, from_email="a@b.example", postal_address="Dijk 1, Delft",
        transport_sealed=seal("smtp://x", bound_to=f"{store.key}/transport"),
    )  # fmt: skip
    Message.objects.update(status="accepted")
    Cart.objects.update(status="ordered", due_at=None)
    client.force_login(member(shop, "owner"))
    client.post(reverse("dashboard:store-attest", args=[store.pk]), {"subject": "domain_set"})
    store.refresh_from_db()

    found = checklist(store, clock.now())

    assert [item.name for item in found.items if not item.done] == []
    said = client.get(reverse("dashboard:store-checklist", args=[store.pk])).content.decode()
    assert "data-complete" in said
    Click.objects.update(machine="scanner")
    assert states(store)["recovered"] == "open"
    Notice.objects.update(until_at=clock.now())
    Flow.objects.update(live=False)
    assert {states(store)[name] for name in ("opt_in", "flow", "seen")} == {"open"}


def test_looking_changes_nothing_and_the_fragment_is_only_the_list(client: Client) -> None:
    shop = furnish("adaopen")
    client.force_login(member(shop, "analyst"))

    said = client.get(reverse("dashboard:store-checklist", args=[shop.store.pk])).content.decode()

    assert "<html" not in said
    assert "<form" not in said
    assert not Attestation.objects.exists()
    assert not Connection.objects.exists()


def test_home_says_what_is_next(client: Client, bare: Store) -> None:
    client.force_login(User.objects.create_superuser("boss", language="en"))

    said = client.get(reverse("admin:index")).content.decode()

    assert "Checklist: 0 of" in said
    assert "The shop answers at its address" in said


# --- a test basket ---


@pytest.fixture
def tried(db: None) -> tuple[Furnished, User]:
    """A shop in which a member of staff left a basket just now, with the box ticked."""
    shop = furnish(
        "adaopen", from_email="a@b.example", postal_address="Dijk 1, Delft", rules={"quiet": "off", "sunday": "on"}
    )
    user = member(shop, "owner")
    Message.objects.all().delete()
    customer, now = shop["customers.Customer"], clock.now()
    customer.email = customer.email_key = user.email
    customer.save()
    Order.objects.all().delete()
    Cart.objects.update(
        status="active", email_key=user.email, last_activity_at=now, started_at=now, abandoned_at=None,
        due_at=now + timedelta(hours=1),
    )  # fmt: skip
    return shop, user


def test_the_mail_of_a_test_basket_goes_at_once_and_through_the_gate(tried: Any) -> None:
    shop, user = tried
    now = clock.now()
    before = walk(shop.store, user, now)
    assert [step.state for step in before.steps] == ["done", "done", "done", "open", "open", "open"]
    assert before.can_send

    assert send_now(shop.store, user, now)
    assert not send_now(shop.store, user, now)
    run_queues(clock.now())

    message = Message.objects.get(origin__startswith="test:basket:")
    assert (message.status, message.kind, message.basis) == ("accepted", "marketing", "consent"), message.reason
    assert walk(shop.store, user, clock.now()).steps[3].state == "done"


def test_without_permission_no_test_mail_either(tried: Any) -> None:
    shop, user = tried
    shop["consent.Permission"].delete()

    found = walk(shop.store, user, clock.now())

    assert found.steps[2].state == "bad"
    assert not send_now(shop.store, user, clock.now())


def test_nobody_elses_basket_is_hurried(tried: Any, client: Client) -> None:
    shop, user = tried
    Cart.objects.update(email_key="ben@shopper.example")
    client.force_login(user)

    client.post(reverse("dashboard:store-try-send", args=[shop.store.pk]))

    assert not Message.objects.exists()
    assert walk(shop.store, user, clock.now()).cart is None


def test_an_account_without_an_address_gets_one_and_keeps_it(client: Client, bare: Store) -> None:
    user = User.objects.create_superuser("boss", language="en")
    client.force_login(user)
    place = reverse("dashboard:store-try-address", args=[bare.pk])
    assert "Your own address first" in client.get(reverse("dashboard:store-try", args=[bare.pk])).content.decode()

    client.post(place, {"email": "Boss@Shop.example"})
    client.post(place, {"email": "other@shop.example"})

    assert User.objects.get().email == "boss@shop.example"
