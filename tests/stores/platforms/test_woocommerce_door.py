"""Who may come in."""

from __future__ import annotations

import base64
import hmac
from datetime import timedelta
from typing import Any

import pytest

from apps.stores.errors import SignatureRefused, Unreadable
from apps.stores.platforms.base import Request
from apps.stores.platforms.woocommerce.signature import key_of
from tests.stores.platforms.deliveries import (
    NOON,
    SECRET,
    Delivery,
    envelope,
    lower,
)
from tests.stores.platforms.woocommerce_shop import FACTS, RECORDED, SIGNED, ring, shop


@pytest.mark.parametrize("delivery", SIGNED, ids=lambda one: one.name)
def test_a_real_delivery_is_admitted_with_either_active_secret(delivery: Delivery) -> None:
    admitted = shop.authenticate(delivery.request(), ring("a newer one", delivery.secret))

    assert admitted.store
    assert "x-wc-webhook-signature" not in (admitted.headers or {})
    assert admitted.topic == delivery.topic


@pytest.mark.parametrize("delivery", SIGNED, ids=lambda one: one.name)
def test_another_stores_secret_admits_nothing(delivery: Delivery) -> None:
    with pytest.raises(SignatureRefused):
        shop.authenticate(delivery.request(), ring("somebody else's", "and another"))


def test_no_flipped_bit_passes() -> None:
    delivery = RECORDED["coupon.created"]
    for at in range(0, len(delivery.body) * 8, 7):
        body = bytearray(delivery.body)
        body[at // 8] ^= 1 << at % 8

        with pytest.raises(SignatureRefused):
            shop.authenticate(delivery.request(body=bytes(body)), ring(delivery.secret))


@pytest.mark.parametrize("signature", ["", "short", "é" * 44, "\udcff", "=", "A" * 10_000])
def test_a_strange_signature_is_refused_and_nothing_else(signature: str) -> None:
    delivery = RECORDED["order.created"]
    request = delivery.request(**{"x-wc-webhook-signature": signature})

    with pytest.raises(SignatureRefused):
        shop.authenticate(request, ring(delivery.secret))


def test_without_any_secret_nothing_passes() -> None:
    body = b"{}"
    signature = base64.b64encode(hmac.digest(b"", body, "sha256")).decode()
    request = Request(
        headers={"x-wc-webhook-signature": signature, "x-wc-webhook-topic": "order.created"},
        body=body,
        at=NOON,
    )

    with pytest.raises(SignatureRefused):
        shop.authenticate(request, ring())


@pytest.mark.parametrize(
    ("secret", "key"),
    [
        ("plain", "plain"),
        ("a&amp;b", "a&b"),
        ("a&amp;lt;b", "a&lt;b"),
        ("&lt;&gt;&quot;&#039;&#39;&#x27;&#X0027;", "<>\"''''"),
        ("&#038;&#x26;&#060;&#62;&#34;&#x22;", '&&<>""'),
        ("&apos;&#x3C;&AMP;&copy;", "&apos;&#x3C;&AMP;&copy;"),
        ("é&amp;ü", "é&ü"),
    ],
)
def test_the_key_is_the_secret_as_wordpress_decodes_it(secret: str, key: str) -> None:
    assert key_of(secret) == key.encode()


def test_the_ping_is_answered_and_not_kept() -> None:
    admitted = shop.authenticate(RECORDED["ping"].request(), ring("any"))

    assert not admitted.store


@pytest.mark.parametrize("body", [b"webhook_id=1&x=2", b"webhook_id=", b"webhook_id=1\nx", b""])
def test_nothing_else_unsigned_is_a_ping(body: bytes) -> None:
    with pytest.raises(SignatureRefused):
        shop.authenticate(RECORDED["ping"].request(body=body), ring("any"))


def test_the_delivery_id_is_no_key_and_an_untimed_body_counts_once_an_hour() -> None:
    first, second = (RECORDED[f"product.updated.same-delivery-id-{n}"] for n in (1, 2))
    gone = RECORDED["order.deleted"]

    def key(one: Delivery, **at: Any) -> str:
        return shop.authenticate(one.request(**at), ring(one.secret)).dedupe_key

    assert key(first) != key(second)
    assert key(first) == key(first, at=NOON + timedelta(days=2))
    assert key(gone) == key(gone, at=NOON + timedelta(minutes=59))
    assert key(gone) != key(gone, at=NOON + timedelta(minutes=60))


def test_the_shops_version_comes_with_its_deliveries() -> None:
    one = RECORDED["order.created"]

    assert shop.authenticate(one.request(), ring(one.secret)).version == "11.0.1"


def companion(at: Any = NOON, topic: str = "cart.updated", **more: str) -> Request:
    body = RECORDED["companion/cart.updated.block-guest"].body
    headers = lower(shop.sign(topic, body, SECRET, at, {}))
    return Request(headers=headers | more, body=body, at=NOON)


@pytest.mark.parametrize("seconds", [0, 299, -299])
def test_a_companion_of_these_five_minutes_is_admitted(seconds: int) -> None:
    admitted = shop.authenticate(companion(NOON + timedelta(seconds=seconds)), ring(SECRET))

    assert (admitted.topic, admitted.signature_version) == ("cart.updated", 2)


@pytest.mark.parametrize(
    "request_",
    [
        companion(NOON - timedelta(seconds=301)),
        companion(NOON + timedelta(seconds=301)),
        companion(**{"x-rcv-timestamp": str(int(NOON.timestamp()) + 1)}),
        companion(**{"x-rcv-timestamp": "soon"}),
        companion(**{"x-rcv-timestamp": "٣"}),
        companion(**{"x-rcv-signature-version": "1"}),
    ],
    ids=["old", "early", "changed", "no number", "foreign digits", "downgraded"],
)
def test_a_replayed_companion_is_refused(request_: Request) -> None:
    with pytest.raises(SignatureRefused):
        shop.authenticate(request_, ring(SECRET, version=2))


@pytest.mark.parametrize("missing", [(), ("x-rcv-timestamp",), ("x-rcv-timestamp", "x-wc-webhook-source")])
def test_body_only_signatures_end_with_the_first_timed_one(missing: tuple[str, ...]) -> None:
    one = RECORDED["companion/cart.updated.block-guest"]
    headers = {name: value for name, value in one.headers.items() if name not in missing}
    request = Request(headers=headers, body=one.body, at=NOON)

    assert shop.authenticate(request, ring(one.secret)).signature_version == 1
    with pytest.raises(SignatureRefused):
        shop.authenticate(request, ring(one.secret, version=2))


def test_a_batch_under_another_topic_does_not_go_around_the_timestamp() -> None:
    batch = RECORDED["companion/cart.updated.block-guest"].body

    for topic in ("rcv_cart.updated", "order.updated", "customer.created"):
        with pytest.raises(Unreadable):
            shop.translate(envelope(topic, batch), FACTS)
