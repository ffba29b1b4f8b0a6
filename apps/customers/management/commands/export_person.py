"""A person's own copy, as JSON."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError, no_translations

from apps.core.addresses import email_key
from apps.customers import privacy
from apps.customers.models import Customer
from apps.stores.models import Store


class Command(BaseCommand):
    help = "Prints everything one shop keeps about one person, as JSON."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("store", metavar="STORE_KEY")
        parser.add_argument("address", metavar="ADDRESS")

    @no_translations
    def handle(self, *args: Any, **options: Any) -> None:
        store = Store.objects.filter(key=options["store"]).first()
        if store is None:
            raise CommandError("There is no shop with this key; see `list_stores`.")
        key = email_key(options["address"])
        found = Customer.objects.of(store).filter(email_key=key).first() if key else None
        if found is None:
            raise CommandError("This shop keeps nothing under that address.")
        copy = privacy.export(store.pk, found.pk)
        self.stdout.write(json.dumps(copy, ensure_ascii=False, indent=2))
