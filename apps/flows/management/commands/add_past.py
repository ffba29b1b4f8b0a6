"""The people of the past, into a flow; with a head-count first."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.core.management.base import CommandError, CommandParser

from apps.core import clock
from apps.flows import backfilling
from apps.flows.models import Flow
from apps.stores.commanding import StoreCommand, store_of


class Command(StoreCommand):
    help = "Take in the people to whom it happened, or whose day came, before the flow was switched on."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("store_key")
        parser.add_argument("flow", help="the flow's short name, such as win-back")
        parser.add_argument("--since", type=int, required=True, metavar="DAYS", help="how far back to look")
        parser.add_argument("--count", action="store_true", help="say who would begin, and change nothing")

    def handle(self, *args: Any, store_key: str, flow: str, since: int, count: bool, **options: Any) -> None:
        store = store_of(store_key)
        mine = Flow.objects.of(store).filter(slug=flow, deleted_at__isnull=True).first()
        if mine is None:
            raise CommandError(f"this store has no flow '{flow[:80]}'")
        if not 1 <= since <= backfilling.FURTHEST.days:
            raise CommandError(f"expected 1 to {backfilling.FURTHEST.days} days; got {since}")
        at = clock.now()
        act = backfilling.count if count else backfilling.add
        try:
            counted = act(mine, at, at - timedelta(days=since))
        except backfilling.NotAdded as problem:
            raise CommandError(str(problem)) from None
        self.say(
            {
                "entering": counted.entering,
                "control_group": counted.held_out,
                "too_old": counted.too_old,
                "filtered": counted.filtered,
                "were_in": counted.were_in,
                **({"no_basis": counted.no_basis} if count else {}),
                "reasons": counted.refused,
            }
        )
