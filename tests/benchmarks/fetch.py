"""The years before, out of a shop into PostgreSQL: beside a client that only downloads and decodes the same pages.

The shop is a process of its own, so its work is nobody's. The bar is on memory: it must not grow with the shop. How
many times longer than bare reading it takes says what recording costs; a real shop answers a hundred times slower.
"""

from __future__ import annotations

import json
from typing import Any

from tests.benchmarks.stage import Stage
from tests.benchmarks.table import Line

MEGABYTES = 300


def measure(stage: Stage) -> list[Line]:
    count = 100_000 if stage.full else 10_000
    shop = stage.run("pages", count)
    try:
        assert shop.stdout is not None
        url = f"http://127.0.0.1:{shop.stdout.readline().strip()}"
        bare, ours = _fetched(stage, "bare", url, count), _fetched(stage, "ours", url, count)
    finally:
        shop.terminate()
        shop.wait()
    return [_line(bare, ours, count)]


def _fetched(stage: Stage, who: str, url: str, count: int) -> dict[str, Any]:
    told, _ = stage.run("fetcher", who, url, count, ALLOW_LOOPBACK_SHOPS="on").communicate()
    found: dict[str, Any] = json.loads(told)
    assert found["found"] == count, found
    return found


def _line(bare: dict[str, Any], ours: dict[str, Any], count: int) -> Line:
    share, times = ours["waited"] / ours["wall"], ours["wall"] / bare["wall"]
    return Line(
        path=f"{count:,} orders of a shop → rows",
        peer="a client that downloads and decodes the same pages",
        measured=f"peak {ours['peak_mb']:.0f} MB; {times:.1f} × its time, {share:.0%} of it waiting for the shop",
        bar=f"peak < {MEGABYTES} MB",
        met=ours["peak_mb"] < MEGABYTES,
        details=(
            _told("ours", ours, count),
            f"of ours waiting for the shop: {ours['waited']:.1f} s",
            _told("the peer", bare, count),
        ),
    )


def _told(who: str, cost: dict[str, Any], count: int) -> str:
    rate = count / cost["wall"]
    return f"{who}: {rate:,.0f} orders/s, {cost['cpu'] / count * 1000:.2f} ms CPU each, peak {cost['peak_mb']:.0f} MB"
