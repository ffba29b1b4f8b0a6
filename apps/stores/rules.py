"""The rules of a shop, typed: what the sending, the flows and the links ask of it.

`store.rules` holds the owner's own words (setting name → text as it was typed, in its shortest form); what is
not in it has its default. Reading it is a look in a cache, so every queue may ask for it per row.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from functools import lru_cache
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

from apps.core.durations import parse_duration, parse_duration_or_off
from apps.core.windows import Windows, parse_windows
from apps.stores.caps import Cap, parse_caps

if TYPE_CHECKING:
    from apps.stores.models import Store

DEFAULTS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "quiet": "21:00-08:00",
        "sunday": "off",
        "window": "off",
        "caps": "1/16h,3/7d",
        "run_every": "flow",
        "merge_within": "5d",
        "max_age": "24h",
        "link_life": "30d",
        "feed_max_age": "15m",
        "attribution": "5d",
        "offer_every": "90d",
        "accepts_marketing": "ignored",
        "capture": "consent",
        "confirm_sign_up": "law",
        "valid.cart": "24h",
        "valid.unpaid": "12h",
        "valid.thanks": "5d",
        "valid.review": "14d",
        "valid.winback": "21d",
        "valid.replenish": "14d",
        "valid.survey": "14d",
        "valid.welcome": "5d",
        "valid.birthday": "1d",
        "valid.vip": "14d",
        "valid.tips": "7d",
        "valid.crosssell": "14d",
        "valid.second": "14d",
        "valid.at_risk": "14d",
        "valid.sunset": "7d",
        "valid.care": "7d",
        "valid.offer": "1d",
        "valid.campaign": "3d",
        "valid.delay": "3d",
        "valid.status": "3d",
        "valid.other": "3d",
    }
)
"""Every rule and what a new shop has (product.md section 5)."""

VALID: Final = "valid."
CONSENT_META: Final = "consent_meta"
FLOW_DECIDES: Final = "flow"
ATTESTED: Final = "attested"
ALWAYS: Final = "always"
# A checkout left behind is a basket for the owner: one rule for both.
_SAME_PURPOSE: Final = {"checkout": "cart", "abandoned-checkout": "cart", "abandoned-cart": "cart"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """What this shop's owner decided about sending; None means the rule is off."""

    windows: Windows
    """Quiet hours, Sundays and the day window, in the shop's local time."""
    caps: tuple[Cap, ...]
    """At most so many marketing mails per person in so much time."""
    run_every: timedelta | None
    """Between two runs of one flow for one person; None: the flow's own rule; zero: at once again."""
    merge_within: timedelta | None
    """A basket this soon after an unfinished run continues it."""
    max_age: timedelta | None
    """A basket silent for longer than this when we first see it starts nothing."""
    link_life: timedelta
    """How long a restore link works."""
    feed_max_age: timedelta | None
    """Older news of orders than this holds the mail (decision 13)."""
    attribution: timedelta
    """How long after a human click an order counts as recovered."""
    offer_every: timedelta | None
    """One person gets at most one offer in so much time, whichever it is; None: as many as the flows give."""
    accepts_marketing: bool
    """The owner attests that the platform's own box is not ticked beforehand (decision 15)."""
    capture: str
    """Whose baskets the shop's companion tells with an address: consent, notice or accounts (woocommerce.md 5.5)."""
    confirm_sign_up: bool
    """Whoever signs up on our page confirms by mail, also where the law does not ask for it."""
    valid: Mapping[str, timedelta] = field(hash=False)
    """Purpose → how long a due mail stays of use, in open time."""
    consent_meta: Mapping[str, str] = field(hash=False)
    """Order meta key → the name of the source, for other plugins' boxes."""

    @classmethod
    def of(cls, store: Store) -> Rules:
        """The rules of this shop."""
        return cls.read(store.rules)

    @classmethod
    def read(cls, rules: Mapping[str, Any]) -> Rules:
        """The rules as they are stored. Raises ValueError for what was never accepted."""
        words = tuple(sorted((name, text) for name, text in rules.items() if isinstance(text, str)))
        return _read(words, tuple(sorted(dict(rules.get(CONSENT_META) or {}).items())))

    def valid_for(self, purpose: str) -> timedelta:
        """How long a mail of this purpose stays of use once it is due."""
        return self.valid.get(_SAME_PURPOSE.get(purpose, purpose), self.valid["other"])


@lru_cache(maxsize=1024)
def _read(words: tuple[tuple[str, str], ...], consent_meta: tuple[tuple[str, str], ...]) -> Rules:
    given = dict(words)
    text = {name: given.get(name, default) for name, default in DEFAULTS.items()}
    return Rules(
        windows=parse_windows({name: text[name] for name in ("quiet", "sunday", "window")}),
        caps=parse_caps(text["caps"]),
        run_every=parse_run_every(text["run_every"]),
        merge_within=_length_or_off(text["merge_within"]),
        max_age=_length_or_off(text["max_age"]),
        link_life=parse_duration(text["link_life"]).delta,
        feed_max_age=_length_or_off(text["feed_max_age"]),
        attribution=parse_duration(text["attribution"]).delta,
        offer_every=_length_or_off(text["offer_every"]),
        accepts_marketing=text["accepts_marketing"] == ATTESTED,
        capture=text["capture"],
        confirm_sign_up=text["confirm_sign_up"] == ALWAYS,
        valid=MappingProxyType(
            {
                name.removeprefix(VALID): parse_duration(value).delta
                for name, value in text.items()
                if name.startswith(VALID)
            }
        ),
        consent_meta=MappingProxyType(dict(consent_meta)),
    )


def parse_run_every(text: str) -> timedelta | None:
    """`flow` leaves it to the flow, `off` waits no time at all."""
    if text == FLOW_DECIDES:
        return None
    duration = parse_duration_or_off(text)
    return duration.delta if duration else timedelta()


def _length_or_off(text: str) -> timedelta | None:
    duration = parse_duration_or_off(text)
    return duration.delta if duration else None
