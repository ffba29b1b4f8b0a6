"""Who is in a segment, and the RFM scores of a whole shop, against the queries anybody would write first.

One shop: a million customers, three million orders and ten million lines with `--full`. Both sides answer the same
question on the same rows, one after the other, several times; the same people must come out. What counts is the time
of PostgreSQL's process on a core, on one core: waiting for a core that others use is no cost of a query.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import timedelta
from statistics import median
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from tests.benchmarks import crowd, machine
from tests.benchmarks.stage import Stage
from tests.benchmarks.table import Line

if TYPE_CHECKING:
    from datetime import datetime

SEGMENT_BAR, RFM_BAR = 10.0, 5.0
ROUNDS = 3
PRODUCTS, CATEGORIES = 2000, 20
# Three orders in 90 days, more than 150 spent, never anything of one category.
SEGMENT = [
    {"ordered": {"n": 3, "period": "last", "days": 90}},
    {"spent": {"least": "150.01"}},
    {"bought": {"times": "zero", "categories": ["category 7"]}},
]


def measure(stage: Stage) -> list[Line]:
    from django.db import connection

    from apps.core import clock, db

    people = 1_000_000 if stage.full else 50_000
    store, at = crowd.open_store(), clock.now()
    took = _fill(store.pk, people, at)
    connection.close()
    with stage.connect() as line:
        line.execute("VACUUM (ANALYZE)")
        line.execute("CHECKPOINT")
    db.run("SET max_parallel_workers_per_gather = 0")
    db.run("SET jit = off")
    lines = [_segment(store.pk, at, people), *_rfm(store.pk, at, people)]
    lines[0] = _with(lines[0], f"rollups of everybody made from nothing in {took:.0f} s")
    connection.close()
    return lines


def _with(line: Line, detail: str) -> Line:
    import msgspec

    return msgspec.structs.replace(line, details=(*line.details, detail))


_PRODUCTS = """
INSERT INTO catalog_product (store_id, external_id, {blanks})
SELECT %(store)s, n::text, {empty}
FROM generate_series(1, %(products)s::bigint) AS n
"""
_CATEGORIES = """
UPDATE catalog_product SET categories = jsonb_build_array('category ' || external_id::int %% %(categories)s)
WHERE store_id = %(store)s
"""
_PEOPLE = """
INSERT INTO customers_customer (store_id, email, email_key, country, {blanks})
SELECT %(store)s, 'ada' || n || '@shopper.test', 'ada' || n || '@shopper.test', 'NL', {empty}
FROM generate_series(1, %(people)s::bigint) AS n
"""
# Hashes of the number in place of chance: every run has the same shop. Few people order much, most order little.
_ORDERS = """
INSERT INTO orders_order (store_id, external_id, customer_id, stage, placed_at, created_at, paid_at, currency, total,
    refunded, silences, counts, number, status, {blanks})
SELECT %(store)s, n::text,
    first.id + floor(%(people)s * power((hashint4(n::int)::bigint + 2147483648) / 4294967296.0, 1.6)),
    'paid', w.at, w.at, w.at, 'EUR', 10 + abs(hashint4(n::int + 7)) %% 90, 0, true, true, n::text, 'processing', {empty}
FROM generate_series(1, 3 * %(people)s::bigint) AS n,
    LATERAL (SELECT %(at)s::timestamptz - (abs(hashint4(n::int + 3)) %% 94608000) * interval '1 second' AS at) AS w,
    (SELECT min(id) AS id FROM customers_customer WHERE store_id = %(store)s) AS first
"""
_LINES = """
INSERT INTO orders_orderline (order_id, position, product, title, quantity, unit_price, total, {blanks})
SELECT o.id, place, 1 + floor(%(products)s * power(
        (hashint8(o.id * 8 + place)::bigint + 2147483648) / 4294967296.0, 1.3)), 'A thing', 1, 10, 10, {empty}
FROM orders_order o, generate_series(1, 3 + (o.id %% 3 = 0)::int) AS place WHERE o.store_id = %(store)s
"""
_BLANKS = """
SELECT column_name, CASE WHEN data_type IN ('character varying', 'text') THEN $$''$$
    WHEN data_type = 'boolean' THEN 'false' WHEN data_type = 'jsonb' THEN $$'[]'$$
    WHEN data_type LIKE 'timestamp%%' THEN 'now()' ELSE '0' END
FROM information_schema.columns WHERE table_schema = 'public' AND table_name = %s AND is_nullable = 'NO'
    AND column_default IS NULL AND is_identity = 'NO'
