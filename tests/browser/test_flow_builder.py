"""The win-back flow from nothing, by an owner who reads no code: in Dutch, with what is typed and pressed counted."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.shopkeeping import ADA, open_store, run_queues

pytestmark = pytest.mark.browser

MOST_TYPED, MOST_PRESSED = 8, 45
PICTURES = os.environ.get("PICTURES", "")
"""A folder for pictures of the pages; empty: none are taken."""


@dataclass
class Hand:
    """What an owner typed, chose and pressed."""

    page: Any
    typed: int = 0
    pressed: int = 0
    complaints: list[str] = field(default_factory=list)

    def press(self, place: Any) -> None:
        place.click()
        self.pressed += 1

    def type(self, place: Any, text: str) -> None:
        place.fill(text)
        self.typed += 1

    def choose(self, place: Any, value: str) -> None:
        place.select_option(value)
        self.pressed += 1

    def add(self, place: str, kind: str) -> None:
        """Open the menu at a place of the line of time, and press one of its parts."""
        menu = self.page.locator(f'[id="add-{place}"]')
        self.press(menu.locator("summary"))
        self.press(menu.locator(f'[value="{kind}"], [href*="kind={kind}#"]'))

    def confirm(self) -> None:
        with self.page.expect_navigation():
            self.press(self.page.locator("#form [type=submit]"))

    def picture(self, name: str) -> None:
        if PICTURES:
            self.page.screenshot(path=Path(PICTURES) / f"{name}.png", full_page=True)


def furnished_shop() -> Any:
    """A shop with two published mails, an offer, and Ada, who bought half a year ago."""
    from apps.mail.library import install_templates
    from apps.offers.models import Offer

    store = open_store(language="nl")
    install_templates(store, "abandoned-checkout", ["nl"])
    Offer.objects.create(
        store=store, name="Welkom terug", kind="percent", value=Decimal(10), currency="EUR", lasts=timedelta(days=14)
    )
    return store


def bought_long_ago(store: Any, at: Any) -> Any:
    """Ada's only order: in two days from `at` it will be 180 days old."""
    from apps.consent.models import ConsentRecord, Permission
    from apps.core.secrets import hash_of
    from apps.customers.models import Customer
    from apps.orders.models import Order
    from apps.segments.measuring import measure

    ada = Customer.objects.create(
        store=store, email=ADA.email, email_key=ADA.email, address_hash=hash_of(store.pk, ADA.email), locale="nl"
    )
    said = ConsentRecord.objects.create(customer=ada, state="granted", at=at - timedelta(days=190), source="checkout",
                                        notice=store.notices.first())  # fmt: skip
    Permission.objects.create(customer=ada, state="granted", at=said.at, record=said)
    Order.objects.create(
        store=store, external_id="1", number="1", customer=ada, email_key=ada.email_key, stage="paid", currency="EUR",
        total=Decimal(40), counts=True, placed_at=at - timedelta(days=178), paid_at=at - timedelta(days=178),
    )  # fmt: skip
    Customer.objects.filter(pk=ada.pk).update(last_order_at=at - timedelta(days=178))
    measure([ada.pk], at)
    return ada


def signed_in(chromium: Any, web: str) -> Hand:
    """An owner whose language is Dutch, at the list of flows."""
    from apps.accounts.models import User
    from config.login import link_for

    owner = User.objects.create_superuser("owner", email="sanne@molenzicht.example", language="nl")
    page = chromium.new_context(viewport={"width": 1280, "height": 900}, locale="nl").new_page()
    page.set_default_timeout(15_000)
    hand = Hand(page)
    page.on("pageerror", lambda problem: hand.complaints.append(str(problem)))
    page.on("console", lambda line: hand.complaints.append(line.text) if line.type == "error" else None)
    page.goto(link_for(owner, web))
    page.goto(f"{web}/admin/flows/flow/")
    return hand


def builds(hand: Hand) -> None:
    """From nothing to a plan that can run."""
    page = hand.page
    hand.press(page.locator('a[href$="/flows/new/"]'))
    hand.type(page.locator("[name=name]"), "Lang niet gezien")
    hand.press(page.locator('form[action$="/make/"] [type=submit]'))
    hand.picture("1-new")
    hand.press(page.locator('#trigger [href*="kind=lapsed#"]'))
    hand.picture("2-trigger")
    hand.confirm()
    hand.add("filter.0", "ordered")
    hand.picture("3-filter")
    hand.confirm()

    hand.add("steps.0", "send_email")
    hand.choose(page.locator("#form select[name=part-template]"), "abandoned-checkout-1")
    hand.confirm()
    hand.add("steps.1", "wait")
    hand.type(page.locator("#form [name=part-until_count]"), "21")
    hand.confirm()
    hand.add("steps.2", "give_offer")
    hand.choose(page.locator("#form select[name=part-offer]"), "Welkom terug")
    hand.confirm()
    hand.add("steps.3", "send_email")
    hand.choose(page.locator("#form select[name=part-template]"), "abandoned-checkout-2")
    hand.confirm()

    hand.press(page.locator('#exits [value="order_placed"]'))
    hand.press(page.locator('#exits form[action$="/ends/"] [type=submit]'))
    head = page.locator('form[action$="/head/"]')
    hand.choose(head.locator("[name=purpose]"), "winback")
    hand.choose(head.locator("[name=priority]"), "win_back")
    hand.choose(head.locator("[name=reentry]"), "every")
    hand.type(head.locator("[name=every_count]"), "180")
    hand.press(head.locator("[type=submit]"))
    hand.picture("4-ready")


def publishes(hand: Hand) -> None:
    """Published, looked at, on."""
    page = hand.page
    hand.press(page.locator('form[action$="/publish/"] [type=submit]'))
    hand.press(page.locator('form[action$="/on/"] [type=submit]').first)
    page.locator("#look iframe").nth(1).wait_for()
    hand.picture("5-look")
    hand.press(page.locator('#look [action$="/on/"] [type=submit]'))
    page.locator('form[action$="/off/"]').wait_for()


def test_the_win_back_flow_from_nothing_in_dutch(web: str, chromium: Any, capsys: Any) -> None:
    from apps.core import clock
    from apps.flows.models import Enrollment, Flow
    from apps.flows.sweeping import sweep_due
    from apps.mail.models import Message

    ada = bought_long_ago(furnished_shop(), clock.now())
    hand = signed_in(chromium, web)

    builds(hand)
    publishes(hand)

    flow = Flow.objects.get()
    assert flow.live
    assert flow.draft["steps"] == [
        {"send_email": "abandoned-checkout-1"}, {"wait": "21d"}, {"give_offer": "Welkom terug"},
        {"send_email": "abandoned-checkout-2"},
    ]  # fmt: skip
    at = clock.now()
    for days in range(4):
        sweep_due(at + timedelta(days=days))
        run_queues(at + timedelta(days=days))
    assert Enrollment.objects.get(customer=ada).flow == flow
    assert Message.objects.filter(customer=ada, template_slug="abandoned-checkout-1").exists()
    hand.page.goto(f"{web}/admin/flows/flow/{flow.pk}/change/?tab=people")
    hand.page.get_by_text(ADA.email).first.wait_for()
    hand.picture("6-people")
    assert hand.complaints == []
    with capsys.disabled():
        print(f"\nwin-back from nothing: {hand.typed} typed, {hand.pressed} pressed or chosen")
    assert hand.typed <= MOST_TYPED
    assert hand.pressed <= MOST_PRESSED
