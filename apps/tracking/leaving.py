"""Somebody wants no more mail."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from apps.consent.suppressing import suppress
from apps.mail.tokens import Leave


def leave(wish: Leave, at: datetime) -> None:
    """Stop marketing to the address of this link, also when the mail it stood in is long gone."""
    with transaction.atomic():
        suppress(
            store_id=wish.store,
            address_hash=wish.address,
            scope="marketing",
            reason="unsubscribed",
            at=at,
            origin=f"message:{wish.message}",
        )
