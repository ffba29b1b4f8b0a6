"""From "I have a shop" to a first basket that came back, counted: at most six things to type and ten to press."""

from __future__ import annotations

import email
import re
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from http.client import HTTPConnection
from typing import Any, ClassVar
from urllib.parse import urlencode, urlsplit

import pytest
from django.db.models import F

from apps.dashboard.demo.mailbox import BROWSER
from tests.invariants import bodies
from tests.shopkeeping import run_queues
from tests.shops.base import Asked, Reply
from tests.shops.shopify import Shopify
from tests.shops.woocommerce import WooCommerceShop

pytestmark = pytest.mark.browser

MOST_TYPED, MOST_PRESSED = 6, 10
IN_WORDPRESS = 3
"""Upload, Install, Activate: what the plugin's zip takes there."""
PAGE = {"Content-Type": "text/html; charset=utf-8"}


class Woo(WooCommerceShop):
    """With a page of its own, and the page on which its owner approves."""

    def reply(self, asked: Asked) -> Reply:
        if asked.path == "/" and "rest_route" not in asked.query:
            return Reply(
                200, body=b'<title>Molenzicht</title><meta name="theme-color" content="#7a3b12">', headers=PAGE
            )
        if asked.path == "/wc-auth/v1/authorize":
            form = f'<form method="post" action="/approve?{urlencode(asked.query)}"><button>Approve</button></form>'
            return Reply(200, body=form.replace("&", "&amp;").encode(), headers=PAGE)
        if asked.path == "/approve":
            return self._approved(asked)
        return super().reply(asked)

    def _approved(self, asked: Asked) -> Reply:
        callback, body = self.approves(f"{self.url}/?{urlencode(asked.query)}")
        posted = urllib.request.Request(callback, body, {"Content-Type": "application/json"})
        with urllib.request.urlopen(posted) as answer:
            assert answer.status == 200
        back = urlencode({"success": 1, "user_id": asked.query["user_id"]})
        return Reply(302, body=b"", headers={"Location": f"{asked.query['return_url']}?{back}"})


class Shop(Shopify):
    """With a page that names it."""

    page: ClassVar[str] = '<title>Molenzicht</title><script>Shopify.shop = "%s"; Shopify.theme = {}</script>'

    def reply(self, asked: Asked) -> Reply:
        if (asked.method == "GET" and asked.path in ("/", "/cart")) or asked.path.startswith("/checkouts"):
            return Reply(200, body=(self.page % self.domain).encode(), headers=PAGE)
        return super().reply(asked)


@pytest.fixture
def woo() -> Iterator[Woo]:
    shop = Woo(companion="1.0.0")
    shop.adds_product()
    yield shop
    shop.close()


@pytest.fixture
def shopify() -> Iterator[Shop]:
    shop = Shop(domain=bodies.DOMAIN)
    shop.adds_product()
    yield shop
    shop.close()


@dataclass
class Hand:
    """An owner's hand: what it typed and what it pressed, and what the browser complained of."""

    page: Any
    typed: int = 0
    pressed: int = 0
    complaints: list[str] = field(default_factory=list)

    def type(self, label: str, text: str) -> None:
        self.page.get_by_label(label, exact=True).locator("visible=true").fill(text)
        self.typed += 1

    def press(self, place: Any) -> None:
        place.click()
        self.pressed += 1


def hand(chromium: Any, web: str, *, language: str, phone: bool, dark: bool) -> Hand:
    from apps.accounts.models import User
    from apps.mail import library
    from config.login import link_for

    for slug in library.shipped():
        for locale in library.LOCALES:
            library.compiled(slug, locale)
    owner = User.objects.create_superuser("owner", email="sanne@molenzicht.example", language=language)
    size = {"width": 390, "height": 844} if phone else {"width": 1280, "height": 900}
    context = chromium.new_context(viewport=size, locale=language, color_scheme="dark" if dark else "light")
    found = Hand(context.new_page())
    found.page.on("pageerror", lambda problem: found.complaints.append(str(problem)))
    found.page.on("console", lambda line: _complain(found, web, line))
    found.page.goto(link_for(owner, web))
    return found


