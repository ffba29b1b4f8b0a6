"""What a mail gives, in the reader's words."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import msgspec
from babel import Locale

from apps.mail import money
from apps.mail.blanks import without_blanks
from apps.mail.links import web_address
from apps.mail.names import clean


class Offer(msgspec.Struct, frozen=True, kw_only=True):
    """What this mail gives: a code that the shop knows, until the end of a day. `value` in percent or `currency`.

    Without a code it is credit that stands on the person's account in the shop.
    """

    code: str
    kind: str
    ends_on: date
    currency: str
    value: Decimal = Decimal(0)
    minimum: Decimal | None = None
    link: str = ""


GIVEN = {
    "free_shipping": {"nl": "gratis verzending", "en": "free shipping"},
    "gift": {"nl": "een cadeau", "en": "a gift"},
}


def offer_data(offer: Offer, locale: str, reader: Locale) -> dict[str, Any]:
    """The offer in the reader's words: `10 %`, `€ 10`, `gratis verzending`; and whatever the shop will ask of it."""
    return without_blanks(
        {
            "code": clean(offer.code, 60),
            "value": _worth(offer, locale, reader),
            "ends_on": money.day(offer.ends_on, reader),
            "minimum": money.whole(offer.minimum, offer.currency, reader) if offer.minimum else "",
            "link": web_address(offer.link),
        }
    )


def _worth(offer: Offer, locale: str, reader: Locale) -> str:
    if offer.kind == "percent":
        return f"{money.quantity(offer.value, reader)}\xa0%"
    if offer.kind in GIVEN:
        words = GIVEN[offer.kind]
        return words.get(locale[:2], words["en"])
    return money.whole(offer.value, offer.currency, reader)
