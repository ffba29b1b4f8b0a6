"""A person's own copy, as JSON."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import CommandError, no_translations

from apps.core.addresses import email_key
from apps.customers import privacy
from apps.customers.models import Customer
from apps.stores.commanding import StoreCommand, store_of


class Command(StoreCommand):
    help = "Prints everything one shop keeps about one person, as JSON."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("store", metavar="STORE_KEY")
        parser.add_argument("address", metavar="ADDRESS")

    @no_translations
    def handle(self, *args: Any, **options: Any) -> None:
        store = store_of(options["store"])
        key = email_key(options["address"])
        found = Customer.objects.of(store).filter(email_key=key).first() if key else None
        if found is None:
            raise CommandError("this shop keeps nothing under that address")
        self.say(privacy.export(store.pk, found.pk))
