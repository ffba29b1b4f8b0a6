"""Who may come in."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from dataclasses import replace
from datetime import datetime

import pytest

from apps.stores.errors import SignatureRefused
from apps.stores.platforms.base import Request
from tests.stores.platforms.deliveries import (
    FIXTURES,
    NOON,
    lower,
)
from tests.stores.platforms.shopify_shop import (
    CHECKOUT,
    ORDER,
    ring,
    seen,
    shop,
    signed,
)


def test_a_signature_made_by_hand_is_admitted_with_either_secret() -> None:
    body = b'{"token": "1"}'
    signature = base64.b64encode(hmac.new(b"shpss_1", body, hashlib.sha256).digest()).decode()
    headers = lower(json.loads((FIXTURES / "shopify/HEADERS.json").read_text())["admin_created_or_app_webhook"])
    request = Request(headers=headers | {"x-shopify-hmac-sha256": signature}, body=body, at=NOON)

    admitted = shop.authenticate(request, ring("shpss_2", "shpss_1"))

    assert admitted.topic == "checkouts/update"
    assert admitted.dedupe_key == admitted.external_id == "545ebdd4-b7be-4d3d-b14e-54aa78e0e0f9"
    assert admitted.triggered_at == datetime.fromisoformat("2026-11-20T15:05:12.550Z")
    assert (admitted.version, admitted.test) == ("2026-10", False)
    with pytest.raises(SignatureRefused):
        shop.authenticate(request, ring("shpss_3"))


def test_no_flipped_bit_passes() -> None:
    good = signed()
    for at in range(0, len(good.body) * 8, 101):
        body = bytearray(good.body)
        body[at // 8] ^= 1 << at % 8

        with pytest.raises(SignatureRefused):
            shop.authenticate(replace(good, body=bytes(body)), ring())


@pytest.mark.parametrize(
    "more",
    [
        {"x-shopify-hmac-sha256": ""},
        {"x-shopify-hmac-sha256": "no base64!"},
        {"x-shopify-hmac-sha256": "é" * 44},
        {"x-shopify-hmac-sha256": "QUJD"},
        {"x-shopify-shop-domain": "another.myshopify.com"},
        {"x-shopify-shop-domain": ""},
        {"x-shopify-topic": ""},
    ],
    ids=str,
)
def test_whatever_is_missing_or_of_another_shop_is_refused(more: dict[str, str]) -> None:
    with pytest.raises(SignatureRefused):
        shop.authenticate(signed(**more), ring())


def test_next_generation_events_are_not_taken_for_webhooks() -> None:
    unprefixed = {name.removeprefix("x-"): value for name, value in signed().headers.items()}

    with pytest.raises(SignatureRefused):
        shop.authenticate(Request(headers=unprefixed, body=CHECKOUT.body, at=NOON), ring())


def test_one_id_one_delivery_and_without_an_id_its_content_is_the_key() -> None:
    first, again, bare = signed(), signed(), signed(**{"x-shopify-webhook-id": ""})

    assert shop.authenticate(first, ring()).dedupe_key != shop.authenticate(again, ring()).dedupe_key
    assert len(shop.authenticate(bare, ring()).dedupe_key) == 64


def test_a_test_delivery_is_marked_and_never_mailed() -> None:
    admitted = shop.authenticate(signed(**{"x-shopify-test": "true"}), ring())

    assert admitted.test
    assert seen("checkouts/update", CHECKOUT.body, dict(admitted.headers or {}))[0].unmailable == "test"
    assert seen("orders/create", ORDER.body, dict(admitted.headers or {}))[0].test
