"""What a link of ours leads back to: the shop, the mail it stood in, and where it goes."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import msgspec

from apps.core import db
from apps.mail.links import web_address
from apps.stores.rules import Rules


class Trail(msgspec.Struct, frozen=True, kw_only=True):
    """A genuine link, read back. Of a mail that is gone only the shop is left."""

    shop: str
    shop_url: str
    colour: str
    locale: str
    """The letter's, else the shop's: `nl`, `nl-u`, `en`…"""
    link_life: timedelta
    message: int | None
    customer: int | None
    store: int
    left_at: datetime | None
    written_at: datetime | None
    target: str
    """Where the slot leads; '' when the letter is gone."""

    def is_expired(self, at: datetime) -> bool:
        """Whether its basket is kept no longer."""
        return self.written_at is None or at >= self.written_at + self.link_life

    @property
    def leads_nowhere(self) -> bool:
        """The letter is there and has no such link."""
        return self.written_at is not None and not self.target


# A mail of another store than the token names: no row.
_FIND = """
SELECT s.id, s.name, s.url, s.language, s.formality, s.profile->>'colour', s.rules::text,
    m.id, m.customer_id, m.sending_at, l.rendered_at, l.context->>'locale',
    l.targets->>(%(slot)s::int)
FROM stores_store s
LEFT JOIN mail_message m ON m.id = %(message)s
LEFT JOIN mail_letter l ON l.message_id = m.id
WHERE s.id = %(store)s AND (m.id IS NULL OR m.store_id = s.id)
"""


def find(store: int, message: int, *, slot: int | None = None) -> Trail | None:
    """Read a genuine link back; None when its store is gone or the mail is another store's."""
    found = db.rows(_FIND, {"store": store, "message": message, "slot": slot})
    return _trail(found[0]) if found else None


def _trail(row: tuple[Any, ...]) -> Trail:
    return Trail(
        store=row[0],
        shop=row[1],
        shop_url=web_address(row[2]),
        colour=row[5] or "",
        locale=row[11] or _locale(row[3], row[4]),
        link_life=Rules.read(msgspec.json.decode(row[6])).link_life,
        message=row[7],
        customer=row[8],
        left_at=row[9],
        written_at=row[10],
        target=web_address(row[12]),
    )


def _locale(language: str, formality: str) -> str:
    return f"{language}-u" if (language, formality) == ("nl", "u") else language
