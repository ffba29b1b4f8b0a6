"""One mail as it was, or would be, sent: its headers, both bodies and its links."""

from __future__ import annotations

import email
import email.policy
from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage

from apps.dashboard.previewing import night, unlinked
from apps.mail.models import Message, OutboxMail
from apps.mail.writing import write


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A mail for reading. `as_sent`: these are the very bytes; else it was written again from what was frozen."""

    subject: str
    headers: list[tuple[str, str]]
    html: str
    dark: str
    text: str
    as_sent: bool
    links: list[str]


def shown(message: Message, at: datetime) -> Shown | None:
    """The mail of this message; None when it was never written and cannot be written now."""
    kept = OutboxMail.objects.of(message.store_id).filter(message=message).first()
    if kept is not None:
        return _read(bytes(kept.data), as_sent=True, links=[])
    if message.customer_id is None or message.kind == Message.Kind.INTERNAL:
        return None
    written, _failed = write([message.pk], at)
    return _read(written[0].parcel.wire, as_sent=False, links=written[0].targets) if written else None


def way_out(message: Message) -> str:
    """The restore link as the customer has it, for a mail that only stands in the outbox; '' if there is none."""
    kept = OutboxMail.objects.of(message.store_id).filter(message=message).first()
    if kept is None:
        return ""
    mail = email.message_from_bytes(bytes(kept.data), policy=email.policy.default)
    words = _part(mail, "plain").split()
    return next((word.strip("<>") for word in words if "/r/" in word and word.startswith("http")), "")


def _read(data: bytes, *, as_sent: bool, links: list[str]) -> Shown:
    mail = email.message_from_bytes(data, policy=email.policy.default)
    html = unlinked(_part(mail, "html"))
    return Shown(
        subject=str(mail["Subject"] or ""),
        headers=[(name, str(value)) for name, value in mail.items()],
        html=html,
        dark=night(html),
        text=_part(mail, "plain"),
        as_sent=as_sent,
        links=links,
    )


def _part(mail: EmailMessage, kind: str) -> str:
    found = mail.get_body(preferencelist=(kind,))
    return str(found.get_content()) if found is not None else ""
