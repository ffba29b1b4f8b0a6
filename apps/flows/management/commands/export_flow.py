"""A flow as a file."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from apps.flows import presets, yaml_io
from apps.flows.models import Flow
from apps.stores.models import Store


class Command(BaseCommand):
    help = "Write a flow as YAML: the shop's own, or the shipped preset of that name when the shop has none."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("store_key")
        parser.add_argument("flow", help="the flow's short name, such as abandoned-checkout")

    def handle(self, *args: Any, store_key: str, flow: str, **options: Any) -> None:
        store = Store.objects.filter(key=store_key).first()
        if store is None:
            raise CommandError(f"there is no store '{store_key}'")
        mine = Flow.objects.of(store).filter(slug=flow, deleted_at__isnull=True).first()
        self.stdout.write(yaml_io.dump_plain(yaml_io.in_order(mine.draft)) if mine else _preset(flow), ending="")


def _preset(name: str) -> str:
    try:
        return yaml_io.dump(presets.preset(name))
    except presets.UnknownPreset as unknown:
        raise CommandError(f"this store has no flow '{name}', and {unknown}") from None
