"""Change a shop's settings, and give its keys: `set_store KEY quiet=off holdout=10`."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import CommandError, no_translations

from apps.core import clock
from apps.dashboard.keys_given import add_keys, connected, given, way_for
from apps.stores.commanding import StoreCommand, add_settings, store_of
from apps.stores.models import Store
from apps.stores.settings_changing import SettingsRefused, change, read_changes, shown
from apps.stores.settings_table import SETTINGS


class Command(StoreCommand):
    help = "Changes a shop's settings and prints them as JSON; without any, prints all it has."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("key", nargs="?", default="", help="the store's key, as add_store printed it")
        add_settings(parser)
        parser.add_argument("--names", action="store_true", help="list every setting there is")
        add_keys(parser)

    @no_translations
    def handle(self, *args: Any, key: str, pairs: list[str], **options: Any) -> None:
        if options["names"]:
            self._list()
            return
        store, keys = store_of(key), given(options)
        if keys:
            # Before anything is changed: keys that fit nothing change nothing.
            way_for(store.platform, keys)
        said = self._changed(store, pairs) if pairs or not keys else {}
        if keys:
            said |= connected(store, keys, clock.now())
        self.say(said)

    def _changed(self, store: Store, pairs: list[str]) -> dict[str, Any]:
        if not pairs:
            return dict(shown(store))
        try:
            return dict(change(store, read_changes(pairs), clock.now()))
        except SettingsRefused as refused:
            raise CommandError("\n".join(refused.errors)) from None

    def _list(self) -> None:
        for setting in SETTINGS.values():
            name = f"{setting.name}<key>" if setting.family else setting.name
            self.stdout.write(f"{name}={setting.example}\n  {setting.help}\n  {setting.form.accepts}")
