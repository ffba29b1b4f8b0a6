"""How a shop is asked whether baskets were bought, right before their mail leaves (product.md 5.2)."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from apps.core import db
from apps.ingestion.taking_in import take_in
from apps.mail.last_look import Clock
from apps.stores import access, network
from apps.stores.connecting import CLOSING
from apps.stores.errors import AnswerUnreadable, NotOffered, ShopTrouble
from apps.stores.platforms.base import platforms
from apps.stores.platforms.calling import LookedFor
from apps.stores.shopfacts import facts_of
from apps.stores.troubles import Trouble

log = logging.getLogger(__name__)

LOOK_SECONDS: Final = 20.0
"""The whole look, with its second tries: the batch's lease is two minutes."""
OVERLAP: Final = timedelta(minutes=10)
"""The shop's clock may differ from ours."""

_BASKETS = """
SELECT s.platform, m.since, coalesce(cu.email, cu.email_key, ''), c.account,
    ARRAY(SELECT k.kind || ' ' || k.value FROM carts_cartkey k WHERE k.cart_id = c.id ORDER BY k.id)
FROM mail_message m JOIN stores_store s ON s.id = m.store_id
LEFT JOIN customers_customer cu ON cu.id = m.customer_id LEFT JOIN carts_cart c ON c.id = m.cart_id
WHERE m.id = ANY(%s::bigint[]) AND m.since IS NOT NULL AND s.feed = 'live' AND s.status = 'active'
  AND coalesce(s.rules ->> 'feed_max_age', '') <> 'off'
ORDER BY m.id
"""

# A pause is kept: whoever asked us to wait is not asked once more for every batch.
_REST = """
SELECT 1 FROM stores_connection WHERE store_id = %s AND (paused_until > %s OR trouble = ANY(%s::text[]))
"""
HOPELESS: Final = sorted(trouble.value for trouble in CLOSING)

_LOOKED = "UPDATE stores_store SET orders_polled_at = greatest(orders_polled_at, %s) WHERE id = %s"


def look(store_id: int, messages: Sequence[int], now: Clock) -> datetime | None:
    """Ask about the baskets of these messages and record what the shop says. Outside any transaction.

    None: there is nothing to ask here, or the shop did not answer; then the trouble is noted, and the gate lets
    the mail wait.
    """
    rows = db.rows(_BASKETS, [list(messages)])
    at = now()
    if not rows or db.rows(_REST, [store_id, at, HOPELESS]):
        return None
    try:
        _ask(store_id, rows, at, now)
    except ShopTrouble as trouble:
        access.note_trouble(store_id, trouble, now())
        return None
    except Exception as fault:
        log.exception("the last look at store %s failed", store_id)
        access.note_trouble(store_id, AnswerUnreadable(Trouble.UNEXPECTED_ANSWER, detail=type(fault).__name__), now())
        return None
    return at


def _ask(store_id: int, rows: Sequence[tuple[Any, ...]], at: datetime, now: Clock) -> None:
    platform = platforms.get(rows[0][0])
    if "look" not in platform.can:
        raise NotOffered(Trouble.NOT_OFFERED, platform=platform.label, what="look")
    baskets = [_wanted(row) for row in rows]
    opened, facts = access.access_of(store_id), facts_of([store_id])[store_id]
    with network.within(LOOK_SECONDS):
        seen = platform.look(opened, facts, baskets, since=min(basket.since for basket in baskets) - OVERLAP)
    spoiled = take_in(store_id, seen, asked_at=at, history_until=None, at=now())
    if spoiled:
        # What could not be recorded may be the very order.
        raise AnswerUnreadable(Trouble.UNEXPECTED_ANSWER, detail="an order could not be recorded")
    db.run(_LOOKED, [at, store_id])
    access.note_answer(store_id, at)


def _wanted(row: tuple[Any, ...]) -> LookedFor:
    _, since, email, account, keys = row
    pairs = (key.partition(" ") for key in keys or ())
    return LookedFor(keys=tuple((kind, value) for kind, _, value in pairs), email=email, account=account, since=since)
