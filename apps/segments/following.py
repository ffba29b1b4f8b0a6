"""Memberships when persons merge, ask for a copy, or are forgotten."""

from __future__ import annotations

from apps.core import db
from apps.core.following import Following, deleting, exporting, follow, on_account, repointing

_DROP_TWINS = """
DELETE FROM segments_membership g USING segments_membership k
WHERE g.customer_id = %s AND k.customer_id = %s AND g.segment_id = k.segment_id
"""


def _move(_store_id: int, kept: int, gone: int) -> None:
    db.run(_DROP_TWINS, [gone, kept])
    db.run("UPDATE segments_membership SET customer_id = %s WHERE customer_id = %s", [kept, gone])


def _touch_kept(_store_id: int, kept: int, gone: int) -> None:
    """Whoever takes over another's orders is measured anew."""
    db.run(
        "INSERT INTO segments_touched (customer_id, at, silent) VALUES (%s, now(), true) ON CONFLICT DO NOTHING",
        [kept],
    )
    db.run("DELETE FROM segments_touched WHERE customer_id = %s", [gone])


def _drop_figures(_store_id: int, _kept: int, gone: int) -> None:
    """Not moved but made anew from the orders, by whoever moves those."""
    db.run("DELETE FROM segments_figures WHERE customer_id = %s", [gone])


@on_account
def _touch_both(store_id: int, account: str, customer: int) -> None:
    """An account's orders went to this person, from whoever still has their purchases."""
    db.run(
        "INSERT INTO segments_touched (customer_id, at, silent) SELECT t.id, now(), true FROM ("
        " SELECT b.customer_id AS id FROM orders_order o JOIN segments_purchase b ON b.order_id = o.id"
        " WHERE o.store_id = %s AND o.account = %s UNION SELECT %s) AS t ON CONFLICT DO NOTHING",
        [store_id, account, customer],
    )


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
follow(
    Following(
        model="segments.Purchase",
        columns=("customer_id",),
        # Made anew from the orders with the figures; until then they are where the orders went.
        move=repointing("segments_purchase"),
        export=exporting("segments_purchase", "at, order_id, product, currency, total", order="1, 3"),
        erase=deleting("segments_purchase"),
    )
)
follow(
    Following(
        model="segments.Touched",
        columns=("customer_id",),
        move=_touch_kept,
        export=exporting("segments_touched", "at"),
        erase=deleting("segments_touched"),
    )
)
