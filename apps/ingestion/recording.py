"""The one way in: snapshots become rows and events.

Webhook, companion, poll, replay and import all end here. A batch is recorded set-wise, in one transaction, with
every store in it locked; each row moves only forward in the platform's own time.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

import msgspec

from apps.carts import recording as carts
from apps.carts.settling import settle
from apps.catalog import recording as catalog
from apps.consent import recording as consent
from apps.core import db
from apps.core.addresses import email_key
from apps.core.secrets import hash_of
from apps.core.stamps import stamp
from apps.customers import identity
from apps.customers import telling as arrivals
from apps.customers.erasure import erased_among
from apps.customers.identity import RANK_MENTION, RANK_RECORD, Mention, People
from apps.events.log import append, as_history
from apps.ingestion import shopwide
from apps.ingestion.custom import recording as custom
from apps.orders import recording as orders
from apps.orders import reviews, silencing, telling, totals
from apps.segments import measuring
from apps.stores.snapshots import (
    CartGone,
    CartSeen,
    ConsentGiven,
    ConsentSeen,
    CustomerSeen,
    CustomSeen,
    FulfillmentSeen,
    Gone,
    OrderSeen,
    Person,
    ProductSeen,
    RefundSeen,
    ReviewSeen,
    Snapshot,
)


class News(msgspec.Struct, frozen=True, kw_only=True):
    """One snapshot of one store, and when it reached us."""

    store_id: int
    arrived_at: datetime
    seen: Snapshot


def record(news: Sequence[News], at: datetime, history_until: datetime | None = None) -> None:
    """Record a batch in the caller's transaction; the stores' locks are held by the caller.

    What happened before `history_until` is no news to anybody: it is kept, and starts nothing.
    """
    news = _without_erased(news)
    named = custom.orders_named([(item.store_id, item.seen) for item in news if isinstance(item.seen, CustomSeen)])
    news = [*news, *_parcels(news, named)]
    people = identity.recognise([mention for item in news for mention in _mentions(item)])
    identity.lock([*people.all_ids(), *carts.writing_to(people)])
    tombstones, bereft = _bury(news)
    touched = carts.record(
        [
            carts.CartNews(store_id=item.store_id, arrived_at=item.arrived_at, seen=item.seen)
            for item in news
            if isinstance(item.seen, (CartSeen, CartGone))
        ],
        people,
    )
    changes = orders.record(
        [
            orders.OrderNews(store_id=item.store_id, arrived_at=item.arrived_at, seen=item.seen)
            for item in news
            if isinstance(item.seen, (OrderSeen, RefundSeen, FulfillmentSeen))
        ],
        people,
        tombstones["order"],
    )
    order_ids = [change.state.id for change in changes if change.state.id is not None]
    arrivals.tell(people, at, history_until)
    telling.tell(changes, people, at, history_until)
    settle([*touched, *silencing.silence(order_ids, touched)], at)
    totals.recompute([*_whose_totals(changes, people), *bereft])
    _touch(changes, people, bereft, history_until, at)
    consent.record(list(_consents(news, people)), at, history_until, people.moved)
    restocked = catalog.record(
        [
            catalog.ProductNews(store_id=item.store_id, arrived_at=item.arrived_at, seen=item.seen)
            for item in news
            if isinstance(item.seen, ProductSeen)
        ],
        tombstones["product"],
    )
    append(as_history(restocked, history_until, at), at)
    reviews.record(
        [
            reviews.ReviewNews(store_id=item.store_id, arrived_at=item.arrived_at, seen=item.seen)
            for item in news
            if isinstance(item.seen, ReviewSeen)
        ]
    )
    told = [
        custom.CustomNews(store_id=item.store_id, arrived_at=item.arrived_at, seen=item.seen)
        for item in news
        if isinstance(item.seen, CustomSeen)
    ]
    custom.record(told, people, named, at, history_until)
    shopwide.record([(item.store_id, item.arrived_at, item.seen) for item in news], at)


def _parcels(news: Sequence[News], named: custom.Orders) -> Iterator[News]:
    """A carrier's "delivered" is news of the order too."""
    for item in news:
        if isinstance(item.seen, CustomSeen):
            parcel = custom.parcel_of(item.store_id, item.seen, named, item.arrived_at)
            if parcel is not None:
                yield msgspec.structs.replace(item, seen=parcel)


def _person_of(seen: Snapshot) -> Person | None:
    match seen:
        case CartSeen(person=person) | OrderSeen(person=person):
            return person
        case CustomerSeen(person=person) | ConsentSeen(person=person) | ReviewSeen(person=person):
            return person
        case CustomSeen(person=person):
            return person
        case _:
            return None


def _without_erased(news: Sequence[News]) -> Sequence[News]:
    """Somebody who asked to be forgotten stays so: late news keeps its sums and names nobody."""
    places = {(item.store_id, hash_of(item.store_id, key)) for item in news if (key := _address_of(item.seen))}
    erased = erased_among(sorted(places))
    if not erased:
        return news
    return [_nameless(item) if _is_among(item, erased) else item for item in news]


def _address_of(seen: Snapshot) -> str | None:
    person = _person_of(seen)
    return email_key(person.email) if person is not None and person.email else None


def _is_among(item: News, erased: set[tuple[int, bytes]]) -> bool:
    key = _address_of(item.seen)
    return key is not None and (item.store_id, hash_of(item.store_id, key)) in erased


def _nameless(item: News) -> News:
    if isinstance(item.seen, ReviewSeen):
        item = msgspec.structs.replace(item, seen=msgspec.structs.replace(item.seen, author="", text=""))
    return msgspec.structs.replace(item, seen=msgspec.structs.replace(item.seen, person=Person()))


