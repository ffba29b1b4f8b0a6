"""Forgetting a person, for good."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import CommandError, no_translations

from apps.core import clock
from apps.customers.erasure import erase_address
from apps.stores.commanding import StoreCommand, store_of


class Command(StoreCommand):
    help = "Erases one person from one shop; nothing is ever sent to the address again."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("store", metavar="STORE_KEY")
        parser.add_argument("address", metavar="ADDRESS")
        parser.add_argument("--yes", action="store_true", help="yes, this cannot be undone")

    @no_translations
    def handle(self, *args: Any, **options: Any) -> None:
        store = store_of(options["store"])
        if not options["yes"]:
            raise CommandError("this cannot be undone; add --yes to do it")
        try:
            gone = erase_address(store.pk, options["address"], clock.now())
        except ValueError as problem:
            raise CommandError(f"ADDRESS: {problem}") from None
        # Known or not, the address is barred from now on.
        self.say({"store": store.key, "erased": gone, "barred": True})
