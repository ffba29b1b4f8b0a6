"""Giving an offer to people, or saying why not. The codes themselves are made afterwards (`issuing`)."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, Final
from zoneinfo import ZoneInfo

import msgspec
from django.db import transaction

from apps.core import db
from apps.core.reasons import Reason
from apps.customers.identity import lock
from apps.offers import limits
from apps.offers.limits import Spent, Standing
from apps.offers.models import Offer
from apps.offers.spelling import end_of_day, new_code
from apps.stores.models import Connection, Store
from apps.stores.platforms.base import platforms
from apps.stores.rules import Rules

CENT: Final = Decimal("0.01")


class Granted(msgspec.Struct, frozen=True, kw_only=True):
    """A code is on its way to this person; asked again under the same reference, the same one."""

    customer_id: int
    ref: str
    code_id: int


class Declined(msgspec.Struct, frozen=True, kw_only=True):
    """Nothing is given, and why; `facts` fill the reason's sentence."""

    customer_id: int
    ref: str
    reason: Reason
    facts: dict[str, Any] = {}


Answer = Granted | Declined
Wish = tuple[int, str]
"""(customer, reference): the reference is unique per store, e.g. `run:812/step:3`."""


def grant(offer: Offer, wishes: Sequence[Wish], at: datetime) -> list[Answer]:
    """One answer per wish, in their order. People are locked in key order, then the offer's budget."""
    with transaction.atomic():
        lock(customer for customer, _ in wishes)
        db.run("SELECT id FROM offers_offer WHERE id = %s FOR NO KEY UPDATE", [offer.pk])
        offer = Offer.objects.select_related("store").get(pk=offer.pk)
        known = _known(offer.store_id, [ref for _, ref in wishes])
        fresh = list({ref: (customer, ref) for customer, ref in wishes if ref not in known}.values())
        decided = _Giving(offer, at).decide(fresh) if fresh else {}
        made = _insert(offer, [wish for wish in fresh if wish[1] not in decided], at)
    return [
        decided.get(ref) or Granted(customer_id=customer, ref=ref, code_id=(known | made)[ref])
        for customer, ref in wishes
    ]


def _known(store_id: int, refs: Sequence[str]) -> dict[str, int]:
    found = db.rows(
        "SELECT ref, id FROM offers_code WHERE store_id = %s AND ref = ANY(%s::text[])", [store_id, sorted(set(refs))]
    )
    return {row[0]: row[1] for row in found}


class _Giving:
    """One offer being given: what is left of its month while the wishes go by."""

    def __init__(self, offer: Offer, at: datetime) -> None:
        self.offer, self.at = offer, at
        self.rules = Rules.of(offer.store)
        self.each = expected(offer, at)
        self.spent: Spent = limits.spent(offer.pk, at)
        self.given: set[int] = set()

    def decide(self, wishes: Sequence[Wish]) -> dict[str, Declined]:
        """Those that get nothing, by reference."""
        off = self._off()
        people = [customer for customer, _ in wishes]
        every = self.rules.offer_every
        standing = {} if off else limits.standings(self.offer.store_id, people, every=every, at=self.at)
        declined = {}
        for customer, ref in wishes:
            reason = off or self._against(customer, standing.get(customer))
            if reason is None:
                self.given.add(customer)
                continue
            facts = self._facts(standing.get(customer))
            declined[ref] = Declined(customer_id=customer, ref=ref, reason=reason, facts=facts)
        return declined

    def _off(self) -> Reason | None:
        """What keeps it from everybody."""
        store = self.offer.store
        if not self.offer.active:
            return Reason.OFFER_OFF
        if store.status == Store.Status.UNINSTALLED:
            return Reason.STORE_UNINSTALLED
        if store.status != Store.Status.ACTIVE:
            return Reason.STORE_OFF
        if not can_issue(store):
            return Reason.OFFER_NOT_POSSIBLE
        return None if self.offer.currency == store.currency else Reason.OFFER_CURRENCY

    def _against(self, customer: int, standing: Standing | None) -> Reason | None:
        if standing is None or standing.erased:
            return Reason.NO_ADDRESS
        if self.rules.offer_every and (standing.given_at is not None or customer in self.given):
            return Reason.OFFER_GIVEN_RECENTLY
        if self.offer.first_order_only and standing.ordered:
            return Reason.OFFER_NOT_FIRST_ORDER
        if standing.farms:
            return Reason.OFFER_FARMING
        return self._used_up()

    def _used_up(self) -> Reason | None:
        """Whether one more still fits in the number and in the month."""
        more = len(self.given) + 1
        if self.offer.max_codes is not None and self.spent.codes + more > self.offer.max_codes:
            return Reason.OFFER_CODES_USED
        budget = self.offer.monthly_budget
        if budget is not None and self.spent.amount + more * max(self.each, CENT) > budget:
            return Reason.OFFER_BUDGET_USED
        return None

    def _facts(self, standing: Standing | None) -> dict[str, Any]:
        return {
            "offer": self.offer.name,
            "at": standing.given_at.isoformat() if standing and standing.given_at else None,
            "every": self.rules.offer_every.days if self.rules.offer_every else None,
            "platform": self.offer.store.platform,
            "currency": self.offer.currency,
        }


