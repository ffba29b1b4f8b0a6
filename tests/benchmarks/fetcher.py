"""Who fetches orders: `python -m tests.benchmarks.fetcher ours|bare URL COUNT`; says what it cost, as JSON.

`bare` only downloads the pages and decodes them. `ours` is the errand as a worker runs it, into PostgreSQL.
"""

from __future__ import annotations

import json
import resource
import sys
import time
from collections.abc import Callable
from typing import Any

PAGE = 100


def bare(url: str, count: int) -> int:
    """The least that reads a shop: one kept connection, `json`, nothing kept."""
    import requests

    caller, seen = requests.Session(), 0
    while seen < count:
        asked = {"offset": seen, "per_page": PAGE, "orderby": "id", "order": "asc"}
        seen += len(json.loads(caller.get(f"{url}/wp-json/wc/v3/orders", params=asked, timeout=30).content))
    return seen


def ours(url: str, count: int) -> int:
    from apps.core import clock
    from apps.ingestion.errands import ask_now
    from apps.ingestion.models import Errand
    from apps.ingestion.running import run_due
    from apps.orders.models import Order
    from apps.stores import access
    from tests.benchmarks import crowd

    store = crowd.open_store(f"Fetched{count}", url=url)
    access.keep_credentials(store.pk, store.key, "keys", {"consumer_key": "ck_1", "consumer_secret": "cs_1"})
    ask_now(store, "backfill", "orders", clock.now())
    while run_due(clock.now):
        pass
    errand = Errand.objects.get(store=store)
    assert errand.trouble == "", (errand.trouble, errand.trouble_values)
    return Order.objects.filter(store=store).count()


class Waiting:
    """Seconds in which the shop, not we, had the word: on the clock, off the processor."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def around(self, ask: Callable[..., Any]) -> Callable[..., Any]:
        def asked(*words: Any, **more: Any) -> Any:
            wall, own = time.perf_counter(), time.thread_time()
            try:
                return ask(*words, **more)
            finally:
                self.seconds += time.perf_counter() - wall - (time.thread_time() - own)

        return asked


def main() -> None:
    who, url, count = sys.argv[1], sys.argv[2], int(sys.argv[3])
    waiting = Waiting()
    if who == "ours":
        import django

        django.setup()
        from apps.stores import network

        network.ask = waiting.around(network.ask)
    wall, own = time.perf_counter(), time.process_time()
    found = {"ours": ours, "bare": bare}[who](url, count)
    told = {
        "found": found,
        "wall": time.perf_counter() - wall,
        "cpu": time.process_time() - own,
        "waited": waiting.seconds,
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }
    print(json.dumps(told), flush=True)


if __name__ == "__main__":
    main()
