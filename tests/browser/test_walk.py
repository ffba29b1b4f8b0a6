"""A newcomer's walk: from the printed link to a basket brought back."""

from __future__ import annotations

import email
import re
import urllib.request
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from tests.invariants import bodies
from tests.shopkeeping import ADA, SECRET, open_store, run_queues

pytestmark = pytest.mark.browser


def deliver(address: str, store: Any, post: bodies.Post) -> int:
    """As the shop's server does it: signed, over HTTP, through the door."""
    from apps.stores.platforms.base import platforms

    headers = platforms.get(store.platform).sign(post.topic, post.body, SECRET, post.at, dict(post.headers))
    url = f"{address}/webhooks/{store.platform}/{store.key}/"
    with urllib.request.urlopen(urllib.request.Request(url, post.body, headers)) as answer:
        return int(answer.status)


def shop_with_a_flow(address: str) -> Any:
    from apps.core import clock
    from apps.flows.presets import install
    from apps.mail import library

    store = open_store(url=f"{address}/theepot", language="en")
    for slug in library.shipped():
        for locale in library.LOCALES:
            library.compiled(slug, locale)
    install(store, "abandoned-checkout", clock.now())
    return store


def test_from_the_printed_link_to_a_basket_brought_back(web: str, chromium: Any) -> None:
    from apps.accounts.models import User
    from apps.consent.models import Suppression
    from apps.core import clock
    from apps.mail.models import OutboxMail
    from config.login import link_for

    store = shop_with_a_flow(web)
    owner = User.objects.create_superuser("owner", language="en")
    said: list[str] = []
    page = chromium.new_page()
    page.on("console", lambda line: said.append(line.text) if line.type == "error" else None)

    page.goto(link_for(owner, web))
    assert page.url.startswith(f"{web}/admin/")

    page.goto(f"{web}/admin/mail/template/")
    page.get_by_role("link", name="abandoned-checkout-1").first.click()
    page.get_by_role("tab", name="Phone").click()
    page.frame_locator("#mail-phone iframe").locator("h1").first.wait_for()

    page.goto(f"{web}/admin/flows/flow/")
    page.get_by_role("link", name="Abandoned checkout").click()
    page.get_by_role("button", name="Switch on").click()
    page.frame_locator("#look iframe >> nth=0").locator("h1").first.wait_for()
    page.get_by_role("button", name="I have looked at this: switch on").click()
    assert page.get_by_role("button", name="Switch off").is_visible()

    at = clock.now()
    post = bodies.woo_cart("walk", at, email=ADA.email, first_name=ADA.name, consent=("granted", at))
    # The recorded shop's pictures are elsewhere; a browser may only load those that are there.
    picture = f"{web}/static/dashboard/sample-1.png".encode()
    pictured = re.sub(rb'http://127\.0\.0\.1:8089[^"]+\.png', picture, post.body)
    assert deliver(web, store, replace(post, body=pictured)) == 200
    run_queues(clock.now())
    page.goto(f"{web}/admin/carts/cart/")
    page.get_by_text(ADA.email).first.wait_for()

    for minutes in range(0, 151, 10):
        run_queues(at + timedelta(minutes=minutes))
    page.goto(f"{web}/admin/mail/outboxmail/")
    page.locator("#result_list tbody a").first.click()
    page.frame_locator("#mail-desktop iframe").locator("h1").first.wait_for()

    with page.expect_popup() as opened:
        page.locator("#restore").click()
    opened.value.wait_for_load_state()
    assert opened.value.url.startswith(store.url)

    mail = email.message_from_bytes(bytes(OutboxMail.objects.get().data))
    way_out = re.search(r"<(http[^>]+/u/[^>]+)>", mail["List-Unsubscribe"])
    assert way_out
    page.goto(way_out[1])
    assert not Suppression.objects.exists()
    page.get_by_role("button").first.click()
    page.wait_for_load_state()
    assert Suppression.objects.get().scope == "marketing"
    assert said == []
