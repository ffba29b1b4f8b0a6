"""How soon an order silences, while deliveries pour in through the same door.

From the 200 that answers the order's webhook until the commit that ends its basket, seen by asking the database every
few milliseconds. Real web, real worker, real beat; the other deliveries are orders of the same shop, so that they
share its lock.
"""

from __future__ import annotations

import subprocess
import time
from datetime import datetime, timedelta
from statistics import quantiles

from tests.benchmarks import crowd, orders, stack
from tests.benchmarks.stage import Stage
from tests.benchmarks.table import Line

RATE, BAR = 500, 2.0
GLANCE_SECONDS = 0.005


def measure(stage: Stage) -> list[Line]:
    from django.db import connection

    baskets, gap = (200, 0.25) if stage.full else (80, 0.25)
    key, names = _prepare(baskets)
    connection.close()
    with stack.running(stage) as engine:
        _until_awake(stage, engine.port, key)
        seconds = 3 + baskets * gap
        crowd_of_shops = stage.run("pourer", engine.port, key, RATE, seconds, BENCH_SECRET=crowd.SECRET)
        assert crowd_of_shops.stdout is not None
        crowd_of_shops.stdout.readline()
        time.sleep(2)
        waits = _order(stage, engine.port, key, names, gap)
        rate = _rate(crowd_of_shops)
    return [_line(waits, rate)]


def _prepare(baskets: int) -> tuple[str, list[str]]:
    """A shop with people who left a basket and are inside the flow; returns its key and the baskets' names."""
    from apps.carts.models import CartKey
    from apps.core import clock

    now = clock.now()
    store = crowd.open_store()
    crowd.switch_on(store, now)
    crowd.gather(store, baskets, now - timedelta(minutes=30))
    names = CartKey.objects.filter(store=store, kind="companion").values_list("value", flat=True)
    assert len(names) == baskets
    return store.key, list(names)


def _until_awake(stage: Stage, port: int, key: str) -> None:
    """A first order through the door and into rows: the worker has started."""
    from tests.benchmarks.pourer import Shop

    Shop(port, key, crowd.SECRET).post(orders.order(899_999, datetime.now().astimezone()))
    with stage.connect() as line:
        while line.execute("SELECT 1 FROM ingestion_delivery WHERE state = 'waiting'").fetchone():
            time.sleep(0.1)


def _order(stage: Stage, port: int, key: str, names: list[str], gap: float) -> list[float]:
    """Order basket after basket; how long each silence took."""
    from tests.benchmarks.pourer import Shop

    shop, waiting, waits = Shop(port, key, crowd.SECRET), dict[str, float](), list[float]()
    todo, next_at = list(enumerate(names)), time.monotonic()
    until = next_at + len(names) * gap + 60
    with stage.connect() as line:
        while (todo or waiting) and time.monotonic() < until:
            if todo and time.monotonic() >= next_at:
                number, name = todo.pop()
                shop.post(
                    orders.order(900_000 + number, datetime.now().astimezone(), cart=name, email=f"ada{number}@x.test")
                )
                waiting[name] = time.monotonic()
                next_at += gap
            for (name,) in line.execute(_SILENCED, [list(waiting)]).fetchall():
                waits.append(time.monotonic() - waiting.pop(str(name)))
            time.sleep(GLANCE_SECONDS)
    return waits + [60.0] * len(waiting)


_SILENCED = """
SELECT k.value FROM carts_cartkey k JOIN carts_cart c ON c.id = k.cart_id
WHERE k.kind = 'companion' AND k.value = ANY(%s) AND c.status = 'ordered'
"""


def _rate(process: subprocess.Popen[str]) -> float:
    assert process.stdout is not None
    said = process.stdout.readline()
    process.wait()
    return float(said)


def _line(waits: list[float], rate: float) -> Line:
    percentiles = quantiles(waits, n=100, method="inclusive")
    middle, worst = percentiles[49], percentiles[98]
    return Line(
        path=f"order webhook → silence committed, while {RATE} deliveries/s arrive",
        peer="–",
        measured=f"p50 {middle:.2f} s, p99 {worst:.2f} s",
        bar=f"p99 ≤ {BAR:.0f} s",
        met=worst <= BAR and rate >= 0.95 * RATE,
        details=(f"{len(waits)} orders; the door answered {rate:.0f} other deliveries/s meanwhile",),
    )
