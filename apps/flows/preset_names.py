"""What the shipped flows are called on screen: a shop's copy is named in the shop's own language."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from django.utils.translation import gettext_lazy as _
from django.utils.translation import override

if TYPE_CHECKING:
    from django_stubs_ext import StrPromise

NAMES: Final[Mapping[str, StrPromise]] = {
    "abandoned-cart": _("Abandoned cart"),
    "abandoned-checkout": _("Abandoned checkout"),
    "account-benefits": _("Account benefits"),
    "after-complaint": _("A week after a complaint"),
    "at-risk": _("At risk"),
    "birthday": _("Birthday"),
    "came-back": _("Came back and never ordered"),
    "founder-question": _("The founder asks"),
    "matching-products": _("Matching products"),
    "not-used-tips": _("Tips for what was not used yet"),
    "offer-reminder": _("Offer about to end"),
    "order-delayed": _("Order delayed"),
    "order-status": _("Order on its way"),
    "replenishment": _("Replenishment"),
    "return-status": _("Return noted"),
    "review-request": _("Review request"),
    "season-newcomers": _("Season newcomers"),
    "second-purchase": _("Second purchase"),
    "silent-three-months": _("Silent for three months"),
    "store-credit": _("Store credit"),
    "sunset": _("Farewell"),
    "survey-contact": _("Survey: after contact"),
    "survey-effort": _("Survey: effort"),
    "survey-nps": _("Survey: recommending"),
    "survey-satisfaction": _("Survey: satisfaction"),
    "thank-you-at-once": _("Thank-you, at once"),
    "thank-you-first-order": _("Thank-you, first order"),
    "unpaid-order": _("Unpaid order"),
    "use-tips": _("Use tips"),
    "vip": _("Regular customer"),
    "welcome": _("Welcome"),
    "win-back": _("Win-back"),
}


def name_of(preset: str, name: str, language: str = "") -> str:
    """A shipped flow's name in a language, or in that of whoever reads now; `name`, its file's own, without one."""
    if preset not in NAMES:
        return name
    if not language:
        return str(NAMES[preset])
    with override(language):
        return str(NAMES[preset])
