"""Clicks when persons merge, ask for a copy, or are forgotten: they hang on the mail."""

from __future__ import annotations

from apps.core.following import Following, exporting, follow, keeping, staying

follow(
    Following(
        model="tracking.Click",
        move=staying,
        export=exporting(
            "tracking_click k JOIN mail_message m ON m.id = k.message_id",
            "k.at, k.message_id, k.slot, k.machine",
            where="m.customer_id = %s",
            order="1, k.id",
        ),
        erase=keeping,
    )
)
