"""What the world has lists of: currencies, countries, languages, time zones and kinds of mail connection."""

from __future__ import annotations

import zoneinfo
from collections.abc import Callable, Mapping
from functools import cache
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from babel import Locale
from django.utils.translation import gettext_lazy as _

from apps.stores.setting_forms import CONTROL, Form, Refused, filled

if TYPE_CHECKING:
    from django_stubs_ext import StrPromise


def currency() -> Form:
    return _known(lambda: _english().currencies, str.upper, 3, _("a currency of three letters (ISO 4217)"))


def country() -> Form:
    return _known(lambda: _english().territories, str.upper, 2, _("a country of two letters (ISO 3166)"))


def language() -> Form:
    return _known(lambda: _english().languages, str.lower, 2, _("a language of two letters (ISO 639)"))


def zone() -> Form:
    def parse(given: str) -> str:
        if given.strip() not in _zones():
            raise Refused
        return given.strip()

    return Form(accepts=_("a time zone such as Europe/Amsterdam"), parse=parse)


def connection(schemes: tuple[str, ...], default: str) -> Form:
    """A mail connection; it holds a password, so it is never shown."""

    def parse(given: str) -> str:
        url = given.strip()
        if url.lower() == default:
            return ""
        if CONTROL.search(url) or url.partition("://")[0] not in schemes or not _has_port(url):
            raise Refused
        return url

    accepts = filled(
        _("%(default)s, or an address that begins with one of %(schemes)s"),
        {"default": default, "schemes": ", ".join(f"{scheme}://" for scheme in schemes)},
    )
    return Form(accepts=accepts, parse=parse, format=lambda url: _veiled(url) or default, secret=True)


def _known(
    names: Callable[[], Mapping[str, Any]],
    case: Callable[[str], str],
    size: int,
    accepts: str | StrPromise,
) -> Form:
    def parse(given: str) -> str:
        code = case(given.strip())
        if len(code) != size or code not in names():
            raise Refused
        return code

    return Form(accepts=accepts, parse=parse)


def _has_port(url: str) -> bool:
    parts = urlsplit(url)
    return bool(parts.netloc) and (parts.port or 1) > 0


def _veiled(url: str) -> str:
    """The connection without what opens it."""
    if not url:
        return ""
    parts = urlsplit(url)
    host = parts.hostname or ""
    return f"{parts.scheme}://{'…@' if '@' in parts.netloc else ''}{host}{f':{parts.port}' if parts.port else ''}"


@cache
def _english() -> Locale:
    return Locale("en")


@cache
def _zones() -> frozenset[str]:
    return frozenset(zoneinfo.available_timezones())
