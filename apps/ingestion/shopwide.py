"""News about the shop itself and about persons as the platform keeps them: merges, privacy, uninstalling."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from apps.core import db
from apps.customers import identity, privacy
from apps.customers.identity import People
from apps.events import kinds
from apps.events.log import Happened, append
from apps.stores.snapshots import (
    CustomersMerged,
    PrivacyRequest,
    ShopSeen,
    Snapshot,
    Uninstalled,
)

Item = tuple[int, datetime, Snapshot]
"""(store, arrival, snapshot)"""


def record(news: Sequence[Item], people: People, at: datetime) -> None:
    """These are rare; each is done on its own, in the order of arrival."""
    for store_id, arrived_at, seen in news:
        match seen:
            case CustomersMerged(kept=kept, gone=gone):
                _merge(store_id, kept, gone)
            case ShopSeen():
                _shop(store_id, seen)
            case Uninstalled():
                _uninstall(store_id, seen.at or arrived_at, at)
            case PrivacyRequest():
                privacy.receive(store_id, seen, arrived_at)
            case _:
                continue


def _account(store_id: int, value: str) -> int | None:
    found = db.rows(
        "SELECT customer_id FROM customers_customerkey WHERE store_id = %s AND kind = 'account' AND value = %s",
        [store_id, value],
    )
    return found[0][0] if found else None


def _merge(store_id: int, kept: str, gone: str) -> None:
    """The platform says two accounts are one person: both point at the one that stays.

    A row that has an address of its own stays a row (two addresses are never one person); one without goes up into the other.
    """
    keeper, other = _account(store_id, kept), _account(store_id, gone)
    if keeper is None or other is None or keeper == other:
        return
    db.run(
        "UPDATE customers_customerkey SET customer_id = %s WHERE store_id = %s AND kind = 'account' AND value = %s",
        [keeper, store_id, gone],
    )
    identity.move_account((store_id, gone), keeper)
    nameless = db.rows("SELECT email_key IS NULL FROM customers_customer WHERE id = %s", [other])[0][0]
    if nameless:
        identity.merge(store_id, kept=keeper, gone=other)


def _shop(store_id: int, seen: ShopSeen) -> None:
    """The shop's own id and myshopify name; what the owner set here stays as it is."""
    db.run(
        "UPDATE stores_store SET external_id = coalesce(nullif(%s, ''), external_id),"
        " shop_domain = CASE WHEN shop_domain = '' THEN %s ELSE shop_domain END,"
        " profile = profile || jsonb_build_object('domains', jsonb_build_array(%s::text, %s::text)) WHERE id = %s",
        [seen.external_id, seen.platform_domain, seen.domain, seen.platform_domain, store_id],
    )


def _uninstall(store_id: int, moment: datetime, at: datetime) -> None:
    """Stop at once: nothing leaves for a store that is uninstalled."""
    db.run("UPDATE stores_store SET status = 'uninstalled' WHERE id = %s", [store_id])
    append(
        [
            Happened(
                store_id=store_id,
                customer_id=None,
                subject=f"store:{store_id}",
                kind=kinds.STORE_UNINSTALLED,
                occurred_at=moment,
                source_key=f"{moment:%Y%m%dT%H%M%S}",
            )
        ],
        at,
    )
