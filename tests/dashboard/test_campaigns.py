"""The owner's send button on its page; holds on the customer's; and the secret that is shown once."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse

from apps.accounts.roles import Role
from apps.core import clock
from apps.customers.models import Hold
from apps.flows import campaigns
from apps.flows.models import Campaign
from apps.ingestion.custom import ring
from apps.mail.library import install_templates
from apps.mail.models import Message
from tests.shopkeeping import ADA, BEN, Shop, World, open_store

pytestmark = pytest.mark.django_db


@pytest.fixture
def shop() -> Shop:
    shop = Shop(open_store(), World(clock.now()))
    install_templates(shop.store, "abandoned-checkout", ["nl"])
    for person in (ADA, BEN):
        shop.leaves_cart(person)
    shop.suppresses(BEN)
    return shop


class Pages:
    """A member of the team, and what they press."""

    def __init__(self, shop: Shop, role: str) -> None:
        self.shop, self.client = shop, Client(headers={"accept-language": "en"})
        self.client.force_login(member_of(shop, role))

    def presses(self, verb: str, pk: int, /, **values: object) -> str:
        answer = self.client.post(reverse(f"dashboard:{verb}", args=[pk]), values, follow=True)
        assert answer.status_code == 200, (verb, answer.status_code)
        return str(answer.content.decode())

    def opens(self, campaign: Campaign) -> str:
        page = self.client.get(reverse("admin:flows_campaign_change", args=[campaign.pk]))
        assert page.status_code == 200
        return str(page.content.decode())


def member_of(shop: Shop, role: str) -> object:
    from apps.accounts.models import Membership, User

    user = User.objects.create_user(f"{role}-{shop.store.pk}", password="x", is_staff=True, language="en")
    Membership.objects.create(user=user, store=shop.store, role=role)
    return user


def test_made_counted_looked_at_sent_and_stopped(shop: Shop) -> None:
    pages = Pages(shop, Role.OWNER)
    typed = {"name": "You said", "template_slug": "abandoned-checkout-1", "audience": "everybody", "kind": "marketing"}
    assert "Choose a segment." in pages.presses("campaign-make", shop.store.pk, **typed | {"audience": "segment"})
    assert "about their order" in pages.presses("campaign-make", shop.store.pk, **typed | {"kind": "service"})

    pages.presses("campaign-make", shop.store.pk, **typed, send_at="")
    campaign = Campaign.objects.get()
    assert "Not counted yet." in pages.opens(campaign)
    assert "Count first" in pages.presses("campaign-send", campaign.pk, sure="1")

    page = pages.presses("campaign-count", campaign.pk)
    assert "1 of 2 people would get it." in page
    assert "asked for no more marketing mail" in page
    page = pages.presses("campaign-look", campaign.pk, email=ADA.email)
    assert "srcdoc=" in page
    assert "Je winkelmandje" in page
    assert not re.search(r"srcdoc=\"[^\"]*href=", page)
    assert "Nobody to show" not in pages.presses("campaign-look", campaign.pk)
    assert not Message.objects.exists()

    assert "Tick the box first" in pages.presses("campaign-send", campaign.pk)
    assert "It is on its way." in pages.presses("campaign-send", campaign.pk, sure="1")
    campaigns.plan_due(clock.now())
    assert Message.objects.count() == 2
    assert "only a draft can be changed" in pages.presses("campaign-save", campaign.pk, **typed)
    assert "2 mails that waited are not sent" in pages.presses("campaign-stop", campaign.pk)
    assert "This one-off mail was stopped" in pages.opens(campaign)
    answer = pages.client.get(reverse("dashboard:campaign-progress", args=[campaign.pk]))
    assert "m-progress" in answer.content.decode()


def test_a_marketer_prepares_and_the_owner_sends(shop: Shop) -> None:
    marketer, analyst = Pages(shop, Role.MARKETER), Pages(shop, Role.ANALYST)
    campaign = Campaign.objects.create(
        store=shop.store, name="News", template_slug="abandoned-checkout-1", audience="everybody"
    )

    assert "1 of 2 people" in marketer.presses("campaign-count", campaign.pk)
    for pages, verb in ((marketer, "campaign-send"), (analyst, "campaign-count"), (analyst, "campaign-stop")):
        answer = pages.client.post(reverse(f"dashboard:{verb}", args=[campaign.pk]), {"sure": "1"})
        assert answer.status_code == 404
    assert "The owner of this shop sends it." in marketer.opens(campaign)
    campaign.refresh_from_db()
    assert campaign.status == "draft"


def test_the_moment_is_the_shops_own_clock(shop: Shop) -> None:
    pages = Pages(shop, Role.OWNER)
    campaign = Campaign.objects.create(
        store=shop.store, name="News", template_slug="abandoned-checkout-1", audience="everybody"
    )
    typed = {"name": "News", "template_slug": "abandoned-checkout-1", "audience": "everybody", "kind": "marketing"}

    pages.presses("campaign-save", campaign.pk, **typed, send_at="2027-07-01T09:30")

    campaign.refresh_from_db()
    assert campaign.send_at is not None
    assert campaign.send_at.isoformat() == "2027-07-01T07:30:00+00:00"
    assert 'value="2027-07-01T09:30"' in pages.opens(campaign)


def test_a_hold_is_seen_and_lifted_on_the_customers_page(shop: Shop) -> None:
    customer = shop.customer(ADA)
    hold = Hold.objects.create(store=shop.store, customer=customer, kind="complaint", began_at=clock.now())
    pages = Pages(shop, Role.OWNER)
    page = reverse("admin:customers_customer_change", args=[customer.pk])

    assert "A complaint is open" in pages.client.get(page).content.decode()
    answer = Pages(shop, Role.MARKETER).client.post(reverse("dashboard:hold-lift", args=[hold.pk]))
    assert answer.status_code == 404
    assert "Lifted." in pages.presses("hold-lift", hold.pk)

    assert "A complaint is open" not in pages.client.get(page).content.decode()
    hold.refresh_from_db()
    assert hold.ends_at is not None
    assert hold.ends_at - clock.now() < timedelta(seconds=5)


def test_a_secret_is_shown_once_and_can_be_taken_back(shop: Shop) -> None:
    pages = Pages(shop, Role.OWNER)

    answer = pages.client.post(reverse("dashboard:events-secret", args=[shop.store.pk]))
    found = re.search(r"whsec_[A-Za-z0-9+/=]{44}", answer.content.decode())

    assert found
    assert "no-store" in answer["Cache-Control"]
    assert f"/events/{shop.store.key}/" in answer.content.decode()
    known = ring.load(shop.store.key)
    assert known is not None
    assert known.secrets == (found[0],)
    store = pages.client.get(reverse("admin:stores_store_change", args=[shop.store.pk])).content.decode()
    assert found[0] not in store
    pages.presses("events-revoke", shop.store.pk)
    after = ring.load(shop.store.key)
    assert after is not None
    assert after.secrets == ()
