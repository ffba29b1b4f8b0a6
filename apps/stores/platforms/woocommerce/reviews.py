"""What buyers wrote about products in the shop itself. There is no webhook for it."""

from __future__ import annotations

import re
from datetime import datetime

from apps.stores.errors import Unreadable
from apps.stores.platforms.cleaning import Id, aware, email, key, unescaped
from apps.stores.platforms.decoding import read
from apps.stores.platforms.woocommerce.payloads import Payload
from apps.stores.snapshots import Person, ReviewSeen, Snapshot

LONGEST = 5000
_HIDDEN = re.compile(r"<(script|style)\b.*?(?:</\1\s*>|\Z)", re.IGNORECASE | re.DOTALL)
_BREAK = re.compile(r"<(?:/p|br)\b[^>]*>", re.IGNORECASE)
_TAG = re.compile(r"<[a-zA-Z/!?][^>]*(?:>|\Z)")


class Review(Payload):
    """`products/reviews` (woocommerce.md 2.5)."""

    id: Id = None
    product_id: Id = None
    status: str | None = None
    reviewer: str | None = None
    reviewer_email: str | None = None
    review: str | None = None
    rating: int | None = None
    verified: bool | None = None
    date_created_gmt: datetime | None = None


def review(body: bytes) -> list[Snapshot]:
    """Only approved ones may be shown; one that waits is told as well, so that a withdrawn one is not kept."""
    told = read(body, Review)
    external_id, product = key(told.id), key(told.product_id)
    if external_id is None or product is None:
        raise Unreadable("no_key", "a review has an id and a product")
    return [
        ReviewSeen(
            # It has a date of writing and none of change: of two states the one asked later is newer.
            at=None,
            external_id=external_id,
            product=product,
            rating=told.rating if told.rating is not None and 1 <= told.rating <= 5 else None,
            person=Person(email=email(told.reviewer_email)),
            author=unescaped(told.reviewer),
            text=plain(told.review),
            verified=bool(told.verified),
            approved=told.status == "approved",
            written_at=aware(told.date_created_gmt),
        )
    ]


def plain(html: str | None) -> str:
    """The words of it on one line, without tags and entities."""
    words = _TAG.sub("", _BREAK.sub(" ", _HIDDEN.sub(" ", html or "")))
    return unescaped(words, LONGEST)
