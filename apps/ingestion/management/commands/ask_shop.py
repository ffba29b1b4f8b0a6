"""Ask a shop now: `ask_shop KEY --kind backfill --what orders --since 30d`."""

from __future__ import annotations

import time
from argparse import ArgumentParser
from typing import Any, Final

from django.core.management.base import CommandError, no_translations

from apps.core import clock
from apps.core.durations import parse_duration
from apps.ingestion import running
from apps.ingestion.progress import Progress, ask_now, progress
from apps.stores.commanding import StoreCommand, store_of
from apps.stores.models import Store
from apps.stores.platforms.base import platforms
from apps.stores.platforms.calling import NOUNS

KINDS: Final = ("backfill", "poll", "reconcile", "audit")
PATIENCE: Final = 0.2
"""Seconds between two looks while a worker has the shop in hand, or the shop asked for a pause."""


class Command(StoreCommand):
    help = (
        "Asks a shop and prints how far it is, one JSON object a line. Without --what all the platform can be asked"
        " for; with --since from that long ago. A worker that is running helps; without one this command does it."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("key", help="the store's key, as list_stores prints it")
        parser.add_argument("--kind", choices=KINDS, default="reconcile")
        parser.add_argument("--what", choices=NOUNS, default="")
        parser.add_argument("--since", default="", help="for example 30d; the run's own way without it")
        parser.add_argument("--wait", type=float, default=3600.0, help="seconds to wait for the end; 0 only asks")

    @no_translations
    def handle(self, *args: Any, key: str, kind: str, what: str, since: str, wait: float, **options: Any) -> None:
        store = store_of(key)
        try:
            back = parse_duration(since).delta if since else None
        except ValueError as wrong:
            raise CommandError(f"--since: {wrong}") from None
        nouns = self._nouns(store, kind, what)
        for noun in nouns:
            ask_now(store, kind, noun, clock.now(), since=back)  # type: ignore[arg-type]
        self._follow(store, kind, nouns, wait)

    def _nouns(self, store: Store, kind: str, what: str) -> list[str]:
        platform = platforms.get(store.platform)
        if kind == "audit":
            return [""]
        able: list[str] = [noun for noun in NOUNS if noun in platform.can]
        if (what and what not in able) or not able:
            raise CommandError(f"{platform.label} cannot be asked for {what or 'anything'}")
        return [what] if what else able

    def _follow(self, store: Store, kind: str, nouns: list[str], wait: float) -> None:
        """Run turns, anybody's, until ours are done or in trouble."""
        until, told = time.monotonic() + wait, ""
        while True:
            mine = [one for one in progress(store) if one.kind == kind and one.what in nouns]
            line = [_plain(one) for one in mine]
            if str(line) != told:
                told = str(line)
                for each in line:
                    self.say(each)
            if time.monotonic() >= until or all(one.percent == 100 or one.trouble for one in mine):
                break
            if not running.run_due(clock.now, limit=20):
                time.sleep(PATIENCE)
        troubles = [f"{one.what or one.kind}: {one.trouble}" for one in mine if one.trouble]
        if troubles:
            raise CommandError("\n".join(troubles))


def _plain(one: Progress) -> dict[str, Any]:
    return {
        "kind": one.kind,
        "what": one.what,
        "done": one.done,
        "total": one.total,
        "percent": one.percent,
        "trouble": one.trouble,
    }
