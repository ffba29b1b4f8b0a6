"""What the door turned away, counted per store, day and reason, and written down behind the requests' backs."""

from __future__ import annotations

import atexit
import logging
import threading
import time
from collections.abc import Callable
from typing import Any, Final

import django.db
import psycopg
from django.db import connection

from apps.core import db

EVERY_SECONDS: Final = 1.0

# Stores that were removed meanwhile drop out by the join.
_COUNT: Final = """
INSERT INTO stores_refusal (store_id, day, reason, count, last_at)
SELECT s.id, (now() AT TIME ZONE 'UTC')::date, c.reason, c.n, now()
  FROM unnest(%s::bigint[], %s::text[], %s::int[]) AS c(store_id, reason, n)
  JOIN stores_store s ON s.id = c.store_id
 ORDER BY s.id, c.reason
ON CONFLICT (store_id, day, reason)
DO UPDATE SET count = stores_refusal.count + EXCLUDED.count, last_at = EXCLUDED.last_at
"""

log = logging.getLogger(__name__)


class Notebook:
    """Notes of one process that are worth a row but not worth a wait.

    A background thread writes them: the first at once, then at most once a second. A flood of refusals costs
    the database one statement a second; kill -9 may lose the last second of counts, never a delivery.
    """

    def __init__(self, every: float = EVERY_SECONDS) -> None:
        self._every = every
        self._lock = threading.Lock()
        self._writing = threading.Lock()
        self._news = threading.Event()
        self._counts: dict[tuple[int, str], int] = {}
        self._notes: dict[Any, Callable[[], None]] = {}
        self._thread: threading.Thread | None = None

    def refuse(self, store_id: int, reason: str) -> None:
        """Count one refusal; `reason` is one of Refusal.REASONS."""
        with self._lock:
            self._counts[store_id, reason] = self._counts.get((store_id, reason), 0) + 1
        self._wake()

    def note(self, key: Any, write: Callable[[], None]) -> None:
        """Have something written soon; a newer note under the same key takes the older one's place."""
        with self._lock:
            self._notes[key] = write
        self._wake()

    def flush(self) -> None:
        """Write what is noted. What cannot be written now is kept for the next time."""
        with self._writing:
            with self._lock:
                counts, self._counts = self._counts, {}
                notes, self._notes = self._notes, {}
            try:
                if counts:
                    _count(counts)
                    counts = {}
                while notes:
                    notes[next(iter(notes))]()
                    del notes[next(iter(notes))]
            except (psycopg.Error, django.db.Error) as error:
                log.warning("notes of the door wait for the database: %s", type(error).__name__)
                connection.close()
                self._keep(counts, notes)

    def _keep(self, counts: dict[tuple[int, str], int], notes: dict[Any, Callable[[], None]]) -> None:
        with self._lock:
            for key, n in counts.items():
                self._counts[key] = self._counts.get(key, 0) + n
            self._notes = notes | self._notes

    def _wake(self) -> None:
        # Started by the first note: a server forks its workers after this module was imported.
        if self._thread is None or not self._thread.is_alive():
            with self._lock:
                if self._thread is None or not self._thread.is_alive():
                    self._thread = threading.Thread(target=self._write_on, name="door-notes", daemon=True)
                    self._thread.start()
                    atexit.register(self.flush)
        self._news.set()

    def _write_on(self) -> None:
        while True:
            self._news.wait()
            self._news.clear()
            self.flush()
            if self._counts or self._notes:
                self._news.set()
            time.sleep(self._every)


def _count(counts: dict[tuple[int, str], int]) -> None:
    stores, reasons = zip(*counts, strict=True)
    db.run(_COUNT, (list(stores), list(reasons), list(counts.values())))
