"""The control group: a lot per person and flow, drawn once and kept."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal

from apps.core import db

Seat = tuple[int, int]
"""A flow's and a person's id."""

TICKETS = 1_000_000

_DRAW = """
INSERT INTO flows_draw (flow_id, customer_id, ticket, held_out, drawn_at)
SELECT t.flow, t.customer, t.ticket, t.ticket < t.share, %s
FROM unnest(%s::bigint[], %s::bigint[], %s::numeric[], %s::numeric[]) AS t(flow, customer, ticket, share)
ON CONFLICT (flow_id, customer_id) DO NOTHING
"""

_READ = """
SELECT d.flow_id, d.customer_id FROM flows_draw d
JOIN unnest(%s::bigint[], %s::bigint[]) AS t(flow, customer) ON d.flow_id = t.flow AND d.customer_id = t.customer
WHERE d.held_out
"""


def draw(shares: Mapping[Seat, Decimal], at: datetime) -> frozenset[Seat]:
    """Who is held out. An old lot stands whatever the share is now; without a share nobody draws a new one."""
    if not shares:
        return frozenset()
    drawing = sorted(seat for seat, share in shares.items() if share > 0)
    if drawing:
        db.run(
            _DRAW,
            [
                at,
                *_columns(drawing),
                [_ticket() for _ in drawing],
                [shares[seat] for seat in drawing],
            ],
        )
    return frozenset((flow, customer) for flow, customer in db.rows(_READ, _columns(sorted(shares))))


def _columns(seats: list[Seat]) -> list[list[int]]:
    return [[flow for flow, _ in seats], [customer for _, customer in seats]]


def _ticket() -> Decimal:
    return Decimal(secrets.randbelow(TICKETS)) / 10_000
