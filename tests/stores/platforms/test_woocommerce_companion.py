"""What our companion plugin tells."""

from __future__ import annotations

from typing import Any

import pytest

from apps.stores.errors import Unreadable
from apps.stores.snapshots import CartSeen, ConsentSeen, PrivacyRequest
from tests.stores.platforms.deliveries import (
    envelope,
)
from tests.stores.platforms.woocommerce_shop import FACTS, shop


def event(topic: str = "cart.updated", **data: Any) -> dict[str, Any]:
    return {
        "id": "e-1",
        "topic": topic,
        "created": "2026-11-22T04:00:00Z",
        "data": {"cart": "ab" * 16} | data,
    }


def parts(*events: Any) -> tuple[list[Any], list[Unreadable]]:
    found, refused = shop.translate_parts(envelope("cart.updated", {"events": list(events)}), FACTS)
    return list(found), refused


def test_a_bad_event_is_quarantined_alone() -> None:
    nul, keyless = event(first_name="a\0b"), event(cart=None)

    found, refused = parts(
        event(),
        nul,
        keyless,
        7,
        event("cart.opened"),
        event(total="NaN", items=[]),
        event(total="1.00"),
    )

    assert len(found) == 2
    assert [one.code for one in refused] == ["nul", "no_key", "not_an_object", "nan"]
    assert shop.translate(envelope("cart.updated", {"events": [event(), nul]}), FACTS)
    with pytest.raises(Unreadable, match="nul"):
        shop.translate(envelope("cart.updated", {"events": [nul]}), FACTS)


def test_typing_an_address_reaches_the_checkout_and_being_logged_in_does_not() -> None:
    reached = {
        source: parts(event(email_source=source))[0][0].reached_checkout for source in ("typed", "checkout", "account")
    }

    assert reached == {"typed": True, "checkout": True, "account": False}


def test_php_writes_an_empty_variation_as_a_list() -> None:
    item = {
        "product_id": 13,
        "variation_id": 0,
        "variation": [],
        "quantity": 2,
        "price": "5.00",
        "line_total": "10.00",
    }

    (cart,), refused = parts(event(items=[item], total="14.95"))

    assert not refused
    assert cart.lines[0].options == ()
    assert cart.amounts.total_includes_shipping


def test_emptied_means_no_lines() -> None:
    item = {"product_id": 13, "quantity": 1, "line_total": "10.00"}

    (cart,), _ = parts(event("cart.emptied", items=[item], total="10.00"))

    assert isinstance(cart, CartSeen)
    assert (cart.lines, cart.amounts and cart.amounts.total) == ((), 0)


def test_consent_and_erasure_name_their_person() -> None:
    denied = {"state": "denied", "at": "2026-11-22T04:00:00Z", "source": "no_thanks"}
    (consent, erase), _ = parts(
        event("consent.changed", email="ada@shop.example", consent=denied),
        event("privacy.erase", cart=None, email="ada@shop.example"),
    )

    assert isinstance(consent, ConsentSeen)
    assert consent.consent.state == "denied"
    assert isinstance(erase, PrivacyRequest)
    assert (erase.action, erase.person.email, erase.request_id) == (
        "redact",
        "ada@shop.example",
        "e-1",
    )
    assert [one.code for one in parts(event("privacy.erase"))[1]] == ["no_key"]
