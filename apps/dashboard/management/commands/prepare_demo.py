"""Make the demo shop, once."""

from __future__ import annotations

from typing import Any

from django.core.management.base import no_translations

from apps.core import clock
from apps.dashboard.demo.preparing import prepare
from apps.stores.adding import webhook_url
from apps.stores.commanding import StoreCommand


class Command(StoreCommand):
    help = "Makes the demo shop with its flow running; a second time it changes nothing."

    @no_translations
    def handle(self, *args: Any, **options: Any) -> None:
        store = prepare(clock.now())
        if options["verbosity"] > 1:
            self.say({"key": store.key, "webhook_url": webhook_url(store)})
