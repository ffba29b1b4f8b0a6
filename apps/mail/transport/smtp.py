"""A mail server, spoken to with smtplib."""

from __future__ import annotations

import smtplib
import socket
import ssl
import time
from urllib.parse import urlsplit

from django.conf import settings

from apps.mail.transport.words import Accepted, Down, Later, Outcome, Parcel, Rejected, Unknown, Url

CONNECT_SECONDS = 5.0
REPLY_SECONDS = 30.0
FINAL_SECONDS = 60.0
"""How long we wait for the answer to the final dot. RFC 5321 4.5.3.2.6 lets it take ten minutes; after one we
call it unknown, since the server we talk to should be a near one that owns the long retries."""
IDLE_SECONDS = 20.0


class LostAfterData(Exception):
    """The connection ended between the body and the answer: nobody knows."""


class Smtp(smtplib.SMTP):
    """smtplib with the envelope in one packet where the server allows it (RFC 2920)."""

    def hand_over(self, sender: str, to: str, wire: bytes) -> tuple[int, bytes]:
        """Send one mail to one recipient; returns the server's deciding answer.

        Raises OSError or SMTPServerDisconnected while nothing can have been accepted, LostAfterData after.
        """
        code, text = self._pipelined(sender, to) if self.has_extn("pipelining") else self._stepwise(sender, to)
        if code != 354:
            self._begin_anew()
            return code, text
        try:
            self.send(_dotted(wire))
            if self.sock is not None:
                self.sock.settimeout(FINAL_SECONDS)
            answer: tuple[int, bytes] = self.getreply()
            if self.sock is not None:
                self.sock.settimeout(REPLY_SECONDS)
            return answer
        except (OSError, smtplib.SMTPException) as lost:
            raise LostAfterData(type(lost).__name__) from lost

    def _pipelined(self, sender: str, to: str) -> tuple[int, bytes]:
        self.send(f"MAIL FROM:<{sender}>\r\nRCPT TO:<{to}>\r\nDATA\r\n".encode("ascii"))
        answers = self._replies(3)
        refused = next((answer for answer in answers[:2] if answer[0] not in (250, 251)), None)
        if refused is None:
            return answers[-1]
        if answers[-1][0] == 354:
            # The server opened a body although it took no recipient: end it, nothing is sent (RFC 2920 3.1).
            self.send(b".\r\n")
            self.getreply()
        return refused

    def _replies(self, count: int) -> list[tuple[int, bytes]]:
        """The answers to so many commands; after a 421 no more come (RFC 5321 3.8)."""
        found: list[tuple[int, bytes]] = []
        while len(found) < count and (not found or found[-1][0] != 421):
            found.append(self.getreply())
        return found

    def _stepwise(self, sender: str, to: str) -> tuple[int, bytes]:
        for command in (f"MAIL FROM:<{sender}>", f"RCPT TO:<{to}>"):
            answer: tuple[int, bytes] = self.docmd(command)
            if answer[0] not in (250, 251):
                return answer
        data: tuple[int, bytes] = self.docmd("DATA")
        return data

    def _begin_anew(self) -> None:
        """Forget a refused mail, so that the next one is not answered with 503. The answer stands in any case."""
        try:
            self.rset()
        except (OSError, smtplib.SMTPException):
            self.close()


class SmtpOverTls(Smtp):
    """The same from the first byte under TLS (smtps://)."""

    def _get_socket(self, host: str, port: int, timeout: float) -> ssl.SSLSocket:
        plain = socket.create_connection((host, port), timeout)
        return ssl.create_default_context().wrap_socket(plain, server_hostname=host)


def _dotted(wire: bytes) -> bytes:
    """Dot-stuffed with its end (RFC 5321 4.5.2); our letters end their lines with CRLF already."""
    body = wire.replace(b"\r\n.", b"\r\n..")
    if body.startswith(b"."):
        body = b"." + body
    return body + (b".\r\n" if body.endswith(b"\r\n") else b"\r\n.\r\n")


