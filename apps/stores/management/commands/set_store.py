"""Change a shop's settings: `set_store KEY quiet=off holdout=10`."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import CommandError, no_translations

from apps.core import clock
from apps.stores.commanding import StoreCommand, add_settings, store_of
from apps.stores.settings_changing import SettingsRefused, change, read_changes, shown
from apps.stores.settings_table import SETTINGS


class Command(StoreCommand):
    help = "Changes a shop's settings and prints them as JSON; without any, prints all it has."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("key", nargs="?", default="", help="the store's key, as add_store printed it")
        add_settings(parser)
        parser.add_argument("--names", action="store_true", help="list every setting there is")

    @no_translations
    def handle(self, *args: Any, key: str, pairs: list[str], **options: Any) -> None:
        if options["names"]:
            self._list()
            return
        store = store_of(key)
        if not pairs:
            self.say(shown(store))
            return
        try:
            self.say(change(store, read_changes(pairs), clock.now()))
        except SettingsRefused as refused:
            raise CommandError("\n".join(refused.errors)) from None

    def _list(self) -> None:
        for setting in SETTINGS.values():
            name = f"{setting.name}<key>" if setting.family else setting.name
            self.stdout.write(f"{name}={setting.example}\n  {setting.help}\n  {setting.form.accepts}")