def _complain(owner: Hand, web: str, line: Any) -> None:
    """What goes wrong on pages of ours; a pretended shop has no icon."""
    if line.type == "error" and line.location["url"].startswith(web):
        owner.complaints.append(f"{line.text} {line.location['url']}")


def deliver(web: str, store: Any, post: bodies.Post) -> int:
    """As the shop's server does it, with the secret that connecting gave it."""
    from apps.core import clock
    from apps.stores.platforms.base import platforms
    from apps.stores.secrets_ring import newest

    secret = newest(store, clock.now())
    headers = platforms.get(store.platform).sign(post.topic, post.body, secret, post.at, dict(post.headers))
    url = f"{web}/webhooks/{store.platform}/{store.key}/"
    with urllib.request.urlopen(urllib.request.Request(url, post.body, headers)) as answer:
        return int(answer.status)


def leads_to(link: str) -> str:
    """Where the button in a mail brings a person's own browser; the shop's page itself is the shop's."""
    parts = urlsplit(link)
    line = HTTPConnection(parts.netloc)
    line.request("GET", parts.path, headers=BROWSER)
    answer = line.getresponse()
    assert answer.status == 302
    line.close()
    return answer.headers["Location"]


def connected_store() -> Any:
    """The shop as connecting left it; open on Sundays and at night, whenever this test runs."""
    from apps.stores.models import Store

    store = Store.objects.get()
    assert store.connection.connected_at
    store.rules = {**store.rules, "quiet": "off", "sunday": "on"}
    store.save(update_fields=["rules"])
    return store


def walk(owner: Hand, web: str, store: Any, basket: list[bodies.Post], order: Any) -> None:
    """The test basket: left, seen live, mailed at once, pressed, ordered."""
    from apps.core import clock
    from apps.mail.models import Message, OutboxMail

    page = owner.page
    owner.press(page.locator(f'a[href$="/stores/{store.pk}/try/"]').first)
    for post in basket:
        assert deliver(web, store, post) == 200
    run_queues(clock.now())
    page.locator('[data-item="permitted"][data-state="done"]').wait_for(timeout=15_000)
    with page.expect_navigation():
        owner.press(page.locator("#walk form [type=submit]"))
    run_queues(clock.now())
    page.locator('[data-item="sent"][data-state="done"]').wait_for(timeout=15_000)

    mail = email.message_from_bytes(bytes(OutboxMail.objects.get().data))
    text = next(part for part in mail.walk() if part.get_content_type() == "text/plain")
    link = re.search(r"https?://\S+/r/\S+", text.get_payload(decode=True).decode())
    assert link
    # Nobody presses within two seconds; a story need not wait for them.
    Message.objects.update(sending_at=F("sending_at") - timedelta(seconds=5))
    assert leads_to(link[0]).startswith((store.url, "https://"))
    owner.pressed += 1
    assert deliver(web, store, order()) == 200
    run_queues(clock.now())
    page.locator("#walk [data-complete]").wait_for(timeout=15_000)
    page.goto(f"{web}/admin/stores/store/{store.pk}/change/")
    page.locator('[data-item="recovered"][data-state="done"]').wait_for()


