"""What the pages behind the links say, in the letter's language; Dutch in je and in u."""

from __future__ import annotations

from dataclasses import dataclass

from django.conf import settings
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import override, pgettext_lazy

Text = str | Promise


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """One page's words; `{shop}` is the shop's name."""

    title: Text
    text: Text
    polite: Text
    """The text to somebody addressed as u."""
    heading: Text
    polite_heading: Text | None = None
    button: Text = ""


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
    heading=_("No more emails?"),
    text=_("Press the button and you get no more reminders and offers. Emails about an order still come."),
    polite=pgettext_lazy(
        "u",
        "Press the button and you get no more reminders and offers. Emails about an order still come.",
    ),
    button=_("Unsubscribe"),
)
LEFT = Words(
    title=_("Unsubscribed"),
    heading=_("You are unsubscribed"),
    polite_heading=pgettext_lazy("u", "You are unsubscribed"),
    text=_("{shop} sends you no more reminders and offers. Emails about an order still come."),
    polite=pgettext_lazy("u", "{shop} sends you no more reminders and offers. Emails about an order still come."),
)
EXPIRED = Words(
    title=_("Link expired"),
    heading=_("This link has expired"),
    text=_("The email is from a while ago. In the shop you find everything as it is today."),
    polite=pgettext_lazy("u", "The email is from a while ago. In the shop you find everything as it is today."),
    button=_("Go to {shop}"),
)


def spoken_in(locale: str) -> str:
    """The language of the page for a letter in this one; English where we do not speak it."""
    language = locale.split("-", maxsplit=1)[0]
    return language if language in dict(settings.LANGUAGES) else "en"


def say(words: Words, *, locale: str, shop: str) -> Said:
    """These words in the letter's language, in English where we do not speak it."""
    language = spoken_in(locale)
    heading, text = words.heading, words.text
    if locale.endswith("-u"):
        heading, text = words.polite_heading or heading, words.polite
    with override(language):
        title, heading, text, button = (
            str(part).format(shop=shop) for part in (words.title, heading, text, words.button)
        )
    return Said(language=language, title=title, heading=heading, text=text, button=button)
