"""What people told us about marketing mail is passed on to the shop, so that it mails nobody who said no here.

What the shop itself told us is not told back, so an answer of ours that comes back as its news ends there.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from apps.core import db
from apps.core.following import Following, deleting, exporting, follow, repointing_unless
from apps.events import kinds
from apps.events.listeners import Told, listens
from apps.ingestion import errands
from apps.ingestion.errands import Turn
from apps.stores import access, network
from apps.stores.errors import AccessRefused
from apps.stores.models import Store
from apps.stores.platforms.base import platforms
from apps.stores.platforms.calling import ConsentToTell, Finding
from apps.stores.troubles import Trouble

log = logging.getLogger(__name__)

BATCH: Final = 100
GATHERED: Final = timedelta(seconds=5)
"""A little later than the first, so that several go in one question."""
SECONDS: Final = 60.0
LOOK_EVERY: Final = timedelta(minutes=10)
"""Rung when somebody says something; this is for a ring that came while we were at it."""
TOLD_STATES: Final = ("granted", "denied", "pending")
OURS: Final = ("unsubscribed", "complaint", "manual")
"""Suppressions by a person's word or the owner's hand. A dead address is no answer, nor is what the shop said."""


def listen() -> None:
    """Hear of every yes and no."""
    listens(kinds.CONSENT_CHANGED, kinds.CUSTOMER_UNSUBSCRIBED, kinds.CUSTOMER_SUPPRESSED)(on_word)


# Only of shops that want to know and can be asked; and what came from the shop is no news to it.
_NOTE = """
INSERT INTO ingestion_telling AS t (customer_id, store_id, at)
SELECT DISTINCT ON (c.id) c.id, s.id, w.at
FROM unnest(%(customers)s::bigint[], %(records)s::bigint[], %(moments)s::timestamptz[]) AS w(customer, record, at)
JOIN customers_customer c ON c.id = w.customer JOIN stores_store s ON s.id = c.store_id
JOIN stores_connection k ON k.store_id = s.id AND k.credentials_sealed <> ''
LEFT JOIN consent_consentrecord r ON r.id = w.record
WHERE s.platform = ANY(%(platforms)s::text[])
  AND (w.record IS NULL OR r.source <> 'import' AND NOT starts_with(r.source, s.platform))
ORDER BY c.id, w.at DESC
ON CONFLICT (customer_id) DO UPDATE SET at = greatest(t.at, excluded.at)
RETURNING store_id
"""

_RING = """
UPDATE ingestion_errand SET due_at = least(due_at, %s)
WHERE store_id = ANY(%s::bigint[]) AND kind = 'tell' AND due_at IS NOT NULL AND token IS NULL
"""


def on_word(events: Sequence[Told], at: datetime) -> None:
    """Somebody said yes or no: if it was to us, the shop is to know."""
    able = sorted(name for name, platform in platforms.items() if "consent" in platform.can)
    words = [event for event in events if event.customer_id is not None and _is_word(event)]
    if not able or not words:
        return
    values = {
        "customers": [event.customer_id for event in words],
        "records": [event.data.get("record") for event in words],
        "moments": [event.occurred_at for event in words],
        "platforms": able,
    }
    stores = sorted({row[0] for row in db.rows(_NOTE, values)})
    db.run(_RING, [at + GATHERED, stores])


def _is_word(event: Told) -> bool:
    return event.kind == kinds.CONSENT_CHANGED or event.data.get("reason") in OURS


# What stands now, not what was said then: a no after a yes is one no. The address is the row's own.
_WORDS = """
SELECT t.customer_id, t.at, c.email, coalesce(c.email_key, ''), p.state, p.at, r.double_opt_in, x.at, x.reason,
    ARRAY(SELECT k.value FROM customers_customerkey k WHERE k.customer_id = c.id AND k.kind = 'account' ORDER BY 1)
FROM ingestion_telling t JOIN customers_customer c ON c.id = t.customer_id
LEFT JOIN consent_permission p ON p.customer_id = c.id
LEFT JOIN consent_consentrecord r ON r.id = p.record_id
LEFT JOIN consent_suppression x ON x.store_id = c.store_id AND x.address_hash = c.address_hash AND x.lifted_at IS NULL
WHERE t.store_id = %s ORDER BY t.at, t.customer_id LIMIT %s
"""

_TOLD = """
DELETE FROM ingestion_telling t USING unnest(%s::bigint[], %s::timestamptz[]) AS d(customer, at)
WHERE t.customer_id = d.customer AND t.at = d.at
"""


def _words(row: tuple[Any, ...]) -> Iterator[ConsentToTell]:
    """One answer for each account of the person; of one without, the address is all there is to go by."""
    _, _, email, key, state, said_at, double_opt_in, suppressed_at, reason, accounts = row
    if reason in OURS:
        state, said_at, double_opt_in = "denied", suppressed_at, False
    if state not in TOLD_STATES or not (email or key):
        return
    for account in accounts or [""]:
        yield ConsentToTell(
            account=account, email=email or key, state=state, at=said_at, double_opt_in=bool(double_opt_in)
        )


def tell(turn: Turn, now: Callable[[], datetime]) -> None:
    """Pass on a batch; what was said meanwhile waits for the next."""
    found = db.rows(_WORDS, [turn.store_id, BATCH])
    words = [word for row in found for word in _words(row)]
    store = Store.objects.get(pk=turn.store_id)
    if words:
        opened = access.access_of(store.pk)
        with network.within(SECONDS):
            findings = platforms.get(store.platform).tell(opened, words)
        _raise_for_findings(store.pk, findings)
    db.run(_TOLD, [[row[0] for row in found], [row[1] for row in found]])
    at = now()
    more = len(found) == BATCH
    errands.finish(turn, at if more else at + LOOK_EVERY, at)


def _raise_for_findings(store_id: int, findings: Sequence[Finding]) -> None:
    """One person's answer that the shop refuses is dropped; where it takes none at all, all wait for the owner."""
    for finding in findings:
        if finding.trouble in (Trouble.SCOPE_MISSING, Trouble.PROTECTED_DATA):
            raise AccessRefused(finding.trouble, retry_after=None, **finding.values)
        log.warning("store %s did not take an answer about mail: %s", store_id, finding.trouble.value)


follow(
    Following(
        model="ingestion.Telling",
        move=repointing_unless("ingestion_telling", ()),
        export=exporting("ingestion_telling", "at"),
        erase=deleting("ingestion_telling"),
        columns=("customer_id",),
    )
)
