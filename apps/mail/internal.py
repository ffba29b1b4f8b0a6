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
    """What to tell the shop. `origin` is unique per store: the same note is mailed once."""

    origin: str
    subject: str
    text: str


def send(store_id: int, note: Note, at: datetime) -> bool:
    """Mail a note to the shop's reply or sender address; True when it left, or may have left.

    False: nothing left, and it may be tried again under another origin.
    """
    store = Store.objects.get(pk=store_id)
    shop = shops.shops([store_id], settings.ENV.public_url)[store_id]
    message = _row(store, shop, note, at)
    if message is None:
        return True
    outcome = _hand_over(message, store, _parcel(message, shop, note))
    _end(message, outcome, at)
    return isinstance(outcome, Accepted | Unknown)


def _row(store: Store, shop: Shop, note: Note, at: datetime) -> Message | None:
    try:
        return Message.objects.create(
            store=store,
            origin=note.origin,
            kind=Message.Kind.INTERNAL,
            purpose="notice",
            template_slug="notice",
            status=Message.Status.SENDING,
            planned_at=at,
            wanted_at=at,
            valid_until=at + timedelta(days=1),
            lease_until=at + LEASE,
            sending_at=at,
            address=address(shop.reply_to or shop.sender),
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
        flow="notice",
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
        html=f"<!doctype html><html><body><pre>{escape(note.text)}</pre></body></html>",
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
            message.status, message.reason = Message.Status.REJECTED, "connection_down"
    message.response, message.ended_at, message.lease_until = outcome.response[:300], at, None
    message.save()
