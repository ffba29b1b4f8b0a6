"""Orders, refunds and parcels."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

import pytest

from apps.stores.snapshots import OrderSeen
from tests.stores.platforms.shopify_shop import (
    RECORDED,
    body_of,
    order,
    seen,
)


@pytest.mark.parametrize(
    ("changes", "stage", "paid"),
    [
        ({}, "paid", True),
        ({"financial_status": "pending"}, "placed", False),
        ({"financial_status": "authorized"}, "placed", False),
        ({"financial_status": "partially_paid"}, "placed", False),
        ({"financial_status": "partially_refunded"}, "paid", True),
        ({"financial_status": "refunded"}, "refunded", True),
        ({"financial_status": "voided"}, "cancelled", False),
        ({"fulfillment_status": "fulfilled"}, "fulfilled", True),
        ({"fulfillment_status": "partial"}, "paid", True),
        ({"cancelled_at": "2026-11-22T00:00:00Z"}, "cancelled", True),
        ({"financial_status": None}, "placed", False),
    ],
)
def test_each_pair_of_statuses_is_a_stage(changes: dict[str, Any], stage: str, paid: bool) -> None:
    one = order(**changes)

    assert (one.stage, one.paid_at is not None) == (stage, paid)
    assert one.placed_at is not None


@pytest.mark.parametrize(
    ("changes", "click"),
    [
        ({"note_attributes": [{"name": "mandje", "value": "m-1"}]}, "m-1"),
        ({"note_attributes": {"mandje": "m-1"}}, "m-1"),
        ({"landing_site": "/cart?utm_source=mandje&utm_id=m-2"}, "m-2"),
        ({"landing_site": "/cart?utm_source=other&utm_id=m-2"}, ""),
        ({"note_attributes": "odd"}, ""),
    ],
)
def test_our_click_comes_back_with_the_order(changes: dict[str, Any], click: str) -> None:
    assert order(**changes).click == click


def test_only_money_that_moved_is_refunded() -> None:
    (with_money,) = seen("refunds/create", RECORDED["scenarios/cancelled_and_refunded/02_refunds_create"].body)
    (lines_only,) = seen("refunds/create", body_of("refunds_create"))
    failed = {
        "id": 1,
        "order_id": 2,
        "transactions": [{"kind": "refund", "status": "failure", "amount": "5.00"}],
    }

    assert (with_money.amount, with_money.order) == (Decimal("64.00"), "5890123456790")
    assert lines_only.amount == 0
    assert seen("refunds/create", failed)[0].amount == 0
    refund = {
        "id": 1,
        "transactions": [{"kind": "refund", "status": "success", "amount": "5.00", "currency": "EUR"}],
    }
    assert order(refunds=[refund], financial_status="partially_refunded").refunded == Decimal("5.00")
    assert order(refunds=[], financial_status="refunded").refunded == order().amounts.total


def test_a_parcel_is_delivered_when_the_carrier_says_so() -> None:
    moved = body_of("fulfillment_events_create", status="delivered", happened_at="2026-11-22T10:00:00Z")
    whole = body_of("fulfillments_update", shipment_status="delivered")

    assert seen("fulfillment_events/create", moved)[0].delivered_at == datetime.fromisoformat("2026-11-22T10:00:00Z")
    assert seen("fulfillments/update", whole)[0].delivered_at is not None
    assert seen("fulfillments/update", body_of("fulfillments_update"))[0].delivered_at is None


def test_ids_beyond_two_to_the_53_keep_their_digits() -> None:
    (one,) = seen("orders/create", body_of("orders_create"))

    assert isinstance(one, OrderSeen)
    assert one.external_id == "820982911946154508"
    assert one.person.account == "115310627314723954"
