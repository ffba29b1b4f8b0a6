"""The message a question came with: whom it asked, about what. Read from a genuine link, never from a request."""

from __future__ import annotations

from typing import Any

import msgspec

from apps.core import db


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """One mail and what it is about."""

    store_id: int
    message_id: int
    customer_id: int
    order_id: int | None
    about: dict[str, Any]

    def number(self, name: str) -> int:
        """An id in `about`; 0 when there is none."""
        value = self.about.get(name)
        return value if isinstance(value, int) and not isinstance(value, bool) else 0


# A person who was forgotten is asked nothing more, and answers nothing.
_FIND = """
SELECT m.store_id, m.id, m.customer_id, m.order_id, m.about::text FROM mail_message m
WHERE m.id = %s AND m.store_id = %s AND m.customer_id IS NOT NULL AND NOT m.shadow
"""


def find(store: int, message: int) -> Asked | None:
    """The mail of a link; None when it, or the person, is gone."""
    found = db.rows(_FIND, [message, store])
    if not found:
        return None
    row = found[0]
    return Asked(
        store_id=row[0], message_id=row[1], customer_id=row[2], order_id=row[3], about=msgspec.json.decode(row[4])
    )
