"""From a setting to a transport."""

from __future__ import annotations

import threading

from apps.mail.transport.outbox import OutboxTransport
from apps.mail.transport.providers import PROVIDERS, ProviderTransport
from apps.mail.transport.smtp import SmtpTransport
from apps.mail.transport.words import MisconfiguredTransport, Transport, Url

_local = threading.local()


def transport_for(url: str) -> Transport:
    """The transport of a URL, one connection per thread and URL."""
    kept: dict[str, Transport] = _local.__dict__.setdefault("kept", {})
    if url not in kept:
        kept[url] = make_transport(url)
    return kept[url]


def make_transport(text: str) -> Transport:
    """A new transport. Raises MisconfiguredTransport naming what is accepted."""
    if not text:
        return OutboxTransport()
    url = Url.parse(text)
    if url.scheme == "outbox":
        return OutboxTransport()
    if url.scheme in ("smtp", "smtps", "smtp+starttls"):
        return SmtpTransport(url)
    if url.scheme in PROVIDERS:
        return ProviderTransport(url)
    known = ", ".join(["smtp", "smtps", "smtp+starttls", "outbox", *sorted(PROVIDERS)])
    raise MisconfiguredTransport(f"'{url.scheme}' is no mail connection we know; known: {known}")
