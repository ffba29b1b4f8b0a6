"""Asking for mail: whoever wants one sent inserts a planned row, and nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec

from apps.core import db


class Wish(msgspec.Struct, frozen=True, kw_only=True):
    """One mail somebody asks for. `origin` is unique per store: asking twice plans once."""

    store_id: int
    customer_id: int
    origin: str
    purpose: str
    template_slug: str
    due_at: datetime
    valid_until: datetime
    kind: str = "marketing"
    priority: int = 50
    cart_id: int | None = None
    order_id: int | None = None
    code_id: int | None = None
    """An offer's code (`offers.granting`): the mail brings it, if it can be used by then."""
    since: datetime | None = None
    night_only: bool = False
    about: dict[str, Any] = {}
    """What else the mail speaks of: ids and our own words, never a name or an address."""
    shadow: bool = False


_PLAN = """
INSERT INTO mail_message (uid, store_id, customer_id, origin, kind, purpose, priority, template_slug, cart_id,
    order_id, code_id, since, night_only, about, shadow, status, planned_at, wanted_at, due_at, valid_until, reason,
    verdict, claims, attempts, sending_epoch, holder, address, basis, policy_version, evidence, provider_id, response)
SELECT gen_random_uuid(), w.store_id, w.customer_id, w.origin, w.kind, w.purpose, w.priority, w.template_slug,
    w.cart_id, w.order_id, w.code_id, w.since, w.night_only, w.about, w.shadow, 'planned', %(at)s, w.due_at,
    w.due_at, w.valid_until, '', '{}', 0, 0, s.sending_epoch, '', '', '', '', '{}', '', ''
FROM unnest(%(stores)s::bigint[], %(customers)s::bigint[], %(origins)s::text[], %(kinds)s::text[],
    %(purposes)s::text[], %(priorities)s::smallint[], %(templates)s::text[], %(carts)s::bigint[],
    %(orders)s::bigint[], %(codes)s::bigint[], %(sinces)s::timestamptz[], %(nights)s::boolean[],
    %(abouts)s::jsonb[], %(shadows)s::boolean[], %(dues)s::timestamptz[], %(untils)s::timestamptz[])
    AS w(store_id, customer_id, origin, kind, purpose, priority, template_slug, cart_id, order_id, code_id, since,
         night_only, about, shadow, due_at, valid_until)
JOIN stores_store s ON s.id = w.store_id
ON CONFLICT (store_id, origin) DO NOTHING
"""


def plan(wishes: Sequence[Wish], at: datetime) -> int:
    """Insert the rows, once each, in the caller's transaction. Returns how many were new."""
    if not wishes:
        return 0
    columns = {
        "stores": "store_id",
        "customers": "customer_id",
        "origins": "origin",
        "kinds": "kind",
        "purposes": "purpose",
        "priorities": "priority",
        "templates": "template_slug",
        "carts": "cart_id",
        "orders": "order_id",
        "codes": "code_id",
        "sinces": "since",
        "nights": "night_only",
        "shadows": "shadow",
        "dues": "due_at",
        "untils": "valid_until",
    }
    params = {name: [getattr(wish, field) for wish in wishes] for name, field in columns.items()}
    params["abouts"] = [msgspec.json.encode(wish.about).decode() for wish in wishes]
    return db.run(_PLAN, {**params, "at": at})
