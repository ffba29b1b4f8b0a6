"""A month of a shop, replayed through a flow: the same engine and the same gate, with a travelling clock.

Every third line of the diary is a basket left behind; a third of them is bought after all. The peer is the same
replay with every moment taken by itself, as small shops' pasts are, over as much of the month as it can do in a
few seconds.
"""

from __future__ import annotations

import resource
import time
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from tests.benchmarks import crowd
from tests.benchmarks.stage import Stage
from tests.benchmarks.table import Line

if TYPE_CHECKING:
    from apps.flows.simulating.report import Simulated
    from apps.stores.models import Store

DAYS, BAR = 30, 60.0


def measure(stage: Stage) -> list[Line]:
    from django.db import connection

    from apps.core import clock

    events = 100_000 if stage.full else 10_000
    now = clock.now()
    store = crowd.open_store()
    fill(store, events // 3, now - timedelta(days=DAYS), now)
    connection.close()
    with stage.connect() as line:
        line.execute("VACUUM (ANALYZE)")
    found, spent = _replayed(store, now - timedelta(days=DAYS), now)
    share = 1000 / events
    _slow, alone = _replayed(store, now - share * timedelta(days=DAYS), now)
    return [_line(events, found, spent, alone / max(share * events, 1))]


def _replayed(store: Store, began: datetime, ended: datetime) -> tuple[Simulated, float]:
    from apps.flows import presets
    from apps.flows.simulating.setting import Tried
    from apps.flows.simulating.sharing import simulate

    tried = Tried(plan=presets.preset(crowd.PRESET))
    begun = time.monotonic()
    found = simulate(store, [tried], began=began, ended=ended)
    return found, time.monotonic() - begun


def _line(events: int, found: Simulated, spent: float, alone: float) -> Line:
    rate = events / spent
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return Line(
        path=f"{events:,} lines of a diary replayed through a flow",
        peer=f"every moment by itself: {1 / alone:.0f} lines/s",
        measured=f"{spent:.1f} s, {rate:.0f} lines/s, {rate * alone:.1f} × the peer",
        bar=f"100,000 within {BAR:.0f} s",
        met=100_000 / rate <= BAR,
        details=(
            f"{found.entered} runs begun, {found.mails} mails would have left, {found.bought_before} bought before",
            f"this process held {memory:.0f} MB at most",
        ),
    )


def fill(store: Store, people: int, began: datetime, ended: datetime) -> None:
    """A shop's past as its tables keep it: people who said yes, baskets left behind, a third of them bought."""
    from apps.core import db

    params = {"store": store.pk, "people": people, "began": began, "span": ended - began}
    for statement in (_PEOPLE, _CONSENTS, _PERMISSIONS, _CARTS, _ORDERS, _DIARY):
        db.run(statement, params)


# Person n leaves basket n at the n-th part of the month; the diary is numbered as it was written.
_LEFT = "%(began)s::timestamptz + %(span)s::interval * ((n * 7919 %% %(people)s)::float / %(people)s)"
_PEOPLE = """
INSERT INTO customers_customer (id, store_id, email, email_key, address_hash, first_name, last_name, locale, country,
    name_stamp, locale_stamp, country_stamp, orders_count, created_at)
OVERRIDING SYSTEM VALUE
SELECT n, %(store)s, 'ada' || n || '@x.test', 'ada' || n || '@x.test', decode(md5(n::text), 'hex'), 'Ada', '', 'nl_NL',
    'NL', '', '', '', 0, %(began)s FROM generate_series(1, %(people)s::bigint) AS n
"""
_CONSENTS = f"""
INSERT INTO consent_consentrecord (id, customer_id, state, at, source, text_version, notice_id, double_opt_in, attest,
    account)
OVERRIDING SYSTEM VALUE
SELECT n, n, 'granted', {_LEFT}, 'box', '', (SELECT min(id) FROM stores_notice WHERE store_id = %(store)s), false,
    false, '' FROM generate_series(1, %(people)s::bigint) AS n
"""
_PERMISSIONS = f"""
INSERT INTO consent_permission (customer_id, state, at, record_id)
SELECT n, 'granted', {_LEFT}, n FROM generate_series(1, %(people)s::bigint) AS n
"""
_CARTS = f"""
INSERT INTO carts_cart (id, store_id, customer_id, status, started_at, last_activity_at, abandoned_at,
    reached_checkout, content_stamp, person_stamp, email_key, locale, currency, total, amounts, lines, recovery_url,
    unmailable, order_id)
OVERRIDING SYSTEM VALUE
SELECT n, %(store)s, n, CASE WHEN n %% 3 = 0 THEN 'ordered' ELSE 'abandoned' END, {_LEFT}, {_LEFT},
    {_LEFT} + interval '1 hour', true, '', '', 'ada' || n || '@x.test', 'nl_NL', 'EUR', 80, '{{}}',
    '[{{"product": "13", "title": "Lantern", "quantity": "1", "total": "80.00"}}]', '', '',
    CASE WHEN n %% 3 = 0 THEN n END FROM generate_series(1, %(people)s::bigint) AS n
"""
_BOUGHT = f"{_LEFT} + interval '1 hour' + (n %% 2880) * interval '1 minute'"
_ORDERS = f"""
INSERT INTO orders_order (id, store_id, external_id, number, customer_id, email_key, stage, status, created_at,
    placed_at, paid_at, currency, total, refunded, amounts, codes, click, landing, payment_method, pay_url, test,
    silences, counts, modified_stamp)
OVERRIDING SYSTEM VALUE
SELECT n, %(store)s, n::text, n::text, n, 'ada' || n || '@x.test', 'paid', 'processing', {_BOUGHT}, {_BOUGHT},
    {_BOUGHT}, 'EUR', 80, 0, '{{}}', '[]', '', '', '', '', false, true, true, ''
FROM generate_series(1, %(people)s::bigint) AS n WHERE n %% 3 = 0
"""
_DIARY = f"""
INSERT INTO events_event (store_id, customer_id, subject, kind, occurred_at, recorded_at, shape, source_key, data)
SELECT %(store)s, who, subject, kind, at, at, 1, subject || kind, data FROM (
    SELECT n AS who, 'customer:' || n AS subject, 'consent.changed' AS kind, {_LEFT} AS at,
        jsonb_build_object('state', 'granted', 'record', n) AS data FROM generate_series(1, %(people)s::bigint) AS n
    UNION ALL SELECT n, 'cart:' || n, 'cart.abandoned', {_LEFT} + interval '1 hour', jsonb_build_object('cart', n,
        'reached_checkout', true, 'total', '80', 'currency', 'EUR', 'lines', 1, 'unmailable', '')
    FROM generate_series(1, %(people)s::bigint) AS n
    UNION ALL SELECT n, 'order:' || n, kind, {_BOUGHT}, jsonb_build_object('order', n, 'total', '80', 'refunded', '0')
    FROM generate_series(1, %(people)s::bigint) AS n, unnest(ARRAY['order.placed', 'order.paid']) AS kind
    WHERE n %% 3 = 0
    UNION ALL SELECT n, 'cart:' || n, 'cart.ordered', {_BOUGHT}, jsonb_build_object('cart', n, 'order', n)
    FROM generate_series(1, %(people)s::bigint) AS n WHERE n %% 3 = 0
) AS told ORDER BY at
"""
