"""Forgetting a person, for good."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError, no_translations

from apps.core import clock
from apps.customers.erasure import erase_address
from apps.stores.models import Store


class Command(BaseCommand):
    help = "Erases one person from one shop; nothing is ever sent to the address again."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("store", metavar="STORE_KEY")
        parser.add_argument("address", metavar="ADDRESS")
        parser.add_argument("--yes", action="store_true", help="yes, this cannot be undone")

    @no_translations
    def handle(self, *args: Any, **options: Any) -> None:
        store = Store.objects.filter(key=options["store"]).first()
        if store is None:
            raise CommandError("There is no shop with this key; see `list_stores`.")
        if not options["yes"]:
            raise CommandError("This cannot be undone; add --yes to do it.")
        try:
            gone = erase_address(store.pk, options["address"], clock.now())
        except ValueError as problem:
            raise CommandError(f"ADDRESS: {problem}.") from None
        self.stdout.write("Erased." if gone else "Nobody known; the address is barred all the same.")
