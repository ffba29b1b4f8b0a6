"""What the pages behind the links say, in the letter's language; Dutch in je and in u."""

from __future__ import annotations

from dataclasses import dataclass

from django.conf import settings
from django.utils.functional import _StrPromise as Lazy
from django.utils.translation import gettext_lazy as _
from django.utils.translation import override
from django.utils.translation import pgettext_lazy as _u


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """One page's words; `{shop}` is the shop's name."""

    title: str | Lazy
    text: str | Lazy
    polite: str | Lazy
    """The text to somebody addressed as u."""
    heading: str | Lazy
    polite_heading: str | Lazy | None = None
    button: str | Lazy = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """The words in one language, about one shop."""

    language: str
    title: str
    heading: str
    text: str
    button: str


LEAVE = Words(
    title=_("Unsubscribe"),
    heading=_("No more emails from {shop}?"),
    text=_("Press the button and you get no more reminders and offers. Emails about an order still come."),
    polite=_u("u", "Press the button and you get no more reminders and offers. Emails about an order still come."),
    button=_("Unsubscribe"),
)
LEFT = Words(
    title=_("Unsubscribed"),
    heading=_("You are unsubscribed"),
    polite_heading=_u("u", "You are unsubscribed"),
    text=_("{shop} sends you no more reminders and offers. Emails about an order still come."),
    polite=_u("u", "{shop} sends you no more reminders and offers. Emails about an order still come."),
)
EXPIRED = Words(
    title=_("Link expired"),
    heading=_("This link has expired"),
    text=_("The email is from a while ago. In the shop you find everything as it is today."),
    polite=_u("u", "The email is from a while ago. In the shop you find everything as it is today."),
    button=_("Go to {shop}"),
)


def say(words: Words, *, locale: str, shop: str) -> Said:
    """These words in the letter's language, in English where we do not speak it."""
    language = locale.split("-")[0]
    language = language if language in dict(settings.LANGUAGES) else "en"
    heading, text = words.heading, words.text
    if locale.endswith("-u"):
        heading, text = words.polite_heading or heading, words.polite
    with override(language):
        title, heading, text, button = (
            str(part).format(shop=shop) for part in (words.title, heading, text, words.button)
        )
    return Said(language=language, title=title, heading=heading, text=text, button=button)
