"""Every shop, one JSON object a line."""

from __future__ import annotations

from typing import Any

from django.core.management.base import no_translations

from apps.stores.adding import webhook_url
from apps.stores.commanding import StoreCommand
from apps.stores.models import Store


class Command(StoreCommand):
    help = "Lists the shops: one JSON object a line."

    @no_translations
    def handle(self, *args: Any, **options: Any) -> None:
        for store in Store.objects.all():
            self.say(
                {
                    "key": store.key,
                    "name": store.name,
                    "platform": store.platform,
                    "status": store.status,
                    "webhook_url": webhook_url(store),
                    "last_delivery_at": store.last_delivery_at and store.last_delivery_at.isoformat(),
                }
            )
