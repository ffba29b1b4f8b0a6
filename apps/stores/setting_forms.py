"""How one setting of a shop is written: read from text, written back as the same text."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from django.utils.functional import lazy
from django.utils.translation import gettext_lazy as _

from apps.core.addresses import email_key
from apps.core.durations import OFF, Duration, parse_duration, parse_duration_or_off
from apps.core.windows import WindowsRefused, format_windows, parse_windows

if TYPE_CHECKING:
    from django_stubs_ext import StrPromise

# Line breaks and controls would end a header or a cell; invisible ones hide what a text says.
CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u200b-\u200f\u202a-\u202e\ufeff]")
_HOST: Final = re.compile(r"[a-z0-9-]+(\.[a-z0-9-]+)*", re.ASCII)
_COLOUR: Final = re.compile(r"#[0-9a-fA-F]{6}|#[0-9a-fA-F]{3}", re.ASCII)
ON: Final = "on"


class Refused(ValueError):
    """The text is not what this setting accepts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """What a value looks like: in words for people, in code for us. `secret` values are never shown."""

    accepts: str | StrPromise
    parse: Callable[[str], Any]
    format: Callable[[Any], str] = str
    secret: bool = False


def _filled(sentence: str | StrPromise, values: Mapping[str, object]) -> str:
    return str(sentence) % values


filled: Final = lazy(_filled, str)
"""A sentence with its values, put together in the language of whoever reads it, not of whoever loads it."""


def text(most: int, *, required: bool = False) -> Form:
    """One line of words; nothing clears it."""

    def parse(given: str) -> str:
        words = given.strip()
        if len(words) > most or (required and not words) or CONTROL.search(words):
            raise Refused
        return words

    return Form(accepts=filled(_("one line of at most %(most)d characters"), {"most": most}), parse=parse)


def words(most: int) -> Form:
    """A line of at most so many words."""

    def parse(given: str) -> str:
        line = " ".join(given.split())
        if len(line.split()) > most or len(line) > 20 * most or CONTROL.search(line):
            raise Refused
        return line

    return Form(accepts=filled(_("at most %(most)d words"), {"most": most}), parse=parse)


def choice(*options: str) -> Form:
    """One of a few words."""

    def parse(given: str) -> str:
        if given.strip().lower() not in options:
            raise Refused
        return given.strip().lower()

    return Form(accepts=filled(_("one of %(options)s"), {"options": ", ".join(options)}), parse=parse)


def switch() -> Form:
    """On or off."""
    return Form(
        accepts=_("on or off"),
        parse=_switch,
        format=lambda value: ON if value else OFF,
    )


def web(*, required: bool = False) -> Form:
    """An http(s) address, without its last slash."""

    def parse(given: str) -> str:
        address = given.strip().rstrip("/")
        if address or required:
            _check_web(address)
        return address

    return Form(accepts=_("an address that begins with https:// (or http://)"), parse=parse)


def web_with(*names: str, own: str) -> Form:
    """An address in which {names} are filled in later; or the word `own`, or nothing."""

    def parse(given: str) -> str:
        address = given.strip()
        if not address or address == own:
            return address
        used = re.findall(r"\{([^{}]*)\}", address)
        whole = re.sub(r"^\{product_url\}", "https://shop.example/p", address)
        if not set(used) <= set(names) or re.search(r"[{}]", re.sub(r"\{[^{}]*\}", "", address)):
            raise Refused
        _check_web(re.sub(r"\{[^{}]*\}", "1", whole))
        return address

    shown = ", ".join(f"{{{name}}}" for name in names)
    accepts = filled(_("an address that may hold %(names)s; %(own)s; or nothing"), {"names": shown, "own": own})
    return Form(accepts=accepts, parse=parse)


def host() -> Form:
    """A host name, also when it was pasted with its scheme."""

    def parse(given: str) -> str:
        name = re.sub(r"^https?://", "", given.strip().lower()).rstrip("/")
        if name and not (_HOST.fullmatch(name) and len(name) <= 120 and "." in name):
            raise Refused
        return name

    return Form(accepts=_("a host name, such as shop.myshopify.com"), parse=parse)


def origin() -> Form:
    """Where this shop's links point: scheme and host, no path; a bare host is https."""

    def parse(given: str) -> str:
        address = given.strip().rstrip("/")
        if not address:
            return ""
        whole = address if "://" in address else f"https://{address}"
        _check_web(whole)
        if urlsplit(whole).path:
            raise Refused
        return whole.lower()

    return Form(accepts=_("a host of the shop's own that leads to this engine, or nothing"), parse=parse)


def email() -> Form:
    """One plain address."""

    def parse(given: str) -> str:
        address = given.strip()
        if address and (len(address) > 200 or email_key(address) is None):
            raise Refused
        return address

    return Form(accepts=_("one e-mail address"), parse=parse)


