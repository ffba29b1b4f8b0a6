"""A test mail to whoever is signed in: the same letter and the same way out, outside the gate (decision 14)."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta
from typing import Final

from django.conf import settings

from apps.core.secrets import unseal
from apps.mail import facts
from apps.mail.addresses import address, mailbox
from apps.mail.blocks import Source
from apps.mail.compiling import compile_template
from apps.mail.context import MailContext
from apps.mail.facts import Shop
from apps.mail.headers import Origin, headers
from apps.mail.letters import Letter
from apps.mail.models import Message, OutboxMail, Template
from apps.mail.rendering import Rendered, render
from apps.mail.transport import Accepted, OutboxTransport, Outcome, Parcel, Rejected, Unknown, make_transport
from apps.stores.models import Store

BASIS: Final = "internal"


def send_test(template: Template, source: Source, context: MailContext, to: str, at: datetime) -> Message:
    """Send the draft to one address; the message row says how it ended. Raises TemplateRefused, RenderFailed."""
    rendered = render(compile_template(source, template.locale), context)
    shop = facts.shops([template.store_id], settings.ENV.public_url)[template.store_id]
    message = _row(template, to, at)
    parcel = _parcel(message, shop, _letter(message, shop, rendered))
    return _ended(message, _hand_over(message, template.store, parcel), at)


def _row(template: Template, to: str, at: datetime) -> Message:
    """Committed as leaving before the first byte, like any other mail."""
    return Message.objects.create(
        store=template.store,
        origin=f"test:{uuid.uuid4()}",
        kind=Message.Kind.INTERNAL,
        purpose="test",
        template_slug=template.slug,
        status=Message.Status.SENDING,
        planned_at=at,
        wanted_at=at,
        valid_until=at + timedelta(hours=1),
        lease_until=at + timedelta(minutes=5),
        sending_at=at,
        address=to,
        basis=BASIS,
        policy_version=BASIS,
        sending_epoch=template.store.sending_epoch,
    )


def _letter(message: Message, shop: Shop, mail: Rendered) -> Letter:
    sender = address(shop.sender)
    origin = Origin(
        store=shop.key,
        flow="test",
        kind="internal",
        sender="mandje",
        domain=sender.rpartition("@")[2],
        name=shop.name,
    )
    return Letter(
        sender=mailbox(shop.sender_name, sender),
        to=address(message.address),
        subject=f"[test] {mail.subject}",
        text=mail.text,
        html=mail.html,
        headers=headers(str(message.uid), origin=origin, at=message.wanted_at),
    )


def _hand_over(message: Message, store: Store, parcel: Parcel) -> Outcome:
    url = unseal(store.transport_sealed, bound_to=f"{store.key}/transport") or settings.ENV.email_url
    transport = make_transport(url)
    if isinstance(transport, OutboxTransport):
        # The outbox keeps mail to customers only; a test has none.
        OutboxMail.objects.create(message=message, data=parcel.wire)
        return Accepted(response="kept in the outbox")
    try:
        return transport.deliver(parcel)
    finally:
        transport.close()


def _parcel(message: Message, shop: Shop, letter: Letter) -> Parcel:
    return Parcel(
        message_id=message.pk,
        uid=str(message.uid),
        sender=address(shop.sender),
        to=letter.to,
        wire=letter.as_bytes(),
        subject=letter.subject,
        html=letter.html,
        text=letter.text,
        from_header=letter.sender,
        headers=letter.headers,
    )


def _ended(message: Message, outcome: Outcome, at: datetime) -> Message:
    match outcome:
        case Accepted():
            message.status, message.provider_id = Message.Status.ACCEPTED, outcome.provider_id
        case Unknown():
            message.status = Message.Status.UNKNOWN
        case Rejected():
            message.status, message.reason = Message.Status.REJECTED, "rejected_by_server"
        case _:
            # Nobody waits for a test: what cannot leave now does not leave.
            message.status, message.reason = Message.Status.REJECTED, "connection_down"
    message.response, message.ended_at, message.lease_until = outcome.response[:300], at, None
    message.save()
    return message
