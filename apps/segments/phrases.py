"""Pieces of the sentences in which conditions are told. Each begins with a space, or is empty."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING

from django.utils.formats import date_format, number_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

if TYPE_CHECKING:
    from apps.segments.done import Done


def often(done: Done) -> str:
    """at least 3 times; nothing where once is enough."""
    if done.is_plain:
        return ""
    words = {
        "at_least": ngettext("at least %(n)s time", "at least %(n)s times", done.n),
        "exactly": ngettext("exactly %(n)s time", "exactly %(n)s times", done.n),
        "at_most": ngettext("at most %(n)s time", "at most %(n)s times", done.n),
    }
    return " " + words[done.times] % {"n": done.n}


def when(done: Done) -> str:
    """in the last 90 days; nothing for ever."""
    match done.period:
        case "ever":
            return ""
        case "last":
            return " " + ngettext("in the last day", "in the last %(n)s days", done.days or 0) % {"n": done.days}
        case "between":
            return " " + _("from %(first)s to %(last)s") % {"first": day(done.day), "last": day(done.last_day)}
        case "before":
            return " " + _("before %(day)s") % {"day": day(done.day)}
        case "after":
            return " " + _("after %(day)s") % {"day": day(done.day)}
        case "since_entering":
            return " " + _("since entering the flow")


def told(done: Done, *, yes: str, no: str, what: str = "") -> str:
    """The sentence of a deed; `yes` and `no` are translated and have places for %(often)s, %(what)s and %(when)s."""
    sentence = no if done.times == "zero" else yes
    return sentence % {"often": often(done), "what": what, "when": when(done)}


def day(value: date | None) -> str:
    return date_format(value, "DATE_FORMAT") if value else "…"


def number(value: Decimal | int) -> str:
    whole = isinstance(value, int) or value == value.to_integral_value()
    return str(number_format(int(value) if whole else value))


def amounts(low: Decimal | None, high: Decimal | None, currency: str | None) -> str:
    """of at least 50 EUR and at most 100 EUR."""
    unit = f" {currency}" if currency else ""
    values = {"low": number(low or 0) + unit, "high": number(high or 0) + unit}
    if low is not None and high is not None:
        return " " + _("of %(low)s to %(high)s") % values
    if low is not None:
        return " " + _("of at least %(low)s") % values
    return " " + _("of at most %(high)s") % values if high is not None else ""


def either(words: Sequence[str]) -> str:
    """One of these, as people say it: A, B or C."""
    if len(words) < 2:
        return "".join(words)
    return _("%(some)s or %(last)s") % {"some": ", ".join(words[:-1]), "last": words[-1]}


def quoted(words: Sequence[str]) -> str:
    return either([f"“{word}”" for word in words])
