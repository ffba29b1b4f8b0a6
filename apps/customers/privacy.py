"""Requests about one person's data, from the platform or the owner.

Each is a task with a deadline of 30 days (GDPR art. 12; Shopify asks the same). Forgetting a person is done at
once; a copy is for the owner to hand over; a whole shop is forgotten in steps, by the retention job.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, assert_never

from django.utils.translation import gettext_noop

from apps.core import db, retention
from apps.core.addresses import email_key
from apps.core.following import all_followed
from apps.core.secrets import hash_of
from apps.customers import erasure
from apps.customers.models import Customer
from apps.stores.snapshots import PrivacyRequest

DEADLINE = timedelta(days=30)
AT_ONCE = 500
"""Persons of a whole shop forgotten in one transaction."""

REINSTALLED = gettext_noop("The shop is connected again: erase it only if its owner still wants that.")
COPY = gettext_noop("Export this person's data and hand it to them.")

_TAKE = """
INSERT INTO customers_privacytask (store_id, action, customer_id, request_id, asked_at, deadline, note)
VALUES (%s, %s, %s, %s, %s, %s, %s) ON CONFLICT DO NOTHING RETURNING id
"""

_FIND = """
SELECT id FROM customers_customer WHERE store_id = %(store)s AND email_key = %(key)s
UNION
SELECT customer_id FROM customers_customerkey
WHERE store_id = %(store)s AND kind = 'account' AND value = %(account)s
ORDER BY 1
"""


def receive(store_id: int, seen: PrivacyRequest, arrived_at: datetime) -> None:
    """Take a request once, and do what can be done at once. The caller holds the store's lock."""
    match seen.action:
        case "data_request":
            people = _people(store_id, seen)
            _take(store_id, seen, arrived_at, customer=people[0] if people else None, note=COPY)
        case "redact":
            _redact(store_id, seen, arrived_at)
        case "redact_shop":
            _take(store_id, seen, arrived_at, note="" if _is_gone(store_id) else REINSTALLED)
        case never:
            assert_never(never)


def export(store_id: int, customer_id: int) -> dict[str, Any]:
    """Everything kept about one person, table by table, as JSON-able values.

    Raises Customer.DoesNotExist for a person of another shop.
    """
    found = Customer.objects.of(store_id).get(pk=customer_id)
    return {label: entry.export(found.pk) for label, entry in all_followed().items()}


def _redact(store_id: int, seen: PrivacyRequest, at: datetime) -> None:
    """The platform may know the person by a name we never heard: what it did name is forgotten all the same."""
    task = _take(store_id, seen, at)
    if task is None:
        return
    key, account = _names(seen)
    erasure.erase_all(
        store_id,
        _people(store_id, seen),
        at,
        addresses=[key] if key else [],
        accounts=[account] if account else [],
        orders=seen.orders,
    )
    _done([task], at)


def _names(seen: PrivacyRequest) -> tuple[str | None, str | None]:
    """The address key and the account of whom the request is about."""
    person = seen.person
    return email_key(person.email) if person.email else None, person.account


def _people(store_id: int, seen: PrivacyRequest) -> list[int]:
    key, account = _names(seen)
    found = db.rows(_FIND, {"store": store_id, "key": key, "account": account})
    return [row[0] for row in found]


def _take(
    store_id: int,
    seen: PrivacyRequest,
    arrived_at: datetime,
    *,
    customer: int | None = None,
    note: str = "",
) -> int | None:
    """Write the task down; None when this very request was taken before."""
    asked = seen.at or arrived_at
    values = [store_id, seen.action, customer, _request_id(store_id, seen, asked), asked]
    made = db.rows(_TAKE, [*values, asked + DEADLINE, note])
    return made[0][0] if made else None


def _request_id(store_id: int, seen: PrivacyRequest, asked: datetime) -> str:
    """The platform's own number; where it gives none, the moment and a hash of whom it is about."""
    if seen.request_id:
        return seen.request_id[:80]
    key, account = _names(seen)
    whom = hash_of(store_id, f"{key}|{account}|{','.join(sorted(seen.orders))}").hex()
    return f"{asked.astimezone(UTC):%Y%m%dT%H%M%S}:{whom}"


def _done(tasks: Sequence[int], at: datetime) -> None:
    db.run("UPDATE customers_privacytask SET done_at = %s WHERE id = ANY(%s::bigint[])", [at, tasks])


def _is_gone(store_id: int) -> bool:
    """Whether the shop is still disconnected: it may have come back before its request arrived."""
    return bool(db.rows("SELECT 1 FROM stores_store WHERE id = %s AND status = 'uninstalled'", [store_id]))


_SHOPS = """
SELECT t.id, t.store_id FROM customers_privacytask t JOIN stores_store s ON s.id = t.store_id
WHERE t.action = 'redact_shop' AND t.done_at IS NULL AND t.note = '' AND s.status = 'uninstalled'
    AND t.asked_at <= %s
ORDER BY t.id LIMIT 1
"""

_STILL_THERE = """
SELECT id FROM customers_customer WHERE store_id = %s AND erased_at IS NULL ORDER BY id LIMIT %s
"""


@retention.rule("shops to forget", keep="0")
def _shops(before: datetime, limit: int) -> int:
    """Forget the persons of a shop that went, a batch at a time; a shop that came back keeps them."""
    open_tasks = db.rows(_SHOPS, [before])
    if not open_tasks:
        return 0
    task, store_id = open_tasks[0]
    erasure.lock_store(store_id)
    people = [row[0] for row in db.rows(_STILL_THERE, [store_id, min(limit, AT_ONCE)])]
    erasure.erase_all(store_id, people, before, whole_shop=True)
    if not people:
        _done([task], before)
    return max(len(people), 1)
