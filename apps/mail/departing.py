"""The point of no return: one statement, committed before the first byte.

It locks the persons, asks again everything another writer may have changed since the verdict, in the gate's own
words, and moves to `sending` only what still may go. Zero rows means: do not send.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

import msgspec
from django.db import transaction

from apps.core import db
from apps.customers.identity import lock
from apps.mail import asking
from apps.mail.gate import Allowed, Asked
from apps.mail.verdicts import explained
from apps.mail.writing import Written
from apps.stores.rules import Rules

DEADLINE = "75 seconds"
"""Longer than connect, reply and final answer together: past it a `sending` row is in doubt."""

STILL_MAY_GO = f"""
    m.status = 'claimed' AND m.token = %(token)s AND m.lease_until > clock_timestamp()
    AND w.until > %(at)s AND cu.email_key IS NOT NULL AND {asking.STORE_SENDS} AND {asking.BASKET_STANDS}
    AND NOT {asking.SUPPRESSED} AND NOT {asking.OBJECTED} AND NOT {asking.ORDERED} AND NOT {asking.HELD}
    AND (m.kind <> 'marketing' OR NOT EXISTS (
        SELECT 1 FROM unnest(%(cap_since)s::timestamptz[], %(cap_most)s::int[]) AS k(since, most)
        WHERE {asking.LEFT_SINCE.format(since="k.since")} >= k.most))
"""

_DEPART = f"""
UPDATE mail_message t SET status = 'sending', due_at = NULL, sending_at = %(at)s, reason = '',
    lease_until = clock_timestamp() + interval '{DEADLINE}', holder = %(holder)s, attempts = t.attempts + 1,
    basis = g.basis, policy_version = g.policy, evidence = g.evidence, verdict = g.verdict, address = g.address,
    template_version_id = g.version_id
FROM (
    SELECT w.* FROM unnest(%(ids)s::bigint[], %(untils)s::timestamptz[], %(bases)s::text[], %(policies)s::text[],
        %(evidence)s::jsonb[], %(verdicts)s::jsonb[], %(addresses)s::text[], %(versions)s::bigint[])
        AS w(id, until, basis, policy, evidence, verdict, address, version_id)
    -- OFFSET 0: each by its key. Left alone, the planner reads the whole queue of the store for every sub-batch.
    CROSS JOIN LATERAL (SELECT * FROM mail_message WHERE id = w.id OFFSET 0) AS m
    JOIN stores_store s ON s.id = m.store_id
    JOIN customers_customer cu ON cu.id = m.customer_id
    LEFT JOIN carts_cart c ON c.id = m.cart_id
    WHERE {STILL_MAY_GO}
) AS g
WHERE t.id = g.id AND t.status = 'claimed' AND t.token = %(token)s
RETURNING t.id
"""


class Leaving(msgspec.Struct, frozen=True, kw_only=True):
    """One written mail with the verdict that lets it go."""

    written: Written
    asked: Asked
    allowed: Allowed
    judged_at: datetime


def depart(batch: Sequence[Leaving], *, token: object, holder: str, at: datetime) -> set[int]:
    """Commit `sending` for those that still may go; returns their ids."""
    with transaction.atomic():
        lock(item.asked.customer_id for item in batch if item.asked.customer_id is not None)
        return {row[0] for row in db.rows(_DEPART, _params(batch, token, holder, at))}


def _params(batch: Sequence[Leaving], token: object, holder: str, at: datetime) -> Mapping[str, object]:
    # One batch is one store's: its caps are the same for every mail in it.
    rules: Rules = batch[0].asked.rules
    return {
        "ids": [item.asked.id for item in batch],
        "untils": [item.allowed.until for item in batch],
        "bases": [item.allowed.basis for item in batch],
        "policies": [item.allowed.policy_version for item in batch],
        "evidence": [msgspec.json.encode(item.allowed.evidence).decode() for item in batch],
        "verdicts": [explained(item.asked, item.allowed, item.judged_at) for item in batch],
        "addresses": [item.written.parcel.to for item in batch],
        "versions": [item.written.version_id for item in batch],
        "cap_since": [at - cap.window for cap in rules.caps],
        "cap_most": [cap.most for cap in rules.caps],
        "token": token,
        "holder": holder,
        "at": at,
    }
