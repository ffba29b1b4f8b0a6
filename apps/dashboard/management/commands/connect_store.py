"""Give a shop's keys: `connect_store KEY --credential consumer_key=ck_… --credential consumer_secret=cs_…`."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import CommandError, no_translations

from apps.core import clock
from apps.dashboard.keys_given import add_keys, connected, given
from apps.stores.commanding import StoreCommand, store_of


class Command(StoreCommand):
    help = "Connects a shop with its keys, makes the webhooks, and prints what was found as one JSON object."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("key", help="the store's key, as add_store printed it")
        parser.add_argument("--way", default="", help="which way, when the keys alone do not tell it")
        add_keys(parser)

    @no_translations
    def handle(self, *args: Any, key: str, way: str, **options: Any) -> None:
        store = store_of(key)
        keys = given(options)
        if not keys:
            raise CommandError("expected keys, such as --consumer-key ck_… --consumer-secret cs_…; got none")
        self.say(connected(store, keys, clock.now(), way=way))