"""


def _whole(statement: str) -> str:
    """The statement with something in each column that must hold something."""
    from apps.core import db

    head = statement.partition("INSERT INTO ")[2]
    table, names = head.partition(" (")[0], head.partition(" (")[2].partition("{blanks}")[0]
    named = {name.strip() for name in names.split(",")}
    found = [row for row in db.rows(_BLANKS, [table]) if row[0] not in named]
    blanks, empty = ", ".join(row[0] for row in found), ", ".join(row[1] for row in found)
    return statement.replace("{blanks}", blanks or "id").replace("{empty}", empty or "DEFAULT")


def _fill(store_id: int, people: int, at: datetime) -> float:
    """The shop's books, and our rollups of them; returns how long those took."""
    from apps.core import db
    from apps.orders import totals
    from apps.segments import measuring, shopwide

    told = {"store": store_id, "at": at, "people": people, "products": PRODUCTS, "categories": CATEGORIES}
    db.run("SET synchronous_commit = off")
    db.run("SET session_replication_role = replica")
    for statement in (_PRODUCTS, _PEOPLE, _ORDERS, _LINES):
        db.run(_whole(statement), told)
    db.run(_CATEGORIES, told)
    db.run("ANALYZE")
    ids = [row[0] for row in db.rows("SELECT id FROM customers_customer WHERE store_id = %s ORDER BY id", [store_id])]
    totals.recompute(ids[:10])
    began = time.perf_counter()
    for first in range(0, len(ids), 100_000):
        measuring.measure(ids[first : first + 100_000], at)
    shopwide.measure_shop(store_id, at)
    db.run("SET session_replication_role = DEFAULT")
    return time.perf_counter() - began


_NAIVE = """
SELECT c.id FROM customers_customer c JOIN orders_order o ON o.customer_id = c.id AND o.counts
WHERE c.store_id = %(store)s AND NOT EXISTS (
    SELECT 1 FROM orders_order b JOIN orders_orderline l ON l.order_id = b.id
    JOIN catalog_product g ON g.store_id = b.store_id AND g.external_id = l.product
    WHERE b.customer_id = c.id AND b.counts AND g.categories ? 'category 7')
GROUP BY c.id
HAVING count(*) FILTER (WHERE o.placed_at >= %(since)s) >= 3 AND sum(o.total - o.refunded) > 150
"""


def _segment(store_id: int, at: datetime, people: int) -> Line:
    from apps.core import db
    from apps.segments import members

    # Ninety days back by the shop's clock, as we count them.
    told = {"store": store_id, "since": at.astimezone(ZoneInfo("Europe/Amsterdam")) - timedelta(days=90)}

    def ours() -> list[Any]:
        sql = members.select(SEGMENT, at, store_id)
        return db.rows(sql.text, sql.params)

    (slow, found), (quick, same) = _race(lambda: db.rows(_NAIVE, told), ours)
    assert {row[0] for row in found} == {row[0] for row in same}
    ratio = slow / quick
    return Line(
        path=f"a segment of three conditions, {people:,} customers",
        peer="one query: GROUP BY and NOT EXISTS",
        measured=f"{ratio:.1f} × as fast on a core ({quick * 1000:.0f} ms)",
        bar=f"≥ {SEGMENT_BAR:.0f} ×",
        met=ratio >= SEGMENT_BAR,
        details=(
            f"{people * 3:,} orders, about {people * 10:,} lines; {len(same):,} people are in it",
            f"the naive query takes {slow:.2f} s on a core",
        ),
    )


_NTILE = """
SELECT recency, frequency, money, count(*) FROM (
    SELECT customer_id, ntile(3) OVER (ORDER BY max(placed_at)) AS recency,
        ntile(3) OVER (ORDER BY count(*)) AS frequency, ntile(3) OVER (ORDER BY sum(total - refunded)) AS money
    FROM orders_order WHERE store_id = %(store)s AND counts AND customer_id IS NOT NULL GROUP BY customer_id
) AS scored GROUP BY 1, 2, 3
"""


def _rfm(store_id: int, at: datetime, people: int) -> list[Line]:
    from apps.core import db
    from apps.segments import shopwide

    def naive() -> list[Any]:
        return db.rows(_NTILE, {"store": store_id})

    lines = []
    for what, ours in (
        ("made anew", lambda: shopwide.score_shop(store_id)),
        ("read as a grid", lambda: shopwide.grid(store_id)),
    ):
        (slow, _), (quick, _) = _race(naive, ours)
        ratio = slow / quick
        lines.append(
            Line(
                path=f"RFM scores {what}, {people:,} customers",
                peer="ntile(3) over the orders",
                measured=f"{ratio:.1f} × as fast on a core ({quick * 1000:.0f} ms)",
                bar=f"≥ {RFM_BAR:.0f} ×",
                met=ratio >= RFM_BAR,
                details=(f"ntile takes {slow:.2f} s on a core",),
            )
        )
    return lines


def _race(*runners: Callable[[], Any]) -> list[tuple[float, Any]]:
    """Seconds on a core of each, in turns, the median; and what each found."""
    from apps.core import db

    backend = db.rows("SELECT pg_backend_pid()")[0][0]
    spent: list[list[float]] = [[] for _ in runners]
    found: list[Any] = [None] * len(runners)
    for turn in range(ROUNDS + 1):
        for place, run in enumerate(runners):
            began = machine.on_core(backend)
            found[place] = run()
            if turn:
                spent[place].append(machine.on_core(backend) - began)
    return [(median(times), result) for times, result in zip(spent, found, strict=True)]