def number(least: int, most: int) -> Form:
    """A whole number, or nothing."""

    def parse(given: str) -> str:
        written = given.strip()
        if written and not (re.fullmatch(r"\d{1,6}", written, re.ASCII) and least <= int(written) <= most):
            raise Refused
        return str(int(written)) if written else ""

    accepts = filled(_("a whole number from %(least)d to %(most)d"), {"least": least, "most": most})
    return Form(accepts=accepts, parse=parse)


def amount() -> Form:
    """An amount in the shop's own currency, or nothing."""

    def parse(given: str) -> str:
        written = given.strip().replace(",", ".")
        if written and not re.fullmatch(r"\d{1,9}(\.\d{1,3})?", written, re.ASCII):
            raise Refused
        return written

    return Form(accepts=_("an amount in the shop's currency, such as 4.95"), parse=parse)


def percent(most: int) -> Form:
    """A share; off is none."""

    def parse(given: str) -> Decimal:
        written = given.strip().lower().removesuffix("%").strip().replace(",", ".")
        try:
            share = Decimal(0) if written == OFF else Decimal(written)
        except InvalidOperation:
            raise Refused from None
        if not share.is_finite() or not 0 <= share <= most or share != round(share, 2):
            raise Refused
        return share

    return Form(
        accepts=filled(_("a percentage from 0 to %(most)d, or off"), {"most": most}),
        parse=parse,
        format=lambda share: f"{Decimal(share).normalize():f}",
    )


def span(*, least: timedelta = timedelta(seconds=1)) -> Form:
    """A length of time, kept in a column of its own."""

    def parse(given: str) -> timedelta:
        length = parse_duration(given).delta
        if length < least:
            raise Refused
        return length

    return Form(accepts=_LENGTH, parse=parse, format=lambda length: str(Duration.of(length)))


def length(*, off: bool = False, word: str = "") -> Form:
    """A length of time as it was written; with `off` the rule can be switched off."""

    def parse(given: str) -> str:
        written = given.strip().lower()
        if written == word and word:
            return word
        duration = parse_duration_or_off(written) if off else parse_duration(written)
        if duration is not None and not duration.count:
            raise Refused
        return str(duration or OFF)

    return Form(accepts=_LENGTH_OR_OFF if off else _LENGTH, parse=parse)


def window(name: str, accepts: str | StrPromise) -> Form:
    """One of the three settings that together are the send windows."""

    def parse(given: str) -> str:
        try:
            return format_windows(parse_windows({name: given}))[name]
        except WindowsRefused:
            raise Refused from None

    return Form(accepts=accepts, parse=parse)


def colour() -> Form:
    def parse(given: str) -> str:
        if given.strip() and not _COLOUR.fullmatch(given.strip()):
            raise Refused
        return given.strip().lower()

    return Form(accepts=_("a colour such as #2f5d50"), parse=parse)


def secret() -> Form:
    """A webhook secret, exactly as it stands at the shop."""

    def parse(given: str) -> str:
        if not given.strip() or len(given) > 200 or CONTROL.search(given):
            raise Refused
        return given.strip()

    return Form(
        accepts=_("the secret of the shop's webhooks, at most 200 characters"),
        parse=parse,
        secret=True,
    )


def notice() -> Form:
    """The words a shop shows; off shows none."""

    def parse(given: str) -> str:
        words = given.strip()
        if not words or len(words) > 2000 or CONTROL.search(words):
            raise Refused
        return "" if words.lower() == OFF else words

    accepts = _("the text as shoppers read it, at most 2000 characters, or off")
    return Form(accepts=accepts, parse=parse, format=lambda words: words or OFF)


def checked(parse: Callable[[str], Any], accepts: str | StrPromise, shape: Callable[[Any], str] = str) -> Form:
    """Text that another part of the engine reads; kept in its shortest form."""
    return Form(accepts=accepts, parse=lambda given: shape(parse(given)))


_LENGTH: Final = _("a whole number with s, m, h, d or w, such as 30s, 60m, 24h, 3d or 2w")
_LENGTH_OR_OFF: Final = _("a whole number with s, m, h, d or w, such as 30s, 60m, 24h, 3d or 2w, or off")


def _switch(given: str) -> bool:
    if given.strip().lower() not in (ON, OFF):
        raise Refused
    return given.strip().lower() == ON


def _check_web(address: str) -> None:
    parts = urlsplit(address)
    plain = len(address) <= 300 and not CONTROL.search(address) and " " not in address
    if not plain or parts.scheme not in ("http", "https") or not parts.hostname or "@" in parts.netloc:
        raise Refused
    _ = parts.port
