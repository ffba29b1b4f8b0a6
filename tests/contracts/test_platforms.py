"""What every registered platform keeps, whoever wrote it."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from urllib.parse import urlsplit

import pytest

from apps.core.registry import load_all
from apps.stores.errors import Ignored, SignatureRefused, Unreadable
from apps.stores.platforms.base import (
    Basket,
    Envelope,
    Keyring,
    Platform,
    Request,
    ShopFacts,
    ShopLinks,
    platforms,
)
from apps.stores.snapshots import Line

load_all("apps.stores.platforms")

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
DOMAIN = "example-shop.myshopify.com"
FACTS = ShopFacts(currency="EUR", language="nl", country="NL", url="https://shop.example")
TOPICS = ["order.updated", "cart.updated", "orders/updated", "checkouts/update", "shop/redact"]
BODIES = [b"", b"[]", b"{}", b'{"id":"\\u0000"}', b'{"id":NaN}', b"\xff\xfe", b"[" * 100_000]

all_platforms = pytest.mark.parametrize("platform", [one for _, one in platforms.items()], ids=lambda one: one.kind)


def sent(platform: Platform, body: bytes) -> Request:
    topic = "orders/updated" if platform.kind == "shopify" else "order.updated"
    headers = platform.sign(topic, body, "s3cret", NOON, {"X-Shopify-Shop-Domain": DOMAIN})
    return Request(headers={name.lower(): value for name, value in headers.items()}, body=body, at=NOON)


@all_platforms
def test_it_is_registered_under_its_own_kind(platform: Platform) -> None:
    assert platforms.get(platform.kind) is platform
    assert platform.label


@all_platforms
@pytest.mark.parametrize("body", BODIES, ids=range(len(BODIES)))
def test_it_admits_what_it_signed_without_reading_it(platform: Platform, body: bytes) -> None:
    admitted = platform.authenticate(
        sent(platform, body), Keyring(store_id=1, secrets=("new", "s3cret"), shop_domain=DOMAIN)
    )

    assert admitted.store
    assert admitted.dedupe_key
    assert not any("hmac" in name or "signature" in name for name in admitted.headers or {})


@all_platforms
def test_it_refuses_another_stores_secret_and_a_changed_body(platform: Platform) -> None:
    request = sent(platform, b'{"id":1}')
    ring = Keyring(store_id=1, secrets=("s3cret",), shop_domain=DOMAIN)
    stranger = Keyring(store_id=2, secrets=("another",), shop_domain=DOMAIN)
    changed = Request(headers=request.headers, body=b'{"id":2}', at=NOON)

    for one, keys in (
        (request, stranger),
        (changed, ring),
        (request, Keyring(store_id=3, secrets=())),
    ):
        with pytest.raises(SignatureRefused):
            platform.authenticate(one, keys)


@all_platforms
@pytest.mark.parametrize("topic", [*TOPICS, "nobody/knows"])
@pytest.mark.parametrize("body", BODIES, ids=range(len(BODIES)))
def test_it_raises_nothing_but_unreadable_or_ignored(platform: Platform, topic: str, body: bytes) -> None:
    envelope = Envelope(topic=topic, body=body, received_at=NOON)

    with pytest.raises((Unreadable, Ignored)) as refused:
        platform.translate(envelope, FACTS)

    assert getattr(refused.value, "code", "") != "unexpected"


@all_platforms
def test_its_restore_link_leads_to_the_shop_without_an_address(platform: Platform) -> None:
    line = Line(
        product="1",
        variant="2",
        title="A",
        quantity=Decimal(1),
        unit_price=Decimal(1),
        total=Decimal(1),
    )
    basket = Basket(
        keys=(),
        lines=(line,),
        recovery_url="https://evil.example/",
        message_ref="m-1",
        expires_at=NOON,
    )
    for links in (
        ShopLinks(url="https://shop.example", secret="s3cret"),
        ShopLinks(url="https://shop.example", secret="s3cret", companion=True, version=(11, 0)),
        ShopLinks(url="https://shop.example", version=(11, 0)),
    ):
        link = platform.restore(basket, links)

        assert urlsplit(link)[:2] == ("https", "shop.example")
        assert "@" not in link
        assert "m-1" in link or "rcv=" in link
