"""The closed lists of a flow's definition, with the words that stand on screen."""

from __future__ import annotations

from typing import Final

from django.utils.translation import gettext_lazy as _

PRIORITIES: Final[dict[str, int]] = {
    "checkout": 10,
    "cart": 20,
    "after_purchase": 40,
    "win_back": 60,
    "browse": 80,
}
"""Who goes first when a person may get one mail only; the lowest number wins."""

PURPOSES: Final = {
    "cart": _("basket left behind"),
    "unpaid": _("unpaid order"),
    "thanks": _("thank-you"),
    "review": _("review request"),
    "replenish": _("time to restock"),
    "survey": _("question"),
    "winback": _("win-back"),
    "welcome": _("welcome"),
    "birthday": _("birthday"),
    "vip": _("regular customer"),
    "tips": _("use tips"),
    "crosssell": _("matching products"),
    "second": _("second purchase"),
    "at_risk": _("at risk"),
    "sunset": _("farewell"),
    "care": _("after a complaint"),
    "offer": _("offer about to end"),
    "campaign": _("one-off mail"),
    "delay": _("late order"),
    "status": _("news of an order"),
    "other": _("other"),
}
"""What a mail is for: the shop's rules say per purpose how long it stays of use."""

SERVICE: Final = frozenset({"delay", "status"})
"""Purposes of service mail: what somebody must know of their order. Not capped, no offers, any hour."""

PRIORITY_WORDS: Final = {
    "checkout": _("checkout left behind"),
    "cart": _("basket left behind"),
    "after_purchase": _("after a purchase"),
    "win_back": _("win-back"),
    "browse": _("looked around"),
}