def _mentions(item: News) -> Iterator[Mention]:
    person = _person_of(item.seen)
    # A review makes nobody a customer: anybody may write one under any address.
    if person is None or isinstance(item.seen, ReviewSeen) or not (person.email or person.account):
        return
    rank = RANK_RECORD if isinstance(item.seen, (CustomerSeen, ConsentSeen)) else RANK_MENTION
    mark = stamp(item.seen.at or item.arrived_at, item.seen.tie)
    since = item.seen.created_at if isinstance(item.seen, CustomerSeen) else None
    moment = since or item.seen.at or item.arrived_at
    yield Mention(store_id=item.store_id, person=person, stamp=mark, rank=rank, at=moment)


def _consent_of(seen: Snapshot) -> ConsentGiven | None:
    match seen:
        case CartSeen(consent=given) | OrderSeen(consent=given) | CustomerSeen(consent=given):
            return given
        case ConsentSeen(consent=given):
            return given
        case _:
            return None


def _consents(news: Sequence[News], people: People) -> Iterator[consent.ConsentNews]:
    for item in news:
        given, person = _consent_of(item.seen), _person_of(item.seen)
        if given is None or person is None:
            continue
        key = email_key(person.email) if person.email else None
        customer_id = people.to_write_to(item.store_id, key, person.account)
        if customer_id is None:
            continue
        moment = given.at or item.seen.at or item.arrived_at
        yield consent.ConsentNews(
            store_id=item.store_id,
            customer_id=customer_id,
            given=given,
            at=moment,
            account=person.account or "" if key is None else "",
        )


def _whose_totals(changes: Sequence[orders.Change], people: People) -> list[int]:
    before = {change.customer_id for change in changes}
    after = {
        people.who_bought(change.state.store_id, change.state.email_key, change.state.account)
        for change in changes
        if change.state.silences or change.silenced
    }
    return sorted({one for one in (*before, *after, *people.moved) if one is not None})


def _touch(
    changes: Sequence[orders.Change], people: People, bereft: list[int], history_until: datetime | None, at: datetime
) -> None:
    """Whose figures and segments are made anew soon; of what is history nobody hears that it let them in or out."""
    fresh = [change for change in changes if history_until is None or _is_news(change, history_until)]
    told = {*_whose_totals(fresh, people), *bereft}
    measuring.touch(sorted(told), at)
    measuring.touch(sorted({*_whose_totals(changes, people)} - told), at, silent=True)


def _is_news(change: orders.Change, history_until: datetime) -> bool:
    last = change.state.modified_at or change.state.placed_at
    return last is not None and last >= history_until


_BURY = """
INSERT INTO ingestion_tombstone AS t (store_id, noun, external_id, at)
SELECT store_id, noun, external_id, max(at) FROM unnest(%s::bigint[], %s::text[], %s::text[], %s::timestamptz[])
    AS g(store_id, noun, external_id, at) GROUP BY 1, 2, 3
ON CONFLICT (store_id, noun, external_id) DO UPDATE SET at = greatest(t.at, excluded.at)
"""


Places = dict[tuple[int, str], datetime]
"""(store, the platform's id) → when it was thrown away"""


def _bury(news: Sequence[News]) -> tuple[dict[str, Places], list[int]]:
    """Keep tombstones and lift those of restored orders.

    Returns the stones over orders and products of this batch, and who lost an order by them.
    """
    gone = [(item, item.seen) for item in news if isinstance(item.seen, Gone)]
    bereft: list[int] = []
    if gone:
        db.run(
            _BURY,
            [
                [item.store_id for item, _ in gone],
                [seen.noun for _, seen in gone],
                [seen.external_id for _, seen in gone],
                [seen.at or item.arrived_at for item, seen in gone],
            ],
        )
        bereft = orders.hide(_stones("order", [(item.store_id, seen.external_id) for item, seen in gone]))
        catalog.hide(_stones("product", [(item.store_id, seen.external_id) for item, seen in gone]))
    told = [(item.store_id, item.seen) for item in news]
    _lift([(store, seen.external_id) for store, seen in told if isinstance(seen, OrderSeen) and seen.restored])
    stones = {
        "order": _stones("order", [(store, name) for store, seen in told if (name := _order_of(seen))]),
        "product": _stones(
            "product",
            [(store, one.external_id) for store, seen in told if isinstance(seen, ProductSeen)
             for one in (seen, *seen.variants)],
        ),
    }  # fmt: skip
    return stones, bereft


def _order_of(seen: Snapshot) -> str:
    """The order this is about: a refund of one that was thrown away does not bring it back."""
    match seen:
        case OrderSeen(external_id=name):
            return name
        case RefundSeen(order=name) | FulfillmentSeen(order=name):
            return name
        case _:
            return ""


def _lift(places: Sequence[tuple[int, str]]) -> None:
    if places:
        db.run(
            "DELETE FROM ingestion_tombstone t USING unnest(%s::bigint[], %s::text[]) AS r(store_id, external_id)"
            " WHERE t.noun = 'order' AND (t.store_id, t.external_id) = (r.store_id, r.external_id)",
            [[place[0] for place in places], [place[1] for place in places]],
        )


def _stones(noun: str, places: Sequence[tuple[int, str]]) -> Places:
    if not places:
        return {}
    found = db.rows(
        "SELECT t.store_id, t.external_id, t.at FROM ingestion_tombstone t"
        " JOIN unnest(%s::bigint[], %s::text[]) AS r(store_id, external_id) USING (store_id, external_id)"
        " WHERE t.noun = %s",
        [[place[0] for place in places], [place[1] for place in places], noun],
    )
    return {(row[0], row[1]): row[2] for row in found}
