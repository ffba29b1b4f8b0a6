"""Mail to the shop itself: past the gate, which guards shoppers, and by the same way out.

Committed as leaving before the first byte, like any other. Never call this inside a transaction.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from html import escape
from typing import Final

import msgspec
from django.conf import settings
from django.db import IntegrityError

from apps.core.secrets import SealBroken, unseal
from apps.mail import shops
from apps.mail.addresses import address, mailbox
from apps.mail.headers import Origin, headers
from apps.mail.letters import Letter
from apps.mail.models import Message, OutboxMail
from apps.mail.shops import Shop
from apps.mail.transport import Accepted, MisconfiguredTransport, Outcome, Parcel, Rejected, Unknown, make_transport
from apps.mail.transport.outbox import OutboxTransport
from apps.stores.models import Store

BASIS: Final = "internal"
LEASE: Final = timedelta(minutes=5)


class Note(msgspec.Struct, frozen=True, kw_only=True):
    """What to tell the shop. `origin` is unique per store: the same note is mailed once.

    `to` '' is the shop's reply or sender address, `html` '' the text as it stands.
    """

    origin: str
    subject: str
    text: str
    html: str = ""
    to: str = ""
    purpose: str = "notice"
    template_slug: str = "notice"
    of_use: timedelta = timedelta(days=1)


def send(store_id: int, note: Note, at: datetime) -> bool:
    """Mail a note; True when it left, or may have left, now or before.

    False: nothing left, and it may be tried again under another origin.
    """
    message = leave(Store.objects.get(pk=store_id), note, at)
    return message is None or message.status in (Message.Status.ACCEPTED, Message.Status.UNKNOWN)


def leave(store: Store, note: Note, at: datetime) -> Message | None:
    """Mail a note; its row says how that ended. None: a note of this origin went before. Raises AddressRefused."""
    shop = shops.shops([store.pk], settings.ENV.public_url)[store.pk]
    message = _row(store, shop, note, at)
    if message is not None:
        _end(message, _hand_over(message, store, _parcel(message, shop, note)), at)
    return message


def _row(store: Store, shop: Shop, note: Note, at: datetime) -> Message | None:
    try:
        return Message.objects.create(
            store=store,
            origin=note.origin,
            kind=Message.Kind.INTERNAL,
            purpose=note.purpose,
            template_slug=note.template_slug,
            status=Message.Status.SENDING,
            planned_at=at,
            wanted_at=at,
            valid_until=at + note.of_use,
            lease_until=at + LEASE,
            sending_at=at,
            address=address(note.to or shop.reply_to or shop.sender),
            basis=BASIS,
            policy_version=BASIS,
            sending_epoch=store.sending_epoch,
        )
    except IntegrityError:
        return None


def _parcel(message: Message, shop: Shop, note: Note) -> Parcel:
    sender = address(shop.sender)
    origin = Origin(
        store=shop.key,
        flow=note.purpose,
        kind="internal",
        sender="mandje",
        domain=sender.rpartition("@")[2],
        name=shop.name,
    )
    letter = Letter(
        sender=mailbox(shop.sender_name, sender),
        to=message.address,
        subject=note.subject,
        text=note.text,
        html=note.html or f"<!doctype html><html><body><pre>{escape(note.text)}</pre></body></html>",
        headers=headers(str(message.uid), origin=origin, at=message.wanted_at),
    )
    return Parcel(
        message_id=message.pk,
        uid=str(message.uid),
        sender=sender,
        to=letter.to,
        wire=letter.as_bytes(),
        subject=letter.subject,
        html=letter.html,
        text=letter.text,
        from_header=letter.sender,
        headers=letter.headers,
    )


def _hand_over(message: Message, store: Store, parcel: Parcel) -> Outcome:
    try:
        transport = make_transport(
            unseal(store.transport_sealed, bound_to=f"{store.key}/transport") or settings.ENV.email_url
        )
    except (SealBroken, MisconfiguredTransport) as problem:
        return Rejected(response=str(problem))
    if isinstance(transport, OutboxTransport):
        # The outbox's own hand writes mail to customers only; a note has none.
        OutboxMail.objects.create(message=message, data=parcel.wire)
        return Accepted(response="kept in the outbox")
    try:
        return transport.deliver(parcel)
    finally:
        transport.close()


def _end(message: Message, outcome: Outcome, at: datetime) -> None:
    match outcome:
        case Accepted():
            message.status, message.provider_id = Message.Status.ACCEPTED, outcome.provider_id
        case Unknown():
            message.status = Message.Status.UNKNOWN
        case Rejected():
            message.status, message.reason = Message.Status.REJECTED, "rejected_by_server"
        case _:
            # Nobody holds such a mail back: what cannot leave now does not leave.
            message.status, message.reason = Message.Status.REJECTED, "connection_down"
    message.response, message.ended_at, message.lease_until = outcome.response[:300], at, None
    message.save()
