"""A shop's own past through a flow, on the terminal."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from django.core.management.base import BaseCommand, CommandError, CommandParser

from apps.core import clock
from apps.core.problems import DefinitionRefused
from apps.flows import yaml_io
from apps.flows.models import Flow
from apps.flows.simulating import report
from apps.flows.simulating.report import Simulated, Sum
from apps.flows.simulating.setting import Tried
from apps.flows.simulating.sharing import NotReplayable, simulate
from apps.flows.simulating.trying import draft_of
from apps.stores.models import Store

WIDTH = 30


class Command(BaseCommand):
    help = "Replay the shop's last days through a flow's draft, or a YAML file. Writes nothing and sends nothing."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("store_key")
        parser.add_argument("flow", nargs="+", help="short names of flows, or YAML files")
        parser.add_argument("--days", type=int, default=30, help="how many days back (1 to 365)")
        parser.add_argument("--csv", type=Path, help="write every mail that would have left into this file")

    def handle(self, *args: Any, store_key: str, flow: list[str], days: int, **options: Any) -> None:
        store = Store.objects.filter(key=store_key).first()
        if store is None:
            raise CommandError(f"there is no store '{store_key}'")
        if not 1 <= days <= 365:
            raise CommandError("expected --days from 1 to 365")
        now = clock.now()
        tried = [_tried(store, name) for name in flow]
        try:
            found = simulate(store, tried, began=now - timedelta(days=days), ended=now, progress=self._progress)
        except NotReplayable as problem:
            raise CommandError(str(problem)) from None
        self._say(found)
        if options["csv"]:
            _write(store, found, options["csv"])
            self.stdout.write(f"written: {options['csv']}")

    def _progress(self, share: float) -> None:
        """A bar on a terminal; nothing in a file."""
        if not self.stderr.isatty():
            return
        done = round(share * WIDTH)
        end = "\n" if share >= 1 else ""
        self.stderr.write(f"\r[{'#' * done}{'.' * (WIDTH - done)}] {share:4.0%}{end}", ending="")
        self.stderr.flush()

    def _say(self, found: Simulated) -> None:
        lines = [
            f"{found.events} things happened; {found.entered} runs began, {found.held_out} in the control group",
            f"{found.mails} mails would have left, for {found.people} people",
            f"{found.bought_before} had bought before a mail was due",
            f"{found.bought_anyway} bought anyway, within a week and without the mail",
            *([f"{found.inside} were inside already: {found.inside_mails} mails for them"] if found.inside else []),
            *(f"not sent: {_words(one)}" for one in found.skipped),
            *(f"not let in: {_words(one)}" for one in found.declined),
            *(f"ended before any mail: {_words(one)}" for one in found.ended_unsent),
            *(f"postponed: {reason} × {count}" for reason, count in found.postponed.items()),
            *(f"offers cost at most {one.amount:.2f} {one.currency} ({one.codes} codes)" for one in found.costs),
            *(f"cannot be known: {what} × {count}" for what, count in found.unknown.items()),
        ]
        self.stdout.write("\n".join(lines))


def _words(one: Sum) -> str:
    return f"{one.flow}: {one.reason} × {one.count}"


def _tried(store: Store, name: str) -> Tried:
    """The shop's own flow of that name, or the plan in that file."""
    mine = Flow.objects.of(store).filter(slug=name, deleted_at__isnull=True).first()
    try:
        if mine is not None:
            return draft_of(mine)
        plan = yaml_io.load(Path(name).read_bytes())
    except DefinitionRefused as refused:
        raise CommandError("\n".join(f"{name}: {problem}" for problem in refused.problems)) from None
    except OSError:
        raise CommandError(f"this store has no flow '{name}', and there is no such file") from None
    same = Flow.objects.of(store).filter(slug=plan.flow, deleted_at__isnull=True).first()
    return Tried(plan=plan, flow_id=same.pk if same else None)


def _write(store: Store, found: Simulated, path: Path) -> None:
    with path.open("w", encoding="utf-8", newline="") as to:
        known = report.addresses([line.customer_id for line in found.lines])
        report.write_csv(found.lines, to, known, ZoneInfo(store.time_zone))
