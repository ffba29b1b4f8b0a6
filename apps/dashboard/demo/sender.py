"""The demo shop's own server: it signs deliveries and posts them to the door."""

from __future__ import annotations

import threading
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

from apps.dashboard.demo.visits import Push
from apps.ingestion.posting import NobodyAnswers, Postman
from apps.stores.platforms.base import Platform

# Each topic is a webhook of its own in a shop.
WEBHOOKS: Final = {
    "order.created": "1",
    "order.updated": "2",
    "customer.updated": "3",
    "product.updated": "4",
}
DOOR_STANDS: Final = 405
TRIES: Final = 60
PATIENCE: Final = 1.0


@dataclass(slots=True, kw_only=True)
class Sender:
    """Posts over one kept connection and waits while nobody answers; counts the answers."""

    postman: Postman
    platform: Platform
    secret: str
    source: str
    stop: threading.Event
    answers: Counter[int] = field(default_factory=Counter)

    def wait_for_the_door(self) -> None:
        """Until the door is there or we are told to stop: it says so by refusing a GET."""
        while not self.stop.is_set():
            try:
                if self.postman.ask("GET", self.postman.path, {})[0] == DOOR_STANDS:
                    return
            except NobodyAnswers:
                pass
            self.stop.wait(PATIENCE)

    def send(self, push: Push) -> None:
        """Sign it with the time of now and post it; again while the engine is away for a moment."""
        for _ in range(TRIES):
            try:
                status = self._post(push)
            except NobodyAnswers:
                status = 0
            self.answers[status] += 1
            if status not in (0, 503) or self.stop.wait(PATIENCE):
                return

    def _post(self, push: Push) -> int:
        known = {
            "X-WC-Webhook-Source": f"{self.source}/",
            "X-WC-Webhook-ID": WEBHOOKS.get(push.topic, "5"),
        }
        at = datetime.now(UTC)
        headers = self.platform.sign(push.topic, push.body, self.secret, at, known)
        return self.postman.post(headers, push.body)
