"""One person as they were at one moment: whatever reads the tables inside the block reads those of then."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

from apps.core import db
from apps.flows.simulating import history, setting, stage
from apps.flows.simulating.history import LOOKS_BACK, Clocks, Scope
from apps.orders.totals import recompute
from apps.segments.measuring import measure
from apps.stores.models import Store

JUST_AFTER = timedelta(microseconds=1)


@contextmanager
def as_of(store: Store, customer_id: int, at: datetime) -> Iterator[None]:
    """Baskets, orders, consent and mails of this person as they were; all else as it is now. Writes nothing.

    The catalogue has no past: prices and stock are those of now.
    """
    with stage.staged() as schema:
        scope = Scope(
            schema=schema, store_id=store.pk, joined_at=store.created_at, began=at, ended=at + JUST_AFTER, flow_ids=()
        )
        db.run("CREATE TEMP TABLE sim_person ON COMMIT DROP AS SELECT %s::bigint AS id", [customer_id])
        setting.fill(scope, [], at)
        stage.shut()
        recompute(history.show(scope, Clocks([customer_id], [at - LOOKS_BACK - timedelta(days=3650)], [at])))
        measure([customer_id], at)
        yield
