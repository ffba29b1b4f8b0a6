"""One mail to many: a row for each in one statement, from a query that says who they are."""

from __future__ import annotations

from datetime import datetime

import msgspec

from apps.core import db
from apps.core.sql import Sql


class Mailing(msgspec.Struct, frozen=True, kw_only=True):
    """What all of them get. `origin` is the beginning of each mail's own: `<origin>/customer:<id>`, planned once."""

    store_id: int
    origin: str
    purpose: str
    template_slug: str
    due_at: datetime
    valid_until: datetime
    kind: str = "marketing"
    priority: int = 50
    about: dict[str, int | str] = {}


class Planned(msgspec.Struct, frozen=True, kw_only=True):
    """One batch: how many people it held, how many rows were new, and the last of the people."""

    seen: int
    new: int
    last: int | None


# `aud` yields customer_id and order_id, each person once.
_PLAN = """
WITH aud AS ({audience}), picked AS (
    SELECT aud.customer_id, aud.order_id FROM aud WHERE aud.customer_id > %s ORDER BY aud.customer_id LIMIT %s
), added AS (
    INSERT INTO mail_message (uid, store_id, customer_id, origin, kind, purpose, priority, template_slug, order_id,
        night_only, about, status, planned_at, wanted_at, due_at, valid_until, reason, verdict, claims, attempts,
        sending_epoch, holder, address, basis, policy_version, evidence, provider_id, response)
    SELECT gen_random_uuid(), s.id, p.customer_id, w.origin || '/customer:' || p.customer_id, w.kind, w.purpose,
        w.priority, w.template_slug, p.order_id, false, w.about, 'planned', w.at, w.due_at, w.due_at, w.valid_until,
        '', '{{}}', 0, 0, s.sending_epoch, '', '', '', '', '{{}}', '', ''
    FROM picked p
    CROSS JOIN (SELECT %s::bigint AS store_id, %s::text AS origin, %s::text AS kind, %s::text AS purpose,
        %s::smallint AS priority, %s::text AS template_slug, %s::jsonb AS about, %s::timestamptz AS at,
        %s::timestamptz AS due_at, %s::timestamptz AS valid_until) AS w
    JOIN stores_store s ON s.id = w.store_id
    ON CONFLICT (store_id, origin) DO NOTHING
    RETURNING id
)
SELECT (SELECT count(*) FROM picked), (SELECT count(*) FROM added), (SELECT max(customer_id) FROM picked)
"""


def plan_many(mailing: Mailing, audience: Sql, at: datetime, *, after: int = 0, limit: int = 1000) -> Planned:
    """Plan the next of them by the number of the person, in the caller's transaction; again plans nothing twice."""
    values = (
        mailing.store_id, mailing.origin, mailing.kind, mailing.purpose, mailing.priority, mailing.template_slug,
        msgspec.json.encode(mailing.about).decode(), at, mailing.due_at, mailing.valid_until,
    )  # fmt: skip
    found = db.rows(_PLAN.format(audience=audience.text), [*audience.params, after, limit, *values])
    seen, new, last = found[0]
    return Planned(seen=seen, new=new, last=last)


_WITHDRAW = """
UPDATE mail_message SET status = 'skipped', due_at = NULL, ended_at = %s, reason = %s, token = NULL, lease_until = NULL
WHERE store_id = %s AND status = 'planned' AND planned_at >= %s AND starts_with(origin, %s)
"""


def withdraw_many(store_id: int, origin: str, since: datetime, reason: str, at: datetime) -> int:
    """What still waits of this mailing is not sent; what is being written at this moment goes."""
    return db.run(_WITHDRAW, [at, reason, store_id, since, f"{origin}/"])


_TALLY = """
SELECT status, reason, count(*) FROM mail_message
WHERE store_id = %s AND planned_at >= %s AND starts_with(origin, %s) GROUP BY 1, 2 ORDER BY 3 DESC, 1, 2
"""


def tally(store_id: int, origin: str, since: datetime) -> list[tuple[str, str, int]]:
    """(status, reason, how many) of this mailing."""
    return [(row[0], row[1], row[2]) for row in db.rows(_TALLY, [store_id, since, f"{origin}/"])]
