"""The letter of a written mail, and the parcel its transport takes."""

from __future__ import annotations

from apps.mail.addresses import address, mailbox
from apps.mail.context import MailContext
from apps.mail.facts import Shop, Subject
from apps.mail.headers import Origin, headers
from apps.mail.letters import Letter
from apps.mail.rendering import Rendered
from apps.mail.transport import Parcel


def letter(subject: Subject, shop: Shop, context: MailContext, rendered: Rendered) -> Letter:
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


def parcel(subject: Subject, shop: Shop, letter: Letter) -> Parcel:
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