def can_issue(store: Store) -> bool:
    """Whether this shop makes codes for us: its platform can, and we have its keys."""
    if "codes" not in getattr(platforms.get(store.platform), "can", frozenset()):
        return False
    return Connection.objects.of(store).exclude(credentials_sealed="").exists()


def expected(offer: Offer, at: datetime) -> Decimal:
    """What one code will cost, as far as one can tell, in the offer's currency.

    An amount is known. A percentage is taken of the shop's average order, or of the minimum where that is higher;
    shipping costs what the shop says it costs; a gift its price in the catalogue.
    """
    match offer.kind:
        case Offer.Kind.PERCENT:
            usual = limits.usual_order(offer.store_id, offer.currency, at)
            return (max(usual, offer.minimum or Decimal(0)) * offer.value / 100).quantize(CENT)
        case Offer.Kind.FREE_SHIPPING:
            return Decimal(str(offer.store.profile.get("shipping_cost") or 0))
        case Offer.Kind.GIFT:
            return _price(offer)
        case _:
            return offer.value


def _price(offer: Offer) -> Decimal:
    found = db.rows(
        "SELECT max(price) FROM catalog_product WHERE store_id = %s AND external_id = ANY(%s::text[])"
        " AND currency = %s",
        [offer.store_id, [str(product) for product in offer.products], offer.currency],
    )
    return found[0][0] or Decimal(0)


_INSERT = """
INSERT INTO offers_code (store_id, offer_id, customer_id, ref, code, status, due_at, given_at, ends_at, expected, batch,
    parent, external_id, handle, attempts, trouble, detail, discount, discount_currency)
SELECT %(store)s, %(offer)s, customer_id, ref, code, 'wanted', %(at)s, %(at)s, %(ends)s, %(expected)s, %(batch)s,
    '', '', '', 0, '', '', 0, ''
FROM unnest(%(customers)s::bigint[], %(refs)s::text[], %(codes)s::text[]) AS t(customer_id, ref, code)
RETURNING ref, id
"""


def _insert(offer: Offer, wishes: Sequence[Wish], at: datetime) -> dict[str, int]:
    if not wishes:
        return {}
    ends = end_of_day(at, offer.lasts, ZoneInfo(offer.store.time_zone))
    found = db.rows(
        _INSERT,
        {
            "store": offer.store_id,
            "offer": offer.pk,
            "at": at,
            "ends": ends,
            "expected": expected(offer, at),
            "batch": batch_of(offer, ends),
            "customers": [customer for customer, _ in wishes],
            "refs": [ref for _, ref in wishes],
            "codes": [new_code(offer.prefix) for _ in wishes],
        },
    )
    return {row[0]: row[1] for row in found}


def batch_of(offer: Offer, ends: datetime) -> str:
    """Codes of one name share everything the shop enforces: an offer that was changed begins another."""
    terms = (offer.kind, offer.value, offer.currency, offer.minimum, sorted(offer.products))
    mark = hashlib.sha256(repr(terms).encode()).hexdigest()[:12]
    return f"offer:{offer.pk}/{mark}/{ends:%Y%m%dT%H%M%S}"
