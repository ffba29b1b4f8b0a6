"""A shop of ours that is joined to a pretended one: its keys tried, its errands open."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from tests.invariants import bodies
from tests.invariants.bodies import Post
from tests.shopkeeping import Shop, World, open_store

if TYPE_CHECKING:
    from apps.carts.models import Cart
    from apps.ingestion.models import Errand
    from tests.shopkeeping import Person
    from tests.shops.base import Stage


def now() -> datetime:
    """Pretended shops live today."""
    return datetime.now(UTC).replace(microsecond=0)


def made(kind: str) -> Any:
    """A pretended shop of this platform."""
    from tests.shops.shopify import Shopify
    from tests.shops.woocommerce import WooCommerceShop

    if kind != "shopify":
        return WooCommerceShop()
    shop = Shopify(domain=bodies.DOMAIN)
    # A whole story in a second: points for questions come back slower than that.
    shop.bucket.most = shop.bucket.left = 1e9
    return shop


@dataclass
class Connected(Shop):
    """Both sides: `shop.fake` is the shop itself, the rest is what we know of it."""

    fake: Any = None
    way: str = ""

    def errand(self, kind: str, what: str = "") -> Errand:
        from apps.ingestion.models import Errand

        return Errand.objects.of(self.store).get(kind=kind, what=what)

    def runs(self, *kinds: str, at: datetime | None = None) -> None:
        """Only these errands are due, now, and they run to their end."""
        from apps.core import db
        from apps.ingestion.running import run_due

        moment: datetime | None = at or self.world.at
        db.run("UPDATE ingestion_errand SET due_at = NULL WHERE store_id = %s", [self.store.pk])
        db.run(
            "UPDATE ingestion_errand SET due_at = %s WHERE store_id = %s AND kind = ANY(%s::text[])",
            [moment, self.store.pk, list(kinds)],
        )
        while moment is not None:
            while run_due(lambda due=moment: due):  # type: ignore[misc]
                pass
            moment = self._asked_to_wait(until=moment + timedelta(minutes=1))

    def _asked_to_wait(self, *, until: datetime) -> datetime | None:
        """A shop that wants a moment, to make a file for one, gets it."""
        from apps.core import db

        soon = "SELECT min(due_at) FROM ingestion_errand WHERE begun_at IS NOT NULL AND due_at < %s"
        found: datetime | None = db.rows(soon, [until])[0][0]
        return found

    def has_mails(self) -> None:
        """The shipped reminder, without the flow that sends it."""
        from apps.mail.library import install_templates

        install_templates(self.store, "abandoned-checkout", ["nl"])

    def rests(self) -> None:
        """No errand is due for the length of a story: what happens is the last look's doing."""
        from apps.core import db

        db.run(
            "UPDATE ingestion_errand SET due_at = %s WHERE store_id = %s",
            [self.world.at + timedelta(days=9), self.store.pk],
        )

    def breaks_after(self, answers: int, fault: str, *, of: str = "/orders", times: int | None = None) -> None:
        """All is well for so many answers of this address, and then not."""
        reply, left = self.fake.reply, [answers]

        def counted(asked: Any) -> Any:
            if asked.path.endswith(of):
                left[0] -= 1
                if left[0] == 0:
                    self.fake.breaks(fault, times=times)
            return reply(asked)

        self.fake.reply = counted

    def removes_us(self, *, ago: timedelta = timedelta()) -> None:
        """The owner took the app out of the shop, and its platform says so."""
        body = bodies.recorded("shopify/app_uninstalled.json")
        at = self.world.at - ago
        triggered = {"X-Shopify-Triggered-At": bodies.iso(at), "X-Shopify-Shop-Domain": bodies.DOMAIN}
        post = Post(topic="app/uninstalled", body=json.dumps(body).encode(), at=at, headers=triggered)
        self.sends(post)

    def reload(self) -> None:
        self.store.refresh_from_db()

    def waiting_mail(self, person: Person, cart: Cart) -> int:
        """A reminder about this basket, due now."""
        return self.asks_for(person, cart=cart)

    def buys_unheard(self, person: Person, *, ago: timedelta = timedelta(seconds=1)) -> str:
        """An order whose webhook never comes."""
        number: str = self.fake.adds_order(email=person.email, at=self.world.at - ago)
        return number


def connect(kind: str, world: World, fake: Any = None, **fields: Any) -> Connected:
    """Open a store and join it to a pretended shop, as its owner would."""
    from apps.ingestion.joining import join
    from apps.stores.platforms.base import platforms

    fake = fake or made(kind)
    domain = {"shop_domain": fake.domain} if kind == "shopify" else {}
    store = open_store(kind, url=fake.url, **(domain | fields))
    access = fake.access(store.pk)
    way = next(
        one.name for one in platforms.get(kind).ways if {c.name for c in one.credentials} >= set(access.credentials)
    )
    join(store, way, access.credentials, world.at)
    store.refresh_from_db()
    return Connected(store, world, fake, way)


@contextmanager
def connecting() -> Iterator[Callable[..., Connected]]:
    """Join shops, and close all that were pretended."""
    fakes: list[Stage] = []

    def joined(kind: str, world: World, **fields: Any) -> Connected:
        shop = connect(kind, world, **fields)
        fakes.append(shop.fake)
        return shop

    try:
        yield joined
    finally:
        for fake in fakes:
            fake.close()
