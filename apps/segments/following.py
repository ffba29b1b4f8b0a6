"""Memberships when persons merge, ask for a copy, or are forgotten."""

from __future__ import annotations

from apps.core import db
from apps.core.following import Following, deleting, exporting, follow

_DROP_TWINS = """
DELETE FROM segments_membership g USING segments_membership k
WHERE g.customer_id = %s AND k.customer_id = %s AND g.segment_id = k.segment_id
"""


def _move(_store_id: int, kept: int, gone: int) -> None:
    db.run(_DROP_TWINS, [gone, kept])
    db.run("UPDATE segments_membership SET customer_id = %s WHERE customer_id = %s", [kept, gone])


def _drop_figures(_store_id: int, _kept: int, gone: int) -> None:
    """Not moved but made anew from the orders, by whoever moves those."""
    db.run("DELETE FROM segments_figures WHERE customer_id = %s", [gone])


follow(
    Following(
        model="segments.Membership",
        columns=("customer_id",),
        move=_move,
        export=exporting(
            "segments_membership m JOIN segments_segment g ON g.id = m.segment_id",
            "g.name AS segment, m.entered_at",
            where="m.customer_id = %s",
        ),
        erase=deleting("segments_membership"),
    )
)
follow(
    Following(
        model="segments.Figures",
        columns=("customer_id",),
        move=_drop_figures,
        export=exporting("segments_figures", "orders, spent, average, last_total, gap_days, expected_at, rfm, at_risk"),
        erase=deleting("segments_figures"),
    )
)
