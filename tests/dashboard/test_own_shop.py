"""See your own shop: an address in, the mail in its own look out, and nothing else reached on the way."""

from __future__ import annotations

import html
import itertools
import re
import time
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.test import Client

from apps.core.visitors import visitor
from apps.dashboard.models import Glance
from apps.dashboard.ownshop import glances
from apps.dashboard.ownshop.address import shop_address
from apps.dashboard.ownshop.head import colour_of, read_head
from apps.dashboard.ownshop.looking import _store_apis, look
from apps.dashboard.ownshop.shelf import of_shopify, of_woocommerce
from apps.mail.colours import contrast
from apps.stores.errors import AddressForbidden
from apps.stores.models import Store
from tests.dashboard import fronts
from tests.shops.base import Reply, Stage


@pytest.fixture
def opened() -> Iterator[Any]:
    """Shops that close when the story ends."""
    shops: list[Stage] = []

    def keep(shop: Any) -> Any:
        shops.append(shop)
        return shop

    yield keep
    for shop in shops:
        shop.close()


def asked(client: Client, address: str, **more: Any) -> Any:
    return client.post("/", {"address": address}, **more)


def letter(answer: Any, locale: str = "nl") -> str:
    return next(mail.html for mail in answer.context["mails"] if mail.locale == locale)


def words(answer: Any, locale: str = "nl") -> str:
    """The letter as a reader sees it."""
    return html.unescape(letter(answer, locale)).replace("\xa0", " ")


# --- what a visitor sees ---


def test_a_woocommerce_shop_sees_its_own_mail(client: Client, db: None, opened: Any) -> None:
    shop = opened(fronts.woocommerce())

    answer = asked(client, shop.url)

    found = answer.context["shop"]
    assert (found.name, found.platform, found.colour) == ("Theepot & Zoon", "woocommerce", "#b5472f")
    assert found.logo == f"{shop.url}/logo.png"
    assert [thing.price for thing in found.things][:2] == [Decimal("124.95"), Decimal("324.95")]
    assert len(found.things) == 5
    said = words(answer)
    assert "Kan nr. 1 – 1 liter" in said
    assert "€ 124,95" in said
    assert "Theepot & Zoon" in said
    assert "#b5472f" in said


def test_plain_permalinks_are_no_hindrance(client: Client, db: None, opened: Any) -> None:
    shop = opened(fronts.woocommerce(plain=True))

    assert len(asked(client, shop.url).context["shop"].things) == 5


def test_a_shopify_shop_sees_its_own_mail_in_its_own_currency(client: Client, db: None, opened: Any) -> None:
    shop = opened(fronts.shopify())

    answer = asked(client, shop.url)

    found = answer.context["shop"]
    assert (found.name, found.platform, found.currency) == ("Boards of Delft", "shopify", "GBP")
    assert (found.shop_domain, found.country) == ("theepot.myshopify.com", "GB")
    assert "£19.50" in words(answer, "en")
    assert "width=300" in found.things[0].image


def test_each_voice_stands_there_the_readers_own_first(client: Client, db: None, opened: Any) -> None:
    shop = opened(fronts.woocommerce())

    dutch = asked(client, shop.url, HTTP_ACCEPT_LANGUAGE="nl")
    english = asked(client, shop.url, HTTP_ACCEPT_LANGUAGE="en")

    assert [mail.locale for mail in dutch.context["mails"]] == ["nl", "nl-u", "en"]
    assert english.context["mails"][0].locale == "en"
    assert "This is how Theepot &amp; Zoon would write" in english.content.decode()


def test_a_site_that_is_no_shop_gets_examples_and_says_so(client: Client, db: None, opened: Any) -> None:
    shop = opened(fronts.Front(**{"/": "<title>Krant</title>"}))

    answer = asked(client, shop.url, HTTP_ACCEPT_LANGUAGE="en")

    assert "neither WooCommerce nor Shopify" in answer.content.decode()
    assert "Linen tea towel" in letter(answer, "en")


def test_one_step_to_where_the_shop_sends_us_is_taken_and_no_second(client: Client, db: None, opened: Any) -> None:
    shop, far = opened(fronts.woocommerce()), opened(fronts.Front())
    bare = opened(fronts.Front(**{"/": Reply(301, body=b"", headers={"Location": f"{shop.url}/?utm=1"})}))
    far.pages["/"] = Reply(302, body=b"", headers={"Location": bare.url})

    once, twice = asked(client, bare.url), asked(client, far.url)

    assert once.context["shop"].url == shop.url
    assert "shop" not in twice.context
    assert twice.context["said"]


