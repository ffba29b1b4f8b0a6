"""How one setting is read from text, and refused when it is nonsense."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from cryptography.fernet import Fernet

# Words of the keys that people copy from examples.
KNOWN_DEFAULTS = ("insecure", "changeme", "change-me", "example", "secret", "password", "123456")
SECRET_LENGTH = 32
MAIL_SCHEMES = (
    *("outbox", "smtp", "smtps", "smtp+starttls"),
    *("amazon-ses", "brevo", "mailersend", "mailgun", "mailjet", "mandrill"),
    *("postmark", "resend", "sendgrid", "sparkpost"),
)


class NonsenseError(ValueError):
    """The text is not what was expected; the message may add which rule it breaks."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """What a value looks like: in words for people, in code for us."""

    expected: str
    parse: Callable[[str], Any]
    secret: bool = False


def choice(*words: str) -> Form:
    """One of a few words."""

    def parse(text: str) -> str:
        if text not in words:
            raise NonsenseError
        return text

    return Form(expected=f"one of {', '.join(words)}", parse=parse)


def number(*, least: int, most: int) -> Form:
    """A whole number within bounds."""

    def parse(text: str) -> int:
        if not re.fullmatch(r"[0-9]+", text) or not least <= int(text) <= most:
            raise NonsenseError
        return int(text)

    return Form(expected=f"a whole number from {least} to {most}", parse=parse)


def switch() -> Form:
    """On or off."""
    words = {"1": True, "on": True, "true": True, "0": False, "off": False, "false": False}

    def parse(text: str) -> bool:
        if text.lower() not in words:
            raise NonsenseError
        return words[text.lower()]

    return Form(expected="1 or 0 (on or off)", parse=parse)


def address(*schemes: str, expected: str, secret: bool = True) -> Form:
    """A URL of one of these schemes."""

    def parse(text: str) -> str:
        if not text.startswith(tuple(f"{scheme}://" for scheme in schemes)):
            raise NonsenseError(f"it must begin with {', '.join(f'{one}://' for one in schemes)}")
        _check_url(text)
        return text

    return Form(expected=expected, parse=parse, secret=secret)


def site() -> Form:
    """The public address of this engine, without a path."""

    def parse(text: str) -> str:
        parts = _check_url(text)
        if parts[0] not in {"http", "https"} or not parts[1] or parts[2] not in {"", "/"}:
            raise NonsenseError
        return text.rstrip("/")

    return Form(expected="http(s)://host[:port], without a path", parse=parse)


def words() -> Form:
    """A comma list of names."""
    return Form(expected="names with commas between them", parse=_split)


def text() -> Form:
    """Anything but nothing."""
    return Form(expected="a text", parse=str)


def secret(*, strict: bool) -> Form:
    """A key nobody can guess; `strict` refuses the ones everybody knows."""
    check = _strong if strict else str
    expected = f"a random text of at least {SECRET_LENGTH} characters, known to nobody else"
    return Form(expected=expected, parse=check, secret=True)


def secrets(*, strict: bool) -> Form:
    """A ring of keys: the newest signs, all verify."""
    check = _strong if strict else str
    return Form(
        expected=f"random texts of at least {SECRET_LENGTH} characters with commas, newest first",
        parse=lambda given: tuple(check(one) for one in _split(given)),
        secret=True,
    )


def fernet_keys() -> Form:
    """A ring of Fernet keys: the newest encrypts, all decrypt."""

    def parse(given: str) -> tuple[str, ...]:
        keys = _split(given)
        try:
            for key in keys:
                Fernet(key)
        except ValueError:
            raise NonsenseError("one of them is not a Fernet key") from None
        return keys

    expected = "Fernet keys (44 characters each) with commas between, newest first"
    return Form(expected=expected, parse=parse, secret=True)


def _split(given: str) -> tuple[str, ...]:
    parts = tuple(part.strip() for part in given.split(",") if part.strip())
    if not parts:
        raise NonsenseError
    return parts


def _strong(given: str) -> str:
    if len(given) < SECRET_LENGTH:
        raise NonsenseError(f"it has {len(given)} characters")
    if len(set(given)) < 10 or any(word in given.lower() for word in KNOWN_DEFAULTS):
        raise NonsenseError("it is a well-known or guessable one")
    return given


def _check_url(given: str) -> tuple[str, str, str]:
    try:
        parts = urlsplit(given)
        _ = parts.port
    except ValueError:
        raise NonsenseError("it is not a URL") from None
    return parts.scheme, parts.hostname or "", parts.path