@pytest.mark.parametrize(("language", "phone"), [("en", False)])
def test_a_woocommerce_shop_in_few_moves(web: str, chromium: Any, woo: Woo, language: str, phone: bool) -> None:
    from apps.core import clock

    owner = hand(chromium, web, language=language, phone=phone, dark=phone)
    page = owner.page
    owner.press(page.locator('a.m-button--main[href$="/connect/"]'))
    page.locator("#on-woocommerce [name=address]").fill(woo.url)
    owner.typed += 1
    owner.press(page.locator("#on-woocommerce [name=do]"))
    owner.press(page.get_by_role("button", name="Approve", exact=True))
    page.wait_for_url("**/admin/stores/store/*/change/")
    store = connected_store()
    assert (store.from_email, store.profile["colour"]) == ("sanne@molenzicht.example", "#7a3b12")
    for name in ("address", "keys", "hooks", "companion", "opt_in", "postal"):
        state = "open" if name == "postal" else "done"
        page.locator(f'[data-item="{name}"][data-state="{state}"]').wait_for()
    with page.expect_download() as zipped:
        owner.press(page.locator("#connection a[download]"))
    assert zipped.value.suggested_filename.endswith(".zip")
    owner.pressed += IN_WORDPRESS

    assert page.locator('[data-item="delivery"][data-state="open"]').is_visible()
    at = clock.now()
    assert deliver(web, store, bodies.woo_product(14, at)) == 200
    page.locator('#checklist [data-item="delivery"][data-state="done"]').wait_for(timeout=15_000)
    who = "sanne@molenzicht.example"
    walk(
        owner, web, store,
        [bodies.woo_cart("walk", clock.now(), email=who, first_name="Sanne", consent=("granted", at))],
        lambda: bodies.woo_order(
            77, clock.now(), "processing", created=clock.now(), email=who, paid=clock.now(), cart="walk"
        ),
    )  # fmt: skip

    assert owner.typed <= MOST_TYPED, owner.typed
    assert owner.pressed <= MOST_PRESSED, owner.pressed
    assert owner.complaints == []


@pytest.mark.parametrize(("language", "phone"), [("nl", True)])
def test_a_shopify_shop_in_few_moves(web: str, chromium: Any, shopify: Shop, language: str, phone: bool) -> None:
    from apps.core import clock

    owner = hand(chromium, web, language=language, phone=phone, dark=False)
    page = owner.page
    owner.press(page.locator('a.m-button--main[href$="/connect/"]'))
    owner.press(page.locator('[role=tab][aria-controls="on-shopify"]'))
    way = "#on-shopify [name='credential.client_credentials.{}']"
    for place, text in (
        ("#on-shopify [name=address]", shopify.url),
        (way.format("client_id"), shopify.client_id),
        (way.format("client_secret"), shopify.client_secret),
    ):
        page.locator(place).fill(text)
        owner.typed += 1
    owner.press(page.locator("#on-shopify button[value=client_credentials]"))
    page.wait_for_url("**/admin/stores/store/*/change/")
    store = connected_store()
    assert store.shop_domain == bodies.DOMAIN
    for name in ("address", "keys", "protected"):
        page.locator(f'[data-item="{name}"][data-state="done"]').wait_for()

    who, begun = "sanne@molenzicht.example", clock.now()
    walk(
        owner, web, store,
        [
            bodies.shopify_checkout("walk", begun, email=who, account=700, cart="cart-walk"),
            bodies.shopify_consent(700, who, begun, "subscribed"),
        ],
        lambda: bodies.shopify_order(
            78, clock.now(), created=clock.now(), email=who, account=700, checkout="walk"
        ),
    )  # fmt: skip

    assert owner.typed <= MOST_TYPED, owner.typed
    assert owner.pressed <= MOST_PRESSED, owner.pressed
    assert owner.complaints == []


def test_a_visitor_sees_a_mail_in_the_shops_own_look(web: str, chromium: Any) -> None:
    from tests.dashboard import fronts

    shop = fronts.woocommerce()
    page = chromium.new_context(locale="nl").new_page()
    said: list[str] = []
    page.on("pageerror", lambda problem: said.append(str(problem)))
    page.goto(web)

    page.locator("[name=address]").fill(shop.url)
    page.locator("main [type=submit]").click()

    page.frame_locator("#mail-nl iframe").get_by_text("Kan nr. 1").first.wait_for()
    page.get_by_role("tab").nth(2).click()
    page.frame_locator("#mail-en iframe").get_by_text("Back to my basket").wait_for()
    shop.close()
    assert said == []
