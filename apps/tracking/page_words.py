"""What the pages of surveys, reviews and sign-ups say; Dutch in je and in u (context "u")."""

from __future__ import annotations

from dataclasses import dataclass, fields

from django.utils.translation import gettext_lazy as _
from django.utils.translation import override, pgettext_lazy

from apps.mail.names import clean
from apps.tracking.words import Text, spoken_in


@dataclass(frozen=True, slots=True, kw_only=True)
class Spoken:
    """One sentence as it is said to somebody addressed as je, and as u. `{shop}` is the shop's name."""

    je: Text
    u: Text | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Survey:
    """The page with a question, and the one after it."""

    comment: Spoken = Spoken(
        je=_("Would you like to add something? (optional)"),
        u=pgettext_lazy("u", "Would you like to add something? (optional)"),
    )
    send: Spoken = Spoken(je=_("Send my answer"))
    choose: Spoken = Spoken(
        je=_("Choose an answer first, then press the button."),
        u=pgettext_lazy("u", "Choose an answer first, then press the button."),
    )
    thanks: Spoken = Spoken(je=_("Thank you for your answer"), u=pgettext_lazy("u", "Thank you for your answer"))
    read: Spoken = Spoken(
        je=_("Somebody of {shop} reads every answer. You can still change yours: open the link in the email again."),
        u=pgettext_lazy(
            "u", "Somebody of {shop} reads every answer. You can still change yours: open the link in the email again."
        ),
    )
    review: Spoken = Spoken(je=_("Write a review"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Review:
    """Our own form for a review."""

    heading: Spoken = Spoken(je=_("What do you think of it?"), u=pgettext_lazy("u", "What do you think of it?"))
    stars: Spoken = Spoken(je=_("Your stars"), u=pgettext_lazy("u", "Your stars"))
    text: Spoken = Spoken(je=_("In your own words (optional)"), u=pgettext_lazy("u", "In your own words (optional)"))
    author: Spoken = Spoken(je=_("Name to stand under it (optional)"))
    publish: Spoken = Spoken(
        je=_("{shop} may show this review, with the name above."),
        u=pgettext_lazy("u", "{shop} may show this review, with the name above."),
    )
    send: Spoken = Spoken(je=_("Send my review"))
    choose: Spoken = Spoken(
        je=_("Choose one to five stars first, then press the button."),
        u=pgettext_lazy("u", "Choose one to five stars first, then press the button."),
    )
    thanks: Spoken = Spoken(je=_("Thank you for your review"), u=pgettext_lazy("u", "Thank you for your review"))
    read: Spoken = Spoken(
        je=_("It has reached {shop}. To change it, open the link in the email again."),
        u=pgettext_lazy("u", "It has reached {shop}. To change it, open the link in the email again."),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class SignUp:
    """The sign-up page, and the one behind the mail that asks to confirm."""

    heading: Spoken = Spoken(je=_("Mail from {shop}"))
    about: Spoken = Spoken(
        je=_("Leave your address and you hear from us now and then. Every email has a link to stop."),
        u=pgettext_lazy("u", "Leave your address and you hear from us now and then. Every email has a link to stop."),
    )
    address: Spoken = Spoken(je=_("Your email address"), u=pgettext_lazy("u", "Your email address"))
    leave_empty: Spoken = Spoken(je=_("Leave this empty"))
    send: Spoken = Spoken(je=_("Sign up"))
    wrong: Spoken = Spoken(
        je=_("That is not a whole email address. Please look at it once more."),
        u=pgettext_lazy("u", "That is not a whole email address. Please look at it once more."),
    )
    untouched: Spoken = Spoken(
        je=_("Tick the box as well, so that we may write to you."),
        u=pgettext_lazy("u", "Tick the box as well, so that we may write to you."),
    )
    too_often: Spoken = Spoken(
        je=_("This was pressed very often just now. Please try again in an hour."),
        u=pgettext_lazy("u", "This was pressed very often just now. Please try again in an hour."),
    )
    thanks: Spoken = Spoken(je=_("Thank you"), u=pgettext_lazy("u", "Thank you"))
    look: Spoken = Spoken(
        je=_("If there is still something to confirm, you find an email from {shop} within a few minutes."),
        u=pgettext_lazy(
            "u", "If there is still something to confirm, you find an email from {shop} within a few minutes."
        ),
    )
    confirm_heading: Spoken = Spoken(
        je=_("One press and you are signed up"), u=pgettext_lazy("u", "One press and you are signed up")
    )
    confirm_about: Spoken = Spoken(
        je=_("Press the button and {shop} may write to you, until you say otherwise."),
        u=pgettext_lazy("u", "Press the button and {shop} may write to you, until you say otherwise."),
    )
    confirm: Spoken = Spoken(je=_("Yes, sign me up"))
    confirmed: Spoken = Spoken(je=_("You are signed up"), u=pgettext_lazy("u", "You are signed up"))
    welcome: Spoken = Spoken(
        je=_("Good to have you. Every email has a link to stop."),
        u=pgettext_lazy("u", "Good to have you. Every email has a link to stop."),
    )
    late: Spoken = Spoken(je=_("This link has expired"))
    again: Spoken = Spoken(
        je=_("Nobody was signed up with it. Signing up again sends a new one."),
    )


def spoken(words: Survey | Review | SignUp, *, locale: str, shop: str) -> dict[str, str]:
    """Every sentence of a page in one language, by its name."""
    polite = locale.endswith("-u")
    name = clean(shop, 80)
    with override(spoken_in(locale)):
        return {
            field.name: str(_said(getattr(words, field.name), polite=polite)).replace("{shop}", name)
            for field in fields(words)
        }


def _said(sentence: Spoken, *, polite: bool) -> Text:
    return sentence.u if polite and sentence.u is not None else sentence.je
