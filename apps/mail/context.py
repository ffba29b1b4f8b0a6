"""What a mail may speak of: a closed set of values, turned into plain dicts for Liquid.

Nothing else reaches a template: no model, no method, no setting. Every value is either text that is
ready to be shown (amounts and dates in the reader's language) or empty, and "empty" is what makes a
block vanish. docs/mails.md lists every name.
"""

from __future__ import annotations

from datetime import date
from typing import Any

import msgspec
from babel import Locale

from apps.mail import money
from apps.mail.baskets import Basket, BasketLine, basket_data, line_data
from apps.mail.links import web_address
from apps.mail.names import clean, spoken
from apps.mail.offered import Offer, offer_data
from apps.mail.profile import FONTS, Profile, shop_data
from apps.mail.purchases import Purchase, purchase_data
from apps.mail.sayings import Answer, Plain, Survey, plain_values, survey_data
from apps.mail.sizes import LINES_SHOWN
from apps.mail.wares import Ware, ware_data, wares_data, with_pictures

__all__ = [
    "FONTS", "Answer", "Basket", "BasketLine", "Links", "MailContext", "Offer", "Profile", "Purchase", "Survey",
    "Ware", "shop_data",
]  # fmt: skip


class Links(msgspec.Struct, frozen=True, kw_only=True):
    """Where the mail can lead. `unsubscribe` and `preferences` are never counted as a click."""

    restore: str = ""
    unsubscribe: str = ""
    shop: str = ""
    pay: str = ""
    """Where the order can still be paid."""
    review: str = ""
    """The public page for reviews, which everybody keeps."""
    preferences: str = ""
    account: str = ""
    confirm: str = ""
    """The page on which a sign-up is confirmed (double opt-in)."""


class MailContext(msgspec.Struct, frozen=True, kw_only=True):
    """All one mail to one person may say."""

    locale: str
    shop: Profile
    basket: Basket
    links: Links
    first_name: str = ""
    reason: str = ""
    kind: str = "marketing"
    expires_on: date | None = None
    offer: Offer | None = None
    order: Purchase | None = None
    lines: tuple[BasketLine, ...] = ()
    """What this person bought and may review, each with its own `review_url`."""
    product: Ware | None = None
    """The one product this mail is about."""
    products: tuple[Ware, ...] = ()
    """What goes with it, or with what was bought."""
    news: tuple[Ware, ...] = ()
    """What came into the shop since this person's last order."""
    favourites: tuple[Ware, ...] = ()
    """What this person bought most."""
    bestsellers: tuple[Ware, ...] = ()
    survey: Survey | None = None
    event: dict[str, Plain] = {}
    """What another app told."""
    tags: tuple[str, ...] = ()
    properties: dict[str, Plain] = {}
    segments: tuple[str, ...] = ()
    """Short names of the segments this person is in."""
    years: int | None = None
    """Of an anniversary."""

    def data(self, *, lines: int = LINES_SHOWN) -> dict[str, Any]:
        """Plain dicts for Liquid; `lines` is lowered when a mail would grow too large."""
        reader = money.reader(self.locale, self.shop.country)
        return {
            "shop": shop_data(self.shop, self.locale),
            "person": self._person(),
            "basket": basket_data(self.basket, self.shop, reader, lines),
            "links": self._links(),
            "offer": offer_data(self._offered(), self.locale, reader) if self.offer else None,
            "order": purchase_data(self.order, self.locale, reader, lines=lines) if self.order else None,
            "lines": self._reviewable(reader, lines) if self.lines else [],
            "product": ware_data(self.product, self.locale, reader) if self.product else None,
            "products": wares_data(self.products, self.locale, reader) if self.products else [],
            "news": wares_data(self.news, self.locale, reader) if self.news else [],
            "favourites": wares_data(self.favourites, self.locale, reader) if self.favourites else [],
            "bestsellers": wares_data(self.bestsellers, self.locale, reader) if self.bestsellers else [],
            "survey": survey_data(self.survey) if self.survey else None,
            "event": plain_values(self.event) if self.event else {},
            "mail": self._mail(reader),
        }

    def _person(self) -> dict[str, Any]:
        return {
            "first_name": spoken(self.first_name, 40) or None,
            "tags": [spoken(tag, 60) for tag in self.tags[:40]] if self.tags else [],
            "properties": plain_values(self.properties) if self.properties else {},
            "is": dict.fromkeys(self.segments, True) if self.segments else {},
            "years": str(self.years) if self.years else None,
        }

    def _links(self) -> dict[str, Any]:
        links = self.links
        return {
            "restore": web_address(links.restore) or None,
            "unsubscribe": web_address(links.unsubscribe) or None,
            "shop": web_address(links.shop or self.shop.url) or None,
            "pay": web_address(links.pay) or None if links.pay else None,
            "review": web_address(links.review) or None if links.review else None,
            "preferences": web_address(links.preferences) or None if links.preferences else None,
            "account": web_address(links.account) or None if links.account else None,
            "confirm": web_address(links.confirm) or None if links.confirm else None,
        }

    def _mail(self, reader: Locale) -> dict[str, Any]:
        return {
            "reason": clean(self.reason, 300) or None,
            "expires_on": money.day(self.expires_on, reader) if self.expires_on else None,
            "kind": self.kind,
            "subject": "",
            "preheader": "",
        }

    def _reviewable(self, reader: Locale, lines: int) -> list[dict[str, Any]]:
        """Only lines that lead somewhere: a button without an address is none."""
        shown = [line_data(line, lambda _: "", reader) for line in self.lines]
        return with_pictures([line for line in shown if line["review_url"]][:lines])

    def _offered(self) -> Offer:
        """The offer; without a link of its own where the basket's button leads to the same place."""
        assert self.offer is not None
        same = bool(self.basket.lines) and self.offer.link == self.links.restore
        return msgspec.structs.replace(self.offer, link="") if same else self.offer
