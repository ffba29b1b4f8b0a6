"""The one door to the outside: the only package that talks to a mail server or provider.

A transport takes one parcel for one recipient and says exactly how it ended. Nothing here retries: what is
retried is decided above, from the kind of the answer.
"""

from apps.mail.transport.choosing import make_transport, transport_for
from apps.mail.transport.outbox import OutboxTransport
from apps.mail.transport.smtp import SmtpTransport, classify
from apps.mail.transport.words import (
    Accepted,
    Down,
    Later,
    MisconfiguredTransport,
    Outcome,
    Parcel,
    Rejected,
    Transport,
    Unknown,
    Url,
)

__all__ = [
    "Accepted",
    "Down",
    "Later",
    "MisconfiguredTransport",
    "OutboxTransport",
    "Outcome",
    "Parcel",
    "Rejected",
    "SmtpTransport",
    "Transport",
    "Unknown",
    "Url",
    "classify",
    "make_transport",
    "transport_for",
]
