"""Senders' domains are looked up when their rows are due, with no transaction open and never while a page waits."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from django.db import transaction

from apps.core import db
from apps.core.addresses import email_key
from apps.dashboard.domain_records import Records, look_up
from apps.stores.models import Store

if TYPE_CHECKING:
    from dns.nameserver import Nameserver

EVERY: Final = timedelta(hours=6)
SOON: Final = timedelta(minutes=15)
"""After a silence. A row in hand waits as long, so what a dead worker held comes again by itself."""
TRUSTED: Final = timedelta(days=1)
"""So long a good answer outlives silences: a name server that is down for an hour is no news of the domain."""
BATCH: Final = 20
"""Domains of one tick: a minute at worst, well within a task's time."""

# Domains are compared as A-labels, which SQL cannot make: all shops are read, a few hundred short rows at most.
_KNOWN: Final = """
SELECT s.id, s.from_email, d.domain, d.due_at FROM stores_store s
LEFT JOIN dashboard_senderdomain d ON d.store_id = s.id
WHERE s.status <> 'uninstalled' AND NOT s.is_demo AND s.from_email <> '' ORDER BY s.id
"""
_GIVEN: Final = "unnest(%(stores)s::bigint[], %(domains)s::text[]) AS given (store_id, domain)"
_FORGET: Final = f"""
DELETE FROM dashboard_senderdomain d USING {_GIVEN} WHERE d.store_id = given.store_id AND d.domain <> given.domain
"""
# The condition makes it a claim: who comes second finds the row no longer due.
_CLAIM: Final = f"""
INSERT INTO dashboard_senderdomain AS d (store_id, domain, spf, dmarc, policy, dmarc_at, dkim, due_at)
SELECT s.id, given.domain, 'unknown', 'unknown', '', '', 'unknown', %(due)s
FROM {_GIVEN} JOIN stores_store s ON s.id = given.store_id ORDER BY s.id
ON CONFLICT (store_id) DO UPDATE SET due_at = excluded.due_at WHERE d.due_at <= %(before)s
RETURNING d.store_id, d.domain
"""
_WRITE: Final = """
UPDATE dashboard_senderdomain SET spf = %(spf)s, dmarc = %(dmarc)s, policy = %(policy)s, dmarc_at = %(dmarc_at)s,
    dkim = %(dkim)s, looked_at = %(at)s, due_at = %(due)s
WHERE store_id = ANY(%(stores)s::bigint[]) AND domain = %(domain)s
  AND (%(complete)s OR NOT (spf = 'good' AND dmarc = 'good' AND looked_at > %(trusted)s))
"""


def domain_of(sender: str) -> str:
    """The domain of a sender's address as A-labels in lower case, '' where there is none."""
    return (email_key(sender) or "").rpartition("@")[2]


def look_up_due(
    at: datetime, *, limit: int = BATCH, seconds: float = 3.0, nameservers: Sequence[Nameserver] | None = None
) -> int:
    """Look up the domains that are due, each once for all its shops; returns how many were."""
    claimed: dict[str, list[int]] = defaultdict(list)
    for store, domain in _claim(_due(at, limit), before=at, due=at + SOON):
        claimed[domain].append(store)
    for domain, stores in claimed.items():
        _write(domain, stores, look_up(domain, seconds=seconds, nameservers=nameservers), at)
    return len(claimed)


def ask(store: Store, at: datetime) -> None:
    """Somebody wants to know now: due at once, whatever was found before."""
    domain = domain_of(store.from_email)
    if domain:
        _claim([(store.pk, domain)], before=at + EVERY, due=at)


def _due(at: datetime, limit: int) -> list[tuple[int, str]]:
    """Shops of the `limit` domains that waited longest; those never looked up first."""
    waiting: dict[str, list[tuple[bool, datetime, int]]] = defaultdict(list)
    for store, sender, known, due_at in db.rows(_KNOWN):
        domain = domain_of(sender)
        if domain and (known != domain or due_at <= at):
            waiting[domain].append((known == domain, due_at or at, store))
    first = sorted(waiting, key=lambda domain: min(waiting[domain]))[:limit]
    return [(store, domain) for domain in first for _, _, store in waiting[domain]]


def _claim(wanted: Collection[tuple[int, str]], *, before: datetime, due: datetime) -> list[tuple[int, str]]:
    """Those of these that were due before then, or never looked up, are due at `due` from now on; returns them."""
    stores, domains = [store for store, _ in wanted], [domain for _, domain in wanted]
    given = {"stores": stores, "domains": domains, "before": before, "due": due}
    with transaction.atomic():
        db.run(_FORGET, given)
        return [(row[0], row[1]) for row in db.rows(_CLAIM, given)]


def _write(domain: str, stores: list[int], found: Records, at: datetime) -> None:
    values = {
        "domain": domain,
        "stores": stores,
        "spf": found.spf.value,
        "dmarc": found.dmarc.value,
        "policy": found.policy,
        "dmarc_at": found.dmarc_at,
        "dkim": found.dkim.value,
        "complete": found.complete,
        "at": at,
        "due": at + (EVERY if found.complete else SOON),
        "trusted": at - TRUSTED,
    }
    db.run(_WRITE, values)
