"""A shop joins us, or leaves: its keys, and what we ask of it from then on."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from apps.ingestion import errands
from apps.stores import connecting
from apps.stores.models import Store
from apps.stores.platforms.calling import Report


def join(
    store: Store, way: str, credentials: Mapping[str, str], at: datetime, *, history: timedelta = errands.HISTORY
) -> Report:
    """Connect the shop and begin to ask: what changes, and `history` of what was. Outside any transaction.

    Raises ShopTrouble when the keys do not open this shop; then nothing has changed. Joining again mends a
    connection: what had stopped goes on from where it was.
    """
    report = connecting.connect(store, way, credentials, at)
    errands.open_for(store, at, history=history)
    return report


def leave(store: Store, at: datetime) -> None:
    """The owner takes the keys away: nothing more is asked, all that was learned stays."""
    errands.close_for(store, at)
    connecting.disconnect(store, at)
