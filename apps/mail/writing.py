"""From a message that may go to a finished mail: its context frozen as a Letter, its bytes built."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
from django.conf import settings

from apps.core import db
from apps.core.reasons import Reason
from apps.mail import facts, tokens
from apps.mail.addresses import AddressRefused, address, mailbox
from apps.mail.context import Basket, BasketLine, Links, MailContext, Offer
from apps.mail.facts import Shop, Subject
from apps.mail.headers import Origin, headers
from apps.mail.letters import Letter
from apps.mail.rendering import Rendered, RenderFailed, TooLarge, render
from apps.mail.showing import NothingToShow, Shown, shown, thing_of
from apps.mail.transport import Parcel
from apps.mail.whys import why
from apps.offers.issuing import SPARE, is_money
from apps.stores.platforms import base
from apps.stores.platforms.base import platforms
from apps.stores.snapshots import Line

log = logging.getLogger(__name__)


class Written(msgspec.Struct, frozen=True, kw_only=True):
    """A finished mail with what must be stored before it leaves."""

    parcel: Parcel
    subject: str
    context: dict[str, Any]
    targets: list[str]
    version_id: int


class Unwritten(msgspec.Struct, frozen=True, kw_only=True):
    """A mail that could not be written, and the reason its row gets."""

    message_id: int
    reason: Reason
    detail: str


def write(ids: Sequence[int], at: datetime) -> tuple[list[Written], list[Unwritten]]:
    """Write these messages. One that fails takes no other along."""
    batch = _Batch(facts.subjects(ids))
    written: list[Written] = []
    failed: list[Unwritten] = []
    for subject in batch.subjects:
        try:
            written.append(batch.write(subject, at))
        except NothingToShow as empty:
            failed.append(Unwritten(message_id=subject.message_id, reason=empty.reason, detail=empty.products))
        except TooLarge as large:
            failed.append(Unwritten(message_id=subject.message_id, reason=Reason.TOO_LARGE, detail=str(large)))
        except AddressRefused as refused:
            failed.append(Unwritten(message_id=subject.message_id, reason=Reason.NO_ADDRESS, detail=str(refused)))
        except RenderFailed as broken:
            failed.append(Unwritten(message_id=subject.message_id, reason=Reason.TEMPLATE_ERROR, detail=str(broken)))
        except Exception as unforeseen:
            # A mail that breaks what nobody foresaw must not hold up the others of its batch.
            log.exception("message %s cannot be written", subject.message_id)
            detail = type(unforeseen).__name__
            failed.append(Unwritten(message_id=subject.message_id, reason=Reason.TEMPLATE_ERROR, detail=detail))
    return written, failed


class _Batch:
    """Everything a batch of mails is written from, loaded once."""

    def __init__(self, subjects: list[Subject]) -> None:
        self.subjects = subjects
        self.shops = facts.shops((subject.store_id for subject in subjects), settings.ENV.public_url)
        self.keys = facts.cart_keys(subject.cart_id for subject in subjects if subject.cart_id)
        self.unpaid = facts.unpaid(subject.cart_id for subject in subjects if subject.cart_id)
        self.live = facts.live_versions((subject.store_id, subject.slug) for subject in subjects)
        self.things = facts.things(
            (subject.store_id for subject in subjects),
            (name for subject in subjects for line in subject.lines for name in (line.variant, line.product) if name),
        )
        self.ring = tuple(settings.ENV.link_keys)

    def write(self, subject: Subject, at: datetime) -> Written:
        shop = self.shops[subject.store_id]
        if subject.frozen is None and subject.kind == "marketing":
            self._shown(subject, shop).check()
        version_id = subject.version_id or self._version(subject, shop)
        context = self._context(subject, shop, at)
        rendered = render(
            facts.compiled([version_id])[version_id],
            context,
            address=tokens.addresses(
                shop.base, shop.id, subject.message_id, ring=self.ring, restore_target=context.links.restore
            ),
        )
        letter = self._letter(subject, shop, context, rendered)
        return Written(
            parcel=_parcel(subject, shop, letter),
            subject=rendered.subject,
            context=msgspec.to_builtins(context),
            targets=rendered.targets,
            version_id=version_id,
        )

    def _version(self, subject: Subject, shop: Shop) -> int:
        """The person's language, else the basket's, else the shop's; then whatever there is."""
        for locale in locales(subject.locale, shop):
            version = self.live.get((shop.id, subject.slug, locale))
            if version is not None:
                return version
        others = sorted(key for key in self.live if key[:2] == (shop.id, subject.slug))
        if not others:
            raise RenderFailed(f"no published template '{subject.slug}'")
        return self.live[others[0]]

    def _context(self, subject: Subject, shop: Shop, at: datetime) -> MailContext:
        if subject.frozen is not None:
            return msgspec.convert(subject.frozen, MailContext, strict=False)
        expires_at = at + shop.rules.link_life
        locale = self._locale(subject, shop)
        seen = self._shown(subject, shop)
        offer = offer_of(subject, shop, at)
        restore = self._restore(subject, shop, seen, at, offer)
        return MailContext(
            locale=locale,
            shop=shop.profile,
            basket=self._basket(subject, shop, seen),
            links=Links(
                restore=restore,
                unsubscribe=self._unsubscribe(subject, shop),
                shop=shop.profile.url,
            ),
            first_name=subject.first_name,
            reason=why(subject.purpose, locale),
            kind=subject.kind,
            expires_on=expires_at.astimezone(ZoneInfo(shop.zone)).date(),
            offer=msgspec.structs.replace(offer, link=restore) if offer else None,
        )

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
        """Back to the basket, with the offer's code in it; without a basket the shop, with the code if there is one."""
        if subject.cart_id is None and offer is None:
            return shop.profile.url
        waiting = self.unpaid.get(subject.cart_id or 0)
        return platforms.get(shop.platform).restore(
            base.Basket(
                keys=self.keys.get(subject.cart_id or 0, ()),
                lines=seen.restored,
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
        )

    def _letter(self, subject: Subject, shop: Shop, context: MailContext, rendered: Rendered) -> Letter:
        sender = address(shop.sender)
        # The moment it was wanted: every attempt carries the same headers.
        found = headers(
            subject.uid,
            origin=Origin(
                store=shop.key,
                flow=subject.purpose,
                kind=subject.kind,
                sender="mandje",
                domain=sender.rpartition("@")[2],
                name=shop.name,
            ),
            at=subject.wanted_at,
            unsubscribe=context.links.unsubscribe if subject.kind == "marketing" else "",
            unsubscribe_mailbox=(shop.reply_to or shop.sender) if subject.kind == "marketing" else "",
        )
        return Letter(
            sender=mailbox(shop.sender_name, sender),
            to=address(subject.email),
            subject=rendered.subject,
            text=rendered.text,
            html=rendered.html,
            reply_to=mailbox(shop.sender_name, shop.reply_to) if shop.reply_to else "",
            headers=found,
            quoted_html=rendered.quoted_html,
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


def _parcel(subject: Subject, shop: Shop, letter: Letter) -> Parcel:
    return Parcel(
        message_id=subject.message_id,
        uid=subject.uid,
        sender=address(shop.sender),
        to=letter.to,
        wire=letter.as_bytes(),
        subject=letter.subject,
        html=letter.html,
        text=letter.text,
        from_header=letter.sender,
        reply_to=letter.reply_to,
        headers=letter.headers,
    )


_FREEZE = """
INSERT INTO mail_letter (message_id, subject, context, targets, size, rendered_at)
SELECT message_id, subject, context, targets, size, %(at)s FROM unnest(%(ids)s::bigint[], %(subjects)s::text[],
    %(contexts)s::jsonb[], %(targets)s::jsonb[], %(sizes)s::int[]) AS t(message_id, subject, context, targets, size)
ON CONFLICT (message_id) DO NOTHING
"""


def freeze(written: Sequence[Written], at: datetime) -> None:
    """Keep what each mail says. A mail written before keeps its first letter."""
    if written:
        db.run(
            _FREEZE,
            {
                "ids": [item.parcel.message_id for item in written],
                "subjects": [item.subject[:300] for item in written],
                "contexts": [msgspec.json.encode(item.context).decode() for item in written],
                "targets": [msgspec.json.encode(item.targets).decode() for item in written],
                "sizes": [len(item.parcel.wire) for item in written],
                "at": at,
            },
        )