class SmtpTransport:
    """A mail server, its connection kept open between mails."""

    capabilities = frozenset({"message-id"})

    def __init__(self, url: Url) -> None:
        self.url = url
        self._smtp: Smtp | None = None
        self._used = 0.0

    def deliver(self, parcel: Parcel) -> Outcome:
        fresh = self._smtp is None
        try:
            outcome = self._attempt(parcel)
        except (OSError, smtplib.SMTPException) as problem:
            self.close()
            if fresh:
                return Down(response=_said(problem))
            # A server may drop a kept connection at any time; nothing had left, so a new one is tried once.
            return self._again(parcel)
        return outcome

    def _again(self, parcel: Parcel) -> Outcome:
        try:
            return self._attempt(parcel)
        except (OSError, smtplib.SMTPException) as problem:
            self.close()
            return Down(response=_said(problem))

    def _attempt(self, parcel: Parcel) -> Outcome:
        if self._smtp is not None and time.monotonic() - self._used > IDLE_SECONDS:
            self.close()
        smtp = self._smtp or self._open()
        try:
            code, text = smtp.hand_over(parcel.sender, parcel.to, parcel.wire)
        except LostAfterData as lost:
            self.close()
            return Unknown(response=f"connection lost after the body ({lost})")
        self._used = time.monotonic()
        if code == 421:
            self.close()
        return classify(code, text.decode("utf-8", "replace"))

    def _open(self) -> Smtp:
        url = self.url
        kind = SmtpOverTls if url.scheme == "smtps" else Smtp
        port = url.port or (465 if url.scheme == "smtps" else 25)
        smtp = kind(url.host or "127.0.0.1", port, timeout=CONNECT_SECONDS, local_hostname=_own_name())
        if smtp.sock is not None:
            smtp.sock.settimeout(REPLY_SECONDS)
            smtp.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        smtp.ehlo()
        if url.scheme == "smtp+starttls" or (dict(url.options).get("tls") == "true"):
            smtp.starttls(context=ssl.create_default_context())
            smtp.ehlo()
        if url.username:
            smtp.login(url.username, url.password)
        self._smtp = smtp
        return smtp

    def close(self) -> None:
        smtp, self._smtp = self._smtp, None
        if smtp is not None:
            smtp.close()


def _own_name() -> str:
    """What we call ourselves to a server: the public address's host."""
    return urlsplit(settings.ENV.public_url).hostname or "localhost"


def _said(problem: Exception) -> str:
    """What went wrong, without the secrets an exception may carry."""
    if isinstance(problem, smtplib.SMTPResponseException):
        answer = problem.smtp_error
        words = answer.decode("utf-8", "replace") if isinstance(answer, bytes) else str(answer)
        return f"{problem.smtp_code} {words}"[:300]
    return type(problem).__name__ + (f": {problem.strerror}" if isinstance(problem, OSError) else "")


DEAD = frozenset({"5.1.1", "5.1.2", "5.1.3", "5.1.6", "5.1.10", "5.2.1"})
"""RFC 3463 codes that say the address itself is no good; only these suppress a person."""


def classify(code: int, text: str) -> Outcome:
    """What an SMTP answer means: the enhanced code first (RFC 3463), the reply code second, words never."""
    said = f"{code} {' '.join(text.split())}"[:300]
    if 200 <= code < 300:
        return Accepted(response=said, provider_id="")
    if 400 <= code < 500:
        return Later(response=said)
    if 500 <= code < 600:
        first = text.split(maxsplit=1)[0] if text.split() else ""
        bare = not first.startswith(("5.", "4.")) and code in (550, 551, 553) and _names_user(text)
        return Rejected(response=said, dead_address=first in DEAD or bare)
    return Unknown(response=said)


def _names_user(text: str) -> bool:
    """Servers without enhanced codes: only the two phrases of RFC 5321 4.2.3 that name the mailbox itself."""
    words = text.lower()
    return "mailbox unavailable" in words or "user unknown" in words or "no such user" in words
