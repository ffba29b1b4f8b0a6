"""News about the shop itself and about persons as the platform keeps them: merges, privacy, uninstalling."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from apps.consent import recording as consent
from apps.core import db
from apps.core.stamps import stamp
from apps.customers import identity, privacy
from apps.events import kinds
from apps.events.log import Happened, append
from apps.ingestion import errands
from apps.orders import totals
from apps.stores import access, connecting
from apps.stores.errors import AccessRefused
from apps.stores.snapshots import (
    CustomersMerged,
    PrivacyRequest,
    ShopSeen,
    Snapshot,
    Uninstalled,
)
from apps.stores.troubles import Trouble

Item = tuple[int, datetime, Snapshot]
"""(store, arrival, snapshot)"""


def record(news: Sequence[Item], at: datetime) -> None:
    """These are rare; each is done on its own, in the order of arrival."""
    for store_id, arrived_at, seen in news:
        match seen:
            case CustomersMerged(kept=kept, gone=gone):
                _merge(store_id, kept, gone, stamp(seen.at or arrived_at, seen.tie), at)
            case ShopSeen():
                _shop(store_id, seen)
            case Uninstalled():
                _uninstall(store_id, seen.at or arrived_at, at)
            case PrivacyRequest():
                privacy.receive(store_id, seen, arrived_at)
            case _:
                continue


_POINT = """
INSERT INTO customers_customerkey AS k (store_id, kind, value, customer_id, rank, stamp)
VALUES (%s, 'account', %s, %s, %s, %s)
ON CONFLICT (store_id, kind, value) DO UPDATE SET customer_id = excluded.customer_id, rank = excluded.rank,
    stamp = excluded.stamp
"""


def _account(store_id: int, value: str) -> tuple[int, bool] | tuple[None, None]:
    """Whom the account stands for, and whether no address of theirs is known."""
    found = db.rows(
        "SELECT k.customer_id, c.email_key IS NULL FROM customers_customerkey k"
        " JOIN customers_customer c ON c.id = k.customer_id"
        " WHERE k.store_id = %s AND k.kind = 'account' AND k.value = %s",
        [store_id, value],
    )
    return (found[0][0], found[0][1]) if found else (None, None)


def _merge(store_id: int, kept: str, gone: str, mark: str, at: datetime) -> None:
    """The platform says two accounts are one person: from now on they point alike, whatever either said before.

    Two addresses stay two rows; a row without one goes up into the other.
    """
    (keeper, keeper_nameless), (other, other_nameless) = _account(store_id, kept), _account(store_id, gone)
    if keeper is None or keeper == other:
        return
    db.run(_POINT, [store_id, gone, keeper, identity.RANK_MERGED, mark])
    if other is None:
        return
    identity.lock([keeper, other])
    identity.move_account((store_id, gone), keeper)
    if other_nameless:
        identity.merge(store_id, kept=keeper, gone=other)
    elif keeper_nameless:
        identity.merge(store_id, kept=other, gone=keeper)
    totals.recompute([keeper, other])
    consent.record([], at, moved=[keeper, other])


def _shop(store_id: int, seen: ShopSeen) -> None:
    """The shop's own id and myshopify name; what the owner set here stays as it is."""
    db.run(
        "UPDATE stores_store SET external_id = coalesce(nullif(%s, ''), external_id),"
        " shop_domain = CASE WHEN shop_domain = '' THEN %s ELSE shop_domain END,"
        " profile = profile || jsonb_build_object('domains', jsonb_build_array(%s::text, %s::text)) WHERE id = %s",
        [seen.external_id, seen.platform_domain, seen.domain, seen.platform_domain, store_id],
    )


_UNINSTALL = """
UPDATE stores_store s SET status = 'uninstalled' WHERE s.id = %(store)s AND NOT EXISTS (
    SELECT 1 FROM stores_connection c WHERE c.store_id = s.id AND c.connected_at > %(moment)s)
"""


def _uninstall(store_id: int, moment: datetime, at: datetime) -> None:
    """Stop at once: nothing leaves for a store that is uninstalled, nothing is asked, and its keys are forgotten.

    News of it that comes late does not undo that the shop was connected again since.
    """
    if not db.run(_UNINSTALL, {"store": store_id, "moment": moment}):
        return
    errands.close_for(store_id, at)
    connecting.forget(store_id)
    access.note_trouble(store_id, AccessRefused(Trouble.UNINSTALLED), at)
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
