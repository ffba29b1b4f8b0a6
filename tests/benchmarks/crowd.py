"""A shop full of people who left a basket and are about to be mailed, through the real queues."""

from __future__ import annotations

import json
import uuid
from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import cache
from typing import TYPE_CHECKING, Any

from tests.benchmarks.stage import ROOT

if TYPE_CHECKING:
    from apps.stores.models import Store

SECRET = "benchmark-harbour-glass-tulip-9"
CART = ROOT / "fixtures/woocommerce/companion/cart.updated.block-guest.http.json"
BATCH = 500
PRESET = "abandoned-checkout"


def open_store(name: str = "Molenzicht", **fields: Any) -> Store:
    """A shop that may mail at any hour of the day; its caps are on."""
    from apps.stores import notices
    from apps.stores.models import Store, StoreSecret

    values: dict[str, Any] = {
        "name": name, "platform": "woocommerce", "url": f"https://{name.lower()}.test", "currency": "EUR",
        "from_email": f"post@{name.lower()}.test", "postal_address": "Dijk 1, Delft", "country": "NL",
        "rules": {"quiet": "off", "sunday": "on"}, "profile": {"return_days": "30", "phone": "+31 15 1234567"},
    }  # fmt: skip
    store = Store.objects.create(**(values | fields))
    StoreSecret.make(store, SECRET).save()
    notices.standard_opt_in(store).save()
    return store


def switch_on(store: Store, at: datetime) -> None:
    from apps.flows import presets, publishing
    from apps.mail import library

    for slug, (preset, _) in library.shipped().items():
        # Beforehand, outside any transaction: compiling starts a process per text.
        for locale in library.LOCALES if preset == PRESET else ():
            library.compiled(slug, locale)
    flow = presets.install(store, PRESET, at)
    publishing.go_live(flow, at - timedelta(days=1))


@cache
def _recorded() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(json.loads(CART.read_text())["body"])
    return found


def cart(number: int, at: datetime) -> bytes:
    """Somebody fills a basket of three things and says yes to mail."""
    body = json.loads(json.dumps(_recorded()))
    event, moment = body["events"][0], at.strftime("%Y-%m-%dT%H:%M:%SZ")
    item = event["data"]["items"][0]
    items = [item | {"product_id": 100 + place, "name": f"{item['name']} {place + 1}"} for place in range(3)]
    event["id"] = str(uuid.uuid4())
    event["data"] |= {
        "cart": uuid.uuid4().hex, "email": f"ada{number}@shopper.test", "first_name": f"Ada{number}", "at": moment,
        "items": items, "consent": {"state": "granted", "at": moment, "source": "block_checkout"}, "locale": "nl_NL",
    }  # fmt: skip
    return json.dumps(body).encode()


def keep(store: Store, topic: str, bodies: Sequence[bytes], at: datetime) -> None:
    """Deliveries as the door leaves them."""
    from apps.ingestion.models import Delivery, DeliveryBody

    rows = Delivery.objects.bulk_create(
        Delivery(
            store=store, topic=topic, dedupe_key=uuid.uuid4().hex, due_at=at, received_at=at, size=len(body),
            state="waiting", attempts=0, reason="", headers={},
        )
        for body in bodies
    )  # fmt: skip
    DeliveryBody.objects.bulk_create(
        [DeliveryBody(delivery=row, data=body) for row, body in zip(rows, bodies, strict=True)], batch_size=BATCH
    )


def gather(store: Store, count: int, now: datetime, *, steps_taken: bool = False) -> None:
    """`count` people whose first mail is due at `now`: as steps to take, or as messages already planned."""
    from apps.carts.abandonment import abandon_due
    from apps.core import clock
    from apps.events.announcing import announce_due
    from apps.flows.engine import advance_due
    from apps.ingestion.processing import process_due

    left = now - timedelta(minutes=125)
    for start in range(0, count, BATCH):
        keep(store, "cart.updated", [cart(n, left) for n in range(start, min(count, start + BATCH))], left)
    queues = (process_due, announce_due, abandon_due, announce_due)
    for moment in (left, left + timedelta(minutes=61), now):
        with clock.travelled(moment - clock.now()):
            for queue in (*queues, advance_due) if steps_taken else queues:
                while queue(moment):
                    pass


def written_mail(store: Store) -> tuple[str, str]:
    """The HTML and the text of the first person's mail, for a peer that is given finished texts."""
    from django.db import transaction

    from apps.core import clock
    from apps.flows.engine import advance_due
    from apps.mail import writing
    from apps.mail.models import Message

    with transaction.atomic():
        # Tried and taken back: the step stays due.
        advance_due(clock.now(), limit=1)
        written, _ = writing.write([Message.objects.of(store).earliest("id").pk], clock.now())
        transaction.set_rollback(True)
    return written[0].parcel.html, written[0].parcel.text
