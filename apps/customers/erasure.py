"""Forgetting a person: what said who it was goes, the sums stay, and the no to his address stands for ever.

The no is kept by keyed hash, a floor above; so that whoever records news can ask for it here, that floor says
how to look it up.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from datetime import datetime
from urllib.parse import quote

import idna
from django.db import transaction

from apps.core import db
from apps.core.addresses import email_key
from apps.core.following import Erasing, erase_everything
from apps.core.secrets import hash_of
from apps.customers.models import Customer

Place = tuple[int, bytes]
"""(store, keyed hash of an address)"""
Memory = Callable[[Sequence[Place]], set[Place]]

RECORDING = 4710
"""First half of the advisory lock under which a store's news is recorded: nobody rebuilds whom we erase."""

_memories: list[Memory] = []


def remembers(memory: Memory) -> Memory:
    """Register where the addresses that asked to be forgotten are looked up."""
    _memories.append(memory)
    return memory


def erased_among(places: Sequence[Place]) -> set[Place]:
    """Which of these addresses were erased: of them no name and no address is ever stored again."""
    return set().union(*(memory(places) for memory in _memories)) if places else set()


def is_erased(store_id: int, address_hash: bytes) -> bool:
    """Whether this address asked this shop to be forgotten."""
    return bool(erased_among([(store_id, address_hash)]))


def lock_store(store_id: int) -> None:
    """Nothing is recorded for this store until the caller's transaction ends."""
    db.rows("SELECT pg_advisory_xact_lock(%s, %s::int)", [RECORDING, store_id])


def erase(store_id: int, customer_id: int, at: datetime, orders: Sequence[str] = ()) -> None:
    """Forget one person, in the caller's transaction, with the store locked; again changes nothing.

    Raises Customer.DoesNotExist for a person of another shop.
    """
    found = Customer.objects.of(store_id).get(pk=customer_id)
    erase_all(store_id, [found.pk], at, orders=orders)


def erase_all(
    store_id: int,
    customers: Sequence[int],
    at: datetime,
    *,
    addresses: Sequence[str] = (),
    accounts: Sequence[str] = (),
    orders: Sequence[str] = (),
    whole_shop: bool = False,
) -> None:
    """Forget these people and everything under these addresses, accounts and orders, known or not."""
    who = _known(store_id, customers, addresses, accounts)
    erase_everything(
        Erasing(
            store_id=store_id,
            at=at,
            customers=tuple(customers),
            addresses=who[0],
            hashes=tuple(hash_of(store_id, key) for key in who[0]),
            accounts=who[1],
            orders=tuple(orders),
            whole_shop=whole_shop,
        )
    )


def erase_now(store_id: int, customer_id: int, at: datetime) -> None:
    """Forget one person, for callers without a transaction of their own."""
    with transaction.atomic():
        lock_store(store_id)
        erase(store_id, customer_id, at)


def erase_address(store_id: int, address: str, at: datetime) -> int:
    """Forget whoever has this address, and the address itself if nobody has; returns how many persons went.

    Raises ValueError for what is no address.
    """
    key = email_key(address)
    if key is None:
        raise ValueError("expected one e-mail address")
    with transaction.atomic():
        lock_store(store_id)
        found = [row.pk for row in Customer.objects.of(store_id).filter(email_key=key).order_by("pk")]
        erase_all(store_id, found, at, addresses=[key])
    return len(found)


def written(key: str) -> set[str]:
    """An address with its domain in A-labels, and as people write it."""
    local, _, host = key.rpartition("@")
    try:
        return {key, f"{local}@{idna.decode(host)}"}
    except idna.IDNAError:
        return {key}


def spelled(address: str) -> set[str]:
    """An address as bytes from outside may hold it, in lower case: plain, in JSON of ASCII alone, in a URL."""
    ascii_only = json.dumps(address)[1:-1]
    return {
        address,
        ascii_only,
        ascii_only.replace("@", "\\u0040").replace("+", "\\u002b"),
        quote(address, safe="").lower(),
        quote(address, safe="+").lower(),
    }


# Locked in key order and before anything else, as the sender does: no mail slips between.
_PERSONS = """
SELECT email_key FROM customers_customer WHERE store_id = %s AND id = ANY(%s::bigint[])
ORDER BY id FOR NO KEY UPDATE
"""

_ACCOUNTS = """
SELECT value FROM customers_customerkey WHERE store_id = %s AND kind = 'account' AND customer_id = ANY(%s::bigint[])
"""


def _known(
    store_id: int, customers: Sequence[int], addresses: Sequence[str], accounts: Sequence[str]
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """All addresses and accounts of these people, with those the caller knows besides."""
    places = [store_id, list(customers)]
    keys = {row[0] for row in db.rows(_PERSONS, places) if row[0]}
    values = {row[0] for row in db.rows(_ACCOUNTS, places)}
    return tuple(sorted(keys | set(addresses))), tuple(sorted(values | set(accounts)))