def test_nothing_is_kept_and_a_get_asks_nobody(client: Client, db: None, opened: Any) -> None:
    shop = opened(fronts.woocommerce())

    client.get("/", {"address": shop.url})
    assert shop.asked == []
    asked(client, shop.url)

    assert 2 <= len(shop.asked) <= 6
    assert not Store.objects.exists()
    assert shop.url not in str(list(Glance.objects.values()))


def test_a_form_from_elsewhere_is_refused(db: None, opened: Any) -> None:
    shop = opened(fronts.woocommerce())

    answer = Client(enforce_csrf_checks=True).post("/", {"address": shop.url})

    assert answer.status_code == 403
    assert shop.asked == []


# --- addresses that are never asked ---

FORBIDDEN = [
    "", "molenzicht", "http://", "https://user:key@shop.example", "ftp://shop.example", "file:///etc/passwd",
    "gopher://shop.example", "https://shop.example:8080", "https://shop.example:22/", "shop.example\\@127.0.0.1",
    "https://127.0.0.1", "http://localhost", "https://[::1]/", "https://0.0.0.0/", "https://10.0.0.1/",
    "https://169.254.169.254/latest/meta-data", "https://192.168.1.1", "https://[::ffff:127.0.0.1]/", "http://[",
    "https://shop.example\r\nHost: evil", "https://" + "a" * 400 + ".example", "https://fd00.localhost",
]  # fmt: skip


@pytest.mark.parametrize("typed", FORBIDDEN)
def test_no_road_leads_inside(typed: str) -> None:
    with pytest.raises(AddressForbidden):
        shop_address(typed, loopback=False)


@pytest.mark.parametrize("name", ["2130706433", "0x7f000001", "127.1", "localtest.me"])
def test_other_spellings_of_this_machine_stop_at_the_connection(name: str, opened: Any) -> None:
    """What the resolver makes of it is judged when the connection is made; here nothing may answer."""
    from apps.stores.errors import ShopTrouble

    with pytest.raises(ShopTrouble):
        look(f"https://{name}", loopback=False)


def test_a_shop_cannot_send_us_inside(client: Client, db: None, opened: Any, settings: Any) -> None:
    inside = opened(fronts.woocommerce())
    for place in ("http://169.254.169.254/", "ftp://shop.example/", "https://shop.example:22/", "http://[", "//"):
        shop = opened(fronts.Front(**{"/": Reply(302, body=b"", headers={"Location": place})}))
        answer = asked(client, shop.url)
        assert answer.context["said"]
        assert "shop" not in answer.context
        assert len(shop.asked) <= 2
    settings.ENV = replace(django_settings.ENV, allow_loopback_shops=False)
    assert asked(client, inside.url).context["said"]
    assert inside.asked == []


# --- shops that are not well, or not friendly ---


@pytest.mark.parametrize("fault", ["broken", "half", "busy", "frozen", "moved"])
def test_a_shop_that_is_not_well_gets_a_sentence(client: Client, db: None, opened: Any, fault: str) -> None:
    shop = opened(fronts.woocommerce())
    shop.breaks(fault)

    answer = asked(client, shop.url, HTTP_ACCEPT_LANGUAGE="en")

    assert answer.status_code == 200
    if "shop" not in answer.context:
        assert answer.context["said"]
        assert answer.context["mend"]
        assert f'value="{shop.url}"' in answer.content.decode()


def test_a_feed_that_fails_leaves_the_look(client: Client, db: None, opened: Any) -> None:
    shop = opened(fronts.woocommerce())
    shop.breaks("not_json", path="/wc/store")

    answer = asked(client, shop.url)

    assert answer.context["shop"].name == "Theepot & Zoon"
    assert answer.context["shop"].things == ()


EVIL = "</iframe></script><script>alert(1)</script>\"'><img src=x onerror=alert(1)>"


def test_hostile_words_stay_words(client: Client, db: None, opened: Any) -> None:
    things = [
        fronts.thing(1, name=EVIL, permalink="javascript:alert(1)", images=[{"src": "javascript:alert(1)"}]),
        fronts.thing(2, name="{{ shop.secret }}{% assign a = 1 %}", prices={"price": "9" * 400, "currency_code": "<"}),
        fronts.thing(3, name={"a": 1}, prices=None, images="x", permalink=7),
        7, None, [], {"name": "Kan", "images": [{"src": "https://theepot.example/\" onerror=alert(1)"}]},
    ]  # fmt: skip
    evil = EVIL.replace('"', "&quot;")
    head = f'<meta property="og:site_name" content="{evil}"><meta name="theme-color" content="red;}}body{{">'
    shop = opened(fronts.woocommerce(things=things, head=""))
    shop.pages["/"] = f"<html><head>{head}</head><body class=woocommerce>" + shop.pages["/"].partition("<head>")[2]

    answer = asked(client, shop.url)

    page = answer.content.decode()
    assert "<script>alert" not in page
    assert "<img src=x" not in page
    for mail in answer.context["mails"]:
        assert "<script" not in mail.html
        assert "onerror=alert(1)>" not in re.sub(r"&[a-z#0-9]+;", "", mail.html)
        assert "javascript:" not in mail.html
        assert "secret }}{% assign a = 1 %}" in mail.html
    policy = answer.headers["Content-Security-Policy"]
    assert "script-src 'self'" in policy
    assert "unsafe-eval" not in policy
    assert re.search(r"<iframe[^>]* sandbox[ >]", page)


