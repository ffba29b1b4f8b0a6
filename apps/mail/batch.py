"""Everything a batch of mails is written from, and the context of each."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
from django.conf import settings

from apps.feedback.reviewing import public_url
from apps.mail import facts, links_out, tokens
from apps.mail.catalogue import few
from apps.mail.context import Basket, BasketLine, Links, MailContext, Offer
from apps.mail.facts import Shop, Subject
from apps.mail.gathering import Gathered, asked_for
from apps.mail.needs import missing, reason_of
from apps.mail.rendering import Rendered, RenderFailed, render
from apps.mail.showing import NothingToShow, Shown, shown, thing_of
from apps.mail.whys import why
from apps.offers.issuing import SPARE, is_money
from apps.stores.platforms import base
from apps.stores.platforms.base import platforms
from apps.stores.snapshots import Line


class Batch:
    """Everything a batch of mails is written from, loaded once.

    `wants`: what a text that is not published yet may speak of; else what the published one does.
    """

    def __init__(self, subjects: list[Subject], wants: frozenset[str] | None = None) -> None:
        self.subjects = subjects
        self.wants = wants
        self.gathered: Gathered | None = None
        self.shops = facts.shops((subject.store_id for subject in subjects), settings.ENV.public_url)
        self.keys = facts.cart_keys(subject.cart_id for subject in subjects if subject.cart_id)
        self.unpaid = facts.unpaid(subject.cart_id for subject in subjects if subject.cart_id)
        self.live = facts.live_versions((subject.store_id, subject.slug) for subject in subjects)
        self.things = facts.things(
            (subject.store_id for subject in subjects),
            (name for subject in subjects for line in subject.lines for name in (line.variant, line.product) if name),
        )
        self.ring = tuple(settings.ENV.link_keys)

    def write(self, subject: Subject, at: datetime) -> tuple[MailContext, Rendered, int]:
        """What the mail says, its words, and the version of the text they come from.

        Raises NothingToShow when what the mail is about is not there, RenderFailed when the text cannot be filled.
        """
        shop = self.shops[subject.store_id]
        if subject.frozen is None and subject.kind == "marketing":
            self._shown(subject, shop).check()
        version_id = self._version(subject, shop)
        compiled = facts.compiled([version_id])[version_id]
        context = self.context(subject, shop, at)
        if compiled.needs and subject.frozen is None and (lacking := missing(compiled.needs, context.data())):
            raise NothingToShow(reason_of(lacking), [lacking])
        rendered = render(
            compiled,
            context,
            address=tokens.addresses(
                shop.base, shop.id, subject.message_id, ring=self.ring, restore_target=context.links.restore
            ),
        )
        return context, rendered, version_id

    def _version(self, subject: Subject, shop: Shop) -> int:
        """The one it was frozen with; else the person's language, the basket's, the shop's; then whatever there is."""
        if subject.version_id:
            return subject.version_id
        for locale in locales(subject.locale, shop):
            version = self.live.get((shop.id, subject.slug, locale))
            if version is not None:
                return version
        others = sorted(key for key in self.live if key[:2] == (shop.id, subject.slug))
        if not others:
            raise RenderFailed(f"no published template '{subject.slug}'")
        return self.live[others[0]]

    def _gather(self, at: datetime) -> Gathered:
        """What these mails speak of besides their baskets, asked for once."""
        fresh = [one for one in self.subjects if one.frozen is None]
        versions = {one.message_id: version for one in fresh if (version := self._known_version(one)) is not None}
        texts = facts.compiled(versions.values())
        wants = {
            one.message_id: self.wants
            if self.wants is not None
            else asked_for(texts[versions[one.message_id]])
            if one.message_id in versions
            else frozenset()
            for one in fresh
        }
        locales = {one.message_id: self._locale(one, self.shops[one.store_id]) for one in fresh}
        return Gathered(fresh, wants, self.shops, locales, ring=self.ring, at=at)

    def _known_version(self, subject: Subject) -> int | None:
        try:
            return self._version(subject, self.shops[subject.store_id])
        except RenderFailed:
            return None

    def context(self, subject: Subject, shop: Shop, at: datetime) -> MailContext:
        if subject.frozen is not None:
            return msgspec.convert(subject.frozen, MailContext, strict=False)
        self.gathered = self.gathered or self._gather(at)
        told = self.gathered.of(subject)
        expires_at = at + shop.rules.link_life
        locale = self._locale(subject, shop)
        seen = self._shown(subject, shop)
        offer = offer_of(subject, shop, at)
        order = told["order"]
        restore = self._restore(subject, shop, seen, at, offer)
        return MailContext(
            locale=locale,
            shop=shop.profile,
            basket=self._basket(subject, shop, seen),
            links=Links(
                restore=restore,
                unsubscribe=self._unsubscribe(subject, shop),
                shop=shop.profile.url,
                pay=order.pay_url if order else links_out.pay(self._pay_url(subject), shop),
                review=public_url(shop.profile.review_url),
                account=shop.profile.account_url,
                confirm=links_out.confirm(shop, subject.message_id, ring=self.ring)
                if subject.kind == "confirmation"
                else "",
            ),
            first_name=subject.first_name,
            reason=why(subject.purpose, locale),
            kind=subject.kind,
            expires_on=expires_at.astimezone(ZoneInfo(shop.zone)).date(),
            offer=msgspec.structs.replace(offer, link=restore) if offer else None,
            **told,
        )

    def _pay_url(self, subject: Subject) -> str:
        waiting = self.unpaid.get(subject.cart_id or 0)
        return waiting.pay_url if waiting else ""

    def _shown(self, subject: Subject, shop: Shop) -> Shown:
        currency = subject.currency or shop.profile.currency
        return shown(subject.lines, shop.id, self.things, currency=currency, basket_at=subject.basket_at)

    def _locale(self, subject: Subject, shop: Shop) -> str:
        known = [locale for locale in locales(subject.locale, shop) if (shop.id, subject.slug, locale) in self.live]
        return known[0] if known else shop.language

    def _unsubscribe(self, subject: Subject, shop: Shop) -> str:
        token = tokens.unsubscribe(shop.id, subject.message_id, subject.address_hash, ring=self.ring)
        return f"{shop.base.rstrip('/')}/u/{token}"

    def _restore(self, subject: Subject, shop: Shop, seen: Shown, at: datetime, offer: Offer | None) -> str:
        """Back to the basket or to what an unpaid order holds, with the offer's code in it; else to the shop."""
        lines = seen.restored if subject.cart_id else self._unpaid_lines(subject)
        if subject.cart_id is None and offer is None and not lines:
            return shop.profile.url
        waiting = self.unpaid.get(subject.cart_id or 0)
        return platforms.get(shop.platform).restore(
            base.Basket(
                keys=self.keys.get(subject.cart_id or 0, ()),
                lines=lines,
                recovery_url=subject.recovery_url,
                message_ref=subject.uid,
                expires_at=at + shop.rules.link_life,
                code=offer.code if offer else "",
                language=subject.locale,
                pay_url=waiting.pay_url if waiting else "",
                unpaid_since=waiting.since if waiting else None,
                at=at,
            ),
            shop.links,
        )

    def _unpaid_lines(self, subject: Subject) -> tuple[Line, ...]:
        order = self.gathered.orders.get(subject.order_id or 0) if self.gathered else None
        return order.as_basket() if order and order.stage == "unpaid" else ()

    def _basket(self, subject: Subject, shop: Shop, seen: Shown) -> Basket:
        lines = tuple(self._line(line, shop.id) for line in seen.lines)
        currency = subject.currency or shop.profile.currency
        if not seen.whole:
            return Basket(currency=currency, lines=lines)
        amounts = {name: _decimal(subject.amounts.get(name)) for name in ("subtotal", "shipping", "discount", "tax")}
        total = _decimal(subject.amounts.get("total"))
        if amounts["shipping"] is None and subject.amounts.get("total_includes_shipping") and total is not None:
            # The companion's total holds the shipping that the lines do not.
            amounts["shipping"] = total - sum((line.total for line in subject.lines), Decimal(0))
        return Basket(currency=currency, lines=lines, total=total, **amounts)

    def _line(self, line: Line, store_id: int) -> BasketLine:
        known = thing_of(line, store_id, self.things)
        return BasketLine(
            title=line.title,
            quantity=line.quantity,
            price=line.unit_price,
            total=line.total,
            image=line.image or (known.image if known else ""),
            url=line.url or (known.url if known else ""),
            # Keys that only the restore link needs (the title says them already) and hidden ones stay inside.
            options=tuple(value for name, value in line.options if not name.startswith(("attribute_", "_"))),
            short_name=known.short_name if known else "",
            left=few(known.stock) if known else None,
            rating=known.rating if known else None,
            rating_count=known.rating_count if known else 0,
        )


def offer_of(subject: Subject, shop: Shop, at: datetime) -> Offer | None:
    """The offer this mail brings: only a code the shop has made, for this person, that lasts longer than an hour."""
    given = subject.given
    if given is None or not given.own or given.status != "issued" or given.ends_at <= at + SPARE:
        return None
    on_account = is_money(given.kind, platforms.get(shop.platform))
    return Offer(
        code="" if on_account else given.code,
        kind=given.kind,
        value=given.value,
        currency=given.currency,
        minimum=given.minimum,
        ends_on=given.ends_at.astimezone(ZoneInfo(shop.zone)).date(),
    )


def locales(person: str, shop: Shop) -> list[str]:
    """Languages to try, in order: `nl-u` before `nl` where the shop says u."""
    tried: list[str] = []
    for language in (person.replace("_", "-").split("-")[0].lower(), shop.language):
        if language == "nl" and shop.formality == "u":
            tried.append("nl-u")
        if language:
            tried.append(language)
    return list(dict.fromkeys(tried))


def _decimal(text: Any) -> Decimal | None:
    return Decimal(str(text)) if text is not None else None
