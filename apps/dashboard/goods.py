"""What the pages of products and offers show beside their forms."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from apps.catalog.models import COUNTS_FROM, Pairing, Product
from apps.customers.models import Customer
from apps.dashboard.goods_form import plain
from apps.dashboard.timeline import amount
from apps.offers import numbers
from apps.offers.models import Code, Offer
from apps.orders.reviews import Rating, ratings
from apps.stores.platforms.base import platforms
from apps.stores.shopfacts import host_of
from apps.stores.troubles import explain

SHOWN_CODES = 50


@dataclass(frozen=True, slots=True)
class Pair:
    """A product that goes with this one, and how sure that is."""

    product: Product | None
    name: str
    kind: str
    support: int
    percent: str
    lift: str


def product_facts(product: Product) -> dict[str, Any]:
    """What was measured of it, what goes with it, what buyers think of it."""
    rating = ratings(product.store_id, [product.external_id]).get(product.external_id)
    return {
        "price": amount(product.price, product.currency),
        "gap": gap_of(product),
        "rating": _stars(rating),
        "pairs": pairs_of(product),
        "variants": Product.objects.of(product.store_id)
        .filter(parent=product.external_id)
        .order_by("title", "pk")[:50],
        "whole": Product.objects.of(product.store_id).filter(external_id=product.parent).first()
        if product.parent
        else None,
    }


def gap_of(product: Product) -> str:
    """How soon it is bought again, with how often that was seen."""
    if product.gap_days is None or not product.gap_count:
        return _("not measured: nobody bought it twice yet")
    days, n = f"{product.gap_days.normalize():f}", product.gap_count
    if product.gap_count < COUNTS_FROM:
        return _("%(days)s days, but from %(n)s repeats only; it counts from %(least)s") % {
            "days": days, "n": n, "least": COUNTS_FROM,
        }  # fmt: skip
    return _("%(days)s days, the middle of %(n)s repeats") % {"days": days, "n": n}


def _stars(rating: Rating | None) -> str:
    if rating is None:
        return "–"
    return _("%(stars)s of 5 (%(n)s reviews)") % {"stars": f"{rating.average:.1f}", "n": rating.count}


def pairs_of(product: Product) -> list[Pair]:
    found = list(
        Pairing.objects.of(product.store_id)
        .filter(product=product.external_id)
        .order_by("kind", "-confidence", "other")
    )
    names = {
        row.external_id: row
        for row in Product.objects.of(product.store_id).filter(external_id__in=[pair.other for pair in found])
    }
    return [
        Pair(
            product=names.get(pair.other),
            name=str(names.get(pair.other) or pair.other),
            kind=pair.get_kind_display(),
            support=pair.support,
            percent=f"{pair.confidence * 100:.0f}",
            lift=f"{pair.lift:.1f}",
        )
        for pair in found
    ]


@dataclass(frozen=True, slots=True)
class CodeRow:
    """One code on its offer's page."""

    row: Code
    discount: str
    trouble: str


def offer_facts(offer: Offer, at: datetime) -> dict[str, Any]:
    """Its numbers, its newest codes, and who is kept from it."""
    account = numbers.account(offer.pk, at)
    farmers = numbers.farmers(offer.store_id, at)
    newest = Code.objects.of(offer.store_id).filter(offer=offer).select_related("customer", "offer__store")
    return {
        "account": account,
        "share": "–" if account.share is None else f"{account.share:.1f} %",
        "discounts": " + ".join(amount(total, currency) for currency, total in account.discounts) or "–",
        "spent": amount(account.spent, offer.currency),
        "budget": amount(offer.monthly_budget, offer.currency),
        "codes": [_code(code) for code in newest.order_by("-given_at", "-pk")[:SHOWN_CODES]],
        "farmers": Customer.objects.of(offer.store_id).filter(pk__in=farmers).order_by("email")[:20],
        "farmers_count": len(farmers),
    }


def _code(code: Code) -> CodeRow:
    trouble = ""
    if code.trouble:
        try:
            sentence, mend = explain(code.trouble, _of_trouble(code))
            trouble = f"{sentence} {mend}"
        except ValueError:
            trouble = code.trouble
    return CodeRow(row=code, discount=amount(code.discount or None, code.discount_currency), trouble=trouble)


def _of_trouble(code: Code) -> dict[str, str]:
    """What its sentence may speak of; the shop's one word about the code is all that is kept."""
    store = code.offer.store
    said = code.detail or "?"
    platform = platforms.get(store.platform).label
    return {"detail": said, "field": said, "what": said, "host": host_of(store.url), "platform": platform}


def worth_of(offer: Offer) -> str:
    """What is given, in a word or two."""
    match offer.kind:
        case Offer.Kind.PERCENT:
            return f"{plain(offer.value)} %"
        case Offer.Kind.AMOUNT | Offer.Kind.CREDIT:
            return f"{offer.get_kind_display()}: {amount(offer.value, offer.currency)}"
        case _:
            return str(offer.get_kind_display())