@pytest.mark.parametrize("colour", ["#fefefe", "#ffff00", "#000000", "#7f7f7f", "#b5472f"])
def test_every_colour_gives_a_button_that_can_be_read(client: Client, db: None, opened: Any, colour: str) -> None:
    shop = opened(fronts.woocommerce(head=f'<meta name="theme-color" content="{colour}">'))

    said = letter(asked(client, shop.url), "en")

    button = re.search(r'bgcolor="(#[0-9a-f]{6})"[^>]*>\s*<a[^>]*style="[^"]*?(?<!-)color:\s*(#[0-9a-f]{6})', said)
    assert button, said[:2000]
    assert contrast(button[1], button[2]) >= 4.5


def test_colours_are_colours_or_nothing() -> None:
    assert colour_of("#ABC") == "#aabbcc"
    assert colour_of("rgb(181, 71, 47)") == colour_of("181, 71, 47") == "#b5472f"
    assert {colour_of(word) for word in ("red", "#12345", "300, 1, 2", "url(x)", "#fff;}", "")} == {""}


@pytest.mark.parametrize(
    "bad", ["<!--" * 60_000, "<a " * 100_000, "<title>" + "x" * 400_000, "&#" * 100_000, "<" * 300_000]
)
def test_a_page_made_to_keep_us_busy_does_not(bad: str) -> None:
    begun = time.monotonic()

    read_head(bad.encode())

    assert time.monotonic() - begun < 5


def test_no_page_and_no_feed_is_too_broken_to_be_read() -> None:
    """What stands before the break is kept; nothing but a Head or a list ever comes out."""
    head = b'<meta property="og:site_name" content="Molenzicht">'
    broken = [
        b"<![x[", b"<!DOCTYPE [", b"<![CDATA[", b"<?", b"<!", b"</", b"&#xD800;", b"<a b='\x00'>", b"\xff\xfe\x00",
        b"<link rel='https://api.w.org/' href='http://['>",
        b'<script type="application/ld+json">[[{"@type": 7, "@graph": {}}',
    ]  # fmt: skip
    for first, second in itertools.product(broken, repeat=2):
        found = read_head(head + first + second + head)
        assert found.name("x") == "Molenzicht"
        assert _store_apis("https://shop.example", found)
        assert isinstance(found.logo("https://shop.example/", loopback=False), str)
    odd: list[Any] = [None, 7, "x", [], {}, [None], [7], ["x"], [[]], {"products": 7}, {"products": [[]]}]
    odd += [{"products": [{"title": "Kan", "variants": one, "images": one, "handle": one}]} for one in odd]
    for said in odd:
        assert isinstance(of_shopify(said, "https://shop.example", loopback=False), list)
        assert isinstance(of_woocommerce(said, "https://shop.example", loopback=False), list)


# --- how often ---


def test_who_looks_too_often_waits(client: Client, db: None, opened: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(glances, "EACH", 2)
    shop = opened(fronts.Front(**{"/": "<title>Krant</title>"}))

    answers = [asked(client, shop.url, HTTP_ACCEPT_LANGUAGE="en") for _ in range(3)]
    elsewhere = asked(client, shop.url, REMOTE_ADDR="203.0.113.9")

    assert ["shop" in answer.context for answer in answers] == [True, True, False]
    assert "Wait ten minutes" in answers[2].content.decode()
    assert "shop" in elsewhere.context


def test_all_together_look_no_more_than_so_often(client: Client, db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(glances, "ALL", 2)

    said = [
        asked(client, "x", REMOTE_ADDR=f"203.0.113.{n}", HTTP_ACCEPT_LANGUAGE="en").context["said"] for n in range(3)
    ]

    assert said[2] != said[0] == said[1]


def test_a_header_that_anybody_can_write_makes_nobody_another(rf: Any, settings: Any) -> None:
    forged = rf.post("/", HTTP_X_FORWARDED_FOR="198.51.100.1, 203.0.113.5", REMOTE_ADDR="192.0.2.1")

    assert visitor(forged) == "192.0.2.1"
    settings.ENV = replace(django_settings.ENV, trusted_proxies=1)
    assert visitor(forged) == "203.0.113.5"
    assert visitor(rf.post("/", REMOTE_ADDR="2001:db8::1")) == "2001:db8::/64"
