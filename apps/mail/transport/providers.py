"""Mail providers with an HTTP interface, through anymail."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from anymail.exceptions import (
    AnymailAPIError,
    AnymailConfigurationError,
    AnymailInvalidAddress,
    AnymailRecipientsRefused,
    AnymailRequestsAPIError,
)
from django.core.mail import EmailMultiAlternatives, get_connection
from requests.exceptions import ConnectionError as NotConnected
from requests.exceptions import ConnectTimeout

from apps.mail.transport.words import Accepted, Down, Later, Outcome, Parcel, Rejected, Unknown, Url

Options = Callable[[Url], dict[str, Any]]


def _token(name: str) -> Options:
    """Providers that want one secret: it stands where a username or a host would."""
    return lambda url: {name: url.username or url.host}


PROVIDERS: dict[str, tuple[str, Options]] = {
    "brevo": ("anymail.backends.brevo.EmailBackend", _token("api_key")),
    "mailersend": ("anymail.backends.mailersend.EmailBackend", _token("api_token")),
    "mailgun": (
        "anymail.backends.mailgun.EmailBackend",
        lambda url: {"api_key": url.username, "sender_domain": url.host, **dict(url.options)},
    ),
    "mailjet": (
        "anymail.backends.mailjet.EmailBackend",
        lambda url: {"api_key": url.username, "secret_key": url.password},
    ),
    "mandrill": ("anymail.backends.mandrill.EmailBackend", _token("api_key")),
    "postmark": ("anymail.backends.postmark.EmailBackend", _token("server_token")),
    "resend": ("anymail.backends.resend.EmailBackend", _token("api_key")),
    "sendgrid": ("anymail.backends.sendgrid.EmailBackend", _token("api_key")),
    "sparkpost": ("anymail.backends.sparkpost.EmailBackend", _token("api_key")),
}
"""Scheme → anymail backend and its options. `postmark://TOKEN@`, `mailgun://KEY@mg.example.com?api_url=…`."""


class ProviderTransport:
    """One provider account. anymail makes no retries of its own, and none are added."""

    capabilities = frozenset({"metadata"})

    def __init__(self, url: Url) -> None:
        path, options = PROVIDERS[url.scheme]
        self.scheme = url.scheme
        self.connection: Any = get_connection(path, fail_silently=False, **options(url))

    def deliver(self, parcel: Parcel) -> Outcome:
        mail = _as_mail(parcel, self.connection, self.scheme)
        try:
            mail.send()
        except (AnymailRecipientsRefused, AnymailInvalidAddress) as refused:
            return Rejected(response=type(refused).__name__, dead_address=isinstance(refused, AnymailInvalidAddress))
        except AnymailConfigurationError as wrong:
            return Down(response=type(wrong).__name__)
        except AnymailRequestsAPIError as answer:
            return _answered(answer)
        except AnymailAPIError as failed:
            return _failed(failed)
        return Accepted(response="accepted", provider_id=str(getattr(mail.anymail_status, "message_id", "") or ""))

    def close(self) -> None:
        self.connection.close()


def _as_mail(parcel: Parcel, connection: Any, scheme: str) -> Any:
    mail: Any = EmailMultiAlternatives(
        subject=parcel.subject,
        body=parcel.text,
        from_email=parcel.from_header,
        to=[parcel.to],
        reply_to=[parcel.reply_to] if parcel.reply_to else None,
        headers=dict(parcel.headers),
        connection=connection,
    )
    mail.attach_alternative(parcel.html, "text/html")
    mail.metadata = {"message_uid": parcel.uid}
    mail.track_opens = False
    mail.track_clicks = False
    if scheme == "resend":
        # Resend keeps a key for 24 hours and sends once under it.
        mail.extra_headers["Idempotency-Key"] = parcel.uid
    return mail


def _answered(answer: AnymailRequestsAPIError) -> Outcome:
    """An HTTP status: definite refusals are definite, everything a proxy may have invented is doubt."""
    status = getattr(answer, "status_code", None)
    said = f"HTTP {status}"
    if status is None:
        return _failed(answer)
    if status in (401, 403):
        return Down(response=said)
    if status == 429 or (status == 503 and _retry_after(answer)):
        return Later(response=said)
    if 400 <= status < 500 and status not in (408, 409):
        return Rejected(response=said)
    return Unknown(response=said)


def _retry_after(answer: AnymailRequestsAPIError) -> bool:
    response = getattr(answer, "response", None)
    return bool(response is not None and response.headers.get("Retry-After"))


def _failed(failed: AnymailAPIError) -> Outcome:
    """No answer: before the connection stood nothing left, after it nobody knows."""
    cause = failed.__cause__
    if isinstance(cause, ConnectTimeout):
        return Down(response="connect timeout")
    if isinstance(cause, NotConnected) and "NewConnectionError" in repr(cause):
        return Down(response="no connection")
    return Unknown(response=type(cause or failed).__name__)
