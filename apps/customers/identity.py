"""Who is who: from what payloads say of persons to rows, in one pass over a batch.

An address is a row. An account is a pointer to the row of the address it stands for now: the newest word of
the platform's own customer record, else of an order or basket. Whichever order news comes in, every address
seen has its row and every account points at the same one. The caller holds the store's lock.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import msgspec

from apps.core import db
from apps.core.addresses import email_key
from apps.core.secrets import hash_of
from apps.customers.following import account_moves, move_everything
from apps.stores.snapshots import Person

ACCOUNT = "account"
RANK_MERGED = 3
RANK_RECORD = 2
RANK_MENTION = 1

Address = tuple[int, str]
"""(store, email_key)"""
Account = tuple[int, str]
"""(store, the platform's account id)"""


class Mention(msgspec.Struct, frozen=True, kw_only=True):
    """One payload naming one person. `rank` 2 is the platform's own customer record."""

    store_id: int
    person: Person
    stamp: str
    rank: int = RANK_MENTION
    at: datetime | None = None
    """When this was so, or since when the platform knows the person; None when nobody is to be told."""


@dataclass(slots=True)
class _Attributes:
    """The newest of each attribute in this batch, with its stamp."""

    email: str
    name: tuple[str, str, str] = ("", "", "")
    locale: tuple[str, str] = ("", "")
    country: tuple[str, str] = ("", "")

    def take(self, person: Person, stamp: str) -> None:
        if (person.first_name or person.last_name) and stamp > self.name[0]:
            self.name = (stamp, person.first_name or "", person.last_name or "")
        if person.locale and stamp > self.locale[0]:
            self.locale = (stamp, person.locale[:20])
        if person.country and stamp > self.country[0]:
            self.country = (stamp, person.country[:2].upper())


@dataclass(slots=True)
class People:
    """The rows of everybody a batch named."""

    by_address: dict[Address, int] = field(default_factory=dict)
    by_account: dict[Account, int] = field(default_factory=dict)
    made: dict[Address, datetime | None] = field(default_factory=dict)
    """The addresses nobody knew before, and since when the platform does."""
    moved: set[int] = field(default_factory=set)
    """Customers whose orders came or went because an account now stands for somebody else."""

    def to_write_to(self, store_id: int, key: str | None, account: str | None) -> int | None:
        """Whom a basket's mail is for: its own address, else its account."""
        if key:
            return self.by_address.get((store_id, key))
        return self.by_account.get((store_id, account)) if account else None

    def who_bought(self, store_id: int, key: str | None, account: str | None) -> int | None:
        """Whose order it is: the account's person, else the address's."""
        if account and (store_id, account) in self.by_account:
            return self.by_account[(store_id, account)]
        return self.by_address.get((store_id, key)) if key else None

    def all_ids(self) -> list[int]:
        return sorted({*self.by_address.values(), *self.by_account.values(), *self.moved})


def recognise(mentions: Sequence[Mention]) -> People:
    """Rows for everybody named, made where missing; accounts pointed where the newest word says."""
    people = People()
    _lock_known(mentions)
    people.by_address, fresh = _write_addresses(_newest_attributes(mentions))
    people.made = _since(mentions, fresh)
    _point_accounts(mentions, people)
    return people


def complete(people: People, held: Iterable[tuple[int, str | None, str | None]]) -> None:
    """Also the persons that this batch did not name but its baskets and orders hold already.

    `held` is (store, address key, account) of each. News that changes only a parcel or a line names nobody.
    """
    asked = list(held)
    addresses = sorted({(store, key) for store, key, _ in asked if key} - people.by_address.keys())
    accounts = sorted({(store, account) for store, _, account in asked if account} - people.by_account.keys())
    if addresses:
        found = db.rows(_IDS, [[place[0] for place in addresses], [place[1] for place in addresses]])
        people.by_address.update({(row[0], row[1]): row[2] for row in found})
    if accounts:
        found = db.rows(_KEYS, [[place[0] for place in accounts], [place[1] for place in accounts]])
        people.by_account.update({(row[0], row[1]): row[2] for row in found})


def lock(ids: Iterable[int]) -> None:
    """Lock persons in key order: whoever records an order or a suppression, or sends a mail, does this first."""
    db.run(
        "SELECT id FROM customers_customer WHERE id = ANY(%s::bigint[]) ORDER BY id FOR NO KEY UPDATE",
        [sorted(set(ids))],
    )


def _newest_attributes(mentions: Sequence[Mention]) -> dict[Address, _Attributes]:
    found: dict[Address, _Attributes] = {}
    for mention in mentions:
        key = email_key(mention.person.email) if mention.person.email else None
        if key is None:
            continue
        place = (mention.store_id, key)
        if place not in found:
            found[place] = _Attributes(email="")
        # However often it was typed, one spelling is shown: the last in the alphabet, which is in lower case.
        found[place].email = max(found[place].email, (mention.person.email or "").strip())
        found[place].take(mention.person, mention.stamp)
    return found


def _lock_known(mentions: Sequence[Mention]) -> None:
    """Existing rows first and by id, as the sender locks them: two lock orders would deadlock."""
    stores, keys = [], []
    for mention in mentions:
        key = email_key(mention.person.email) if mention.person.email else None
        if key:
            stores.append(mention.store_id)
            keys.append(key)
    if keys:
        db.run(_LOCK, [stores, keys])


_LOCK = """
SELECT c.id FROM customers_customer c
JOIN unnest(%s::bigint[], %s::text[]) AS t(store_id, email_key) USING (store_id, email_key)
ORDER BY c.id FOR NO KEY UPDATE OF c
"""

_ADDRESSES = """
INSERT INTO customers_customer AS c (store_id, email, email_key, address_hash, first_name, last_name, locale,
    country, name_stamp, locale_stamp, country_stamp, orders_count)
SELECT *, 0 FROM unnest(%s::bigint[], %s::text[], %s::text[], %s::bytea[], %s::text[], %s::text[], %s::text[],
    %s::text[], %s::text[], %s::text[], %s::text[])
ON CONFLICT (store_id, email_key) DO UPDATE SET
    first_name = CASE WHEN excluded.name_stamp > c.name_stamp COLLATE "C"
                      THEN excluded.first_name ELSE c.first_name END,
    last_name = CASE WHEN excluded.name_stamp > c.name_stamp COLLATE "C"
                     THEN excluded.last_name ELSE c.last_name END,
    name_stamp = greatest(excluded.name_stamp COLLATE "C", c.name_stamp),
    locale = CASE WHEN excluded.locale_stamp > c.locale_stamp COLLATE "C"
                  THEN excluded.locale ELSE c.locale END,
    locale_stamp = greatest(excluded.locale_stamp COLLATE "C", c.locale_stamp),
    country = CASE WHEN excluded.country_stamp > c.country_stamp COLLATE "C"
                   THEN excluded.country ELSE c.country END,
    country_stamp = greatest(excluded.country_stamp COLLATE "C", c.country_stamp),
    email = greatest(excluded.email COLLATE "C", c.email)
WHERE excluded.email > c.email COLLATE "C" OR excluded.name_stamp > c.name_stamp COLLATE "C"
   OR excluded.locale_stamp > c.locale_stamp COLLATE "C" OR excluded.country_stamp > c.country_stamp COLLATE "C"
RETURNING c.store_id, c.email_key, c.xmax = 0
"""

_IDS = """
SELECT c.store_id, c.email_key, c.id FROM customers_customer c
JOIN unnest(%s::bigint[], %s::text[]) AS t(store_id, email_key) USING (store_id, email_key)
"""


def _since(mentions: Sequence[Mention], fresh: set[Address]) -> dict[Address, datetime | None]:
    """The first word of each of these addresses."""
    found: dict[Address, datetime | None] = dict.fromkeys(fresh)
    for mention in mentions:
        key = email_key(mention.person.email) if mention.person.email else None
        place = (mention.store_id, key or "")
        if place in found and mention.at is not None:
            found[place] = min(mention.at, found[place] or mention.at)
    return found


def _write_addresses(found: dict[Address, _Attributes]) -> tuple[dict[Address, int], set[Address]]:
    """The rows of these addresses, and which of them are new."""
    if not found:
        return {}, set()
    places = sorted(found)
    rows = [found[place] for place in places]
    stores, keys = [place[0] for place in places], [place[1] for place in places]
    written = db.rows(
        _ADDRESSES,
        [
            stores,
            [row.email[:320] for row in rows],
            keys,
            [hash_of(*place) for place in places],
            [row.name[1] for row in rows],
            [row.name[2] for row in rows],
            [row.locale[1] for row in rows],
            [row.country[1] for row in rows],
            [row.name[0] for row in rows],
            [row.locale[0] for row in rows],
            [row.country[0] for row in rows],
        ],
    )
    known = {(row[0], row[1]): row[2] for row in db.rows(_IDS, [stores, keys])}
    return known, {(store, key) for store, key, is_new in written if is_new}


Word = tuple[int, str, int | None]
"""(rank, stamp, customer): what one mention says of an account; the greatest is believed."""


def _words(mentions: Sequence[Mention], people: People) -> dict[Account, Word]:
    """The best word of each account named in this batch; (0, '', None) when none had an address."""
    best: dict[Account, Word] = {}
    for mention in mentions:
        account = mention.person.account
        if not account:
            continue
        key = email_key(mention.person.email) if mention.person.email else None
        who = people.by_address[(mention.store_id, key)] if key else None
        word: Word = (mention.rank, mention.stamp, who) if who else (0, "", None)
        place = (mention.store_id, account)
        if place not in best or word[:2] > best[place][:2]:
            best[place] = word
    return best


_KEYS = """
SELECT k.store_id, k.value, k.customer_id, k.rank, k.stamp, c.email_key IS NULL
FROM customers_customerkey k
JOIN unnest(%s::bigint[], %s::text[]) AS t(store_id, value) USING (store_id, value)
JOIN customers_customer c ON c.id = k.customer_id
WHERE k.kind = 'account' FOR UPDATE OF k
"""


def _point_accounts(mentions: Sequence[Mention], people: People) -> None:
    words = _words(mentions, people)
    if not words:
        return
    places = sorted(words)
    known = {(row[0], row[1]): row[2:] for row in db.rows(_KEYS, [[p[0] for p in places], [p[1] for p in places]])}
    _add_accounts({place: words[place] for place in places if place not in known}, people)
    for place, (customer, rank, seen, nameless) in known.items():
        word = words[place]
        people.by_account[place] = customer
        if word[2] is None or word[:2] <= (rank, seen):
            continue
        _repoint(place, word, customer, nameless, people)


def _repoint(place: Account, word: Word, old: int, nameless: bool, people: People) -> None:
    """The account stands for another person now; a nameless row goes up into the one with an address."""
    new = word[2]
    assert new is not None
    db.run(
        "UPDATE customers_customerkey SET customer_id = %s, rank = %s, stamp = %s"
        " WHERE store_id = %s AND kind = 'account' AND value = %s",
        [new, word[0], word[1], place[0], place[1]],
    )
    people.by_account[place] = new
    if new == old:
        return
    people.moved |= {old, new}
    move_account(place, new)
    if nameless:
        people.moved.discard(old)
        merge(place[0], kept=new, gone=old)


def move_account(place: Account, new: int) -> None:
    """What hangs on the account itself follows it; each floor above has said how."""
    for mover in account_moves():
        mover(place[0], place[1], new)


def merge(store_id: int, *, kept: int, gone: int) -> None:
    """Two rows are one person: everything moves, the old id stays known."""
    move_everything(store_id, kept=kept, gone=gone)
    db.run("UPDATE customers_customerkey SET customer_id = %s WHERE customer_id = %s", [kept, gone])
    db.run("UPDATE customers_customeralias SET customer_id = %s WHERE customer_id = %s", [kept, gone])
    db.run(
        "INSERT INTO customers_customeralias (store_id, old_id, customer_id) VALUES (%s, %s, %s)"
        " ON CONFLICT (old_id) DO UPDATE SET customer_id = excluded.customer_id",
        [store_id, gone, kept],
    )
    db.run("DELETE FROM customers_customertotal WHERE customer_id = %s", [gone])
    db.run("DELETE FROM customers_customer WHERE id = %s", [gone])


def _add_accounts(words: dict[Account, Word], people: People) -> None:
    if not words:
        return
    places = sorted(words)
    nameless = [place for place in places if words[place][2] is None]
    made = iter(_nameless_rows([place[0] for place in nameless]))
    for place in places:
        who = words[place][2]
        people.by_account[place] = who if who is not None else next(made)
    db.run(
        "INSERT INTO customers_customerkey (store_id, kind, value, customer_id, rank, stamp)"
        " SELECT store_id, 'account', value, customer_id, rank, stamp FROM unnest(%s::bigint[], %s::text[],"
        " %s::bigint[], %s::smallint[], %s::text[]) AS t(store_id, value, customer_id, rank, stamp)",
        [
            [place[0] for place in places],
            [place[1] for place in places],
            [people.by_account[place] for place in places],
            [words[place][0] for place in places],
            [words[place][1] for place in places],
        ],
    )


def _nameless_rows(stores: list[int]) -> list[int]:
    """Rows for accounts whose address nobody has said yet."""
    if not stores:
        return []
    made = db.rows(
        "INSERT INTO customers_customer (store_id, first_name, last_name, locale, country, name_stamp,"
        " locale_stamp, country_stamp, orders_count) SELECT s, '', '', '', '', '', '', '', 0"
        " FROM unnest(%s::bigint[]) AS s RETURNING id, store_id",
        [stores],
    )
    by_store: dict[int, list[int]] = {}
    for row in made:
        by_store.setdefault(row[1], []).append(row[0])
    return [by_store[store].pop() for store in stores]
