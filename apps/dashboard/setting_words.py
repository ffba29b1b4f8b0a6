"""What the settings of a shop are called on screen, and in which group they stand."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from django_stubs_ext import StrPromise

GROUPS: Final[tuple[tuple[str, StrPromise, tuple[str, ...]], ...]] = (
    (
        "shop",
        _("The shop"),
        ("active", "name", "url", "shop_domain", "currency", "language", "formality", "time_zone", "country"),
    ),
    (
        "sending",
        _("Sender and mail connection"),
        (
            "from_email", "from_name", "reply_to", "postal_address", "registration_number", "link_host", "transport",
        ),
    ),
    (
        "rules",
        _("When and how often"),
        (
            "abandon_after", "quiet", "sunday", "window", "caps", "holdout", "run_every", "merge_within", "max_age",
            "link_life", "attribution", "offer_every", "feed", "feed_max_age",
        ),
    ),
    ("consent", _("Permission"), ("notice.opt_in", "notice.order", "accepts_marketing", "capture", "consent_meta.")),
    ("profile", _("What mails may tell"), ("profile.",)),
    ("valid", _("How long a mail stays of use"), ("valid.",)),
    ("door", _("Webhooks"), ("webhook_secret", "status.")),
)  # fmt: skip

LABELS: Final[dict[str, StrPromise]] = {
    "active": _("sending"),
    "name": _("name"),
    "url": _("shop address"),
    "shop_domain": _("myshopify domain"),
    "currency": _("currency"),
    "language": _("language"),
    "formality": _("je or u"),
    "time_zone": _("time zone"),
    "country": _("country"),
    "abandon_after": _("idle time"),
    "from_email": _("sender address"),
    "from_name": _("sender name"),
    "reply_to": _("replies go to"),
    "postal_address": _("postal address"),
    "registration_number": _("registration number"),
    "link_host": _("link host"),
    "holdout": _("control group %"),
    "feed": _("order feed"),
    "offer_every": _("pause between offers"),
    "quiet": _("quiet hours"),
    "sunday": _("mail on Sundays"),
    "window": _("send window"),
    "caps": _("at most"),
    "run_every": _("re-entry"),
    "merge_within": _("one story within"),
    "max_age": _("too old after"),
    "link_life": _("restore link works for"),
    "feed_max_age": _("order news at most"),
    "attribution": _("attribution window"),
    "accepts_marketing": _("Shopify's marketing box"),
    "capture": _("addresses from WooCommerce"),
    "valid.cart": _("basket"),
    "valid.unpaid": _("unpaid order"),
    "valid.thanks": _("thank-you"),
    "valid.review": _("review request"),
    "valid.winback": _("win-back"),
    "valid.birthday": _("birthday"),
    "valid.other": _("everything else"),
    "profile.shipping_cost": _("shipping cost"),
    "profile.free_shipping_from": _("free shipping from"),
    "profile.delivery_time": _("delivery time"),
    "profile.return_days": _("days to return"),
    "profile.return_note": _("about returning"),
    "profile.payment_methods": _("ways to pay"),
    "profile.warranty": _("warranty"),
    "profile.safety_line": _("safety"),
    "profile.phone": _("phone"),
    "profile.email": _("e-mail for questions"),
    "profile.chat_url": _("chat address"),
    "profile.opening_hours": _("opening hours"),
    "profile.reply_time": _("reply time"),
    "profile.brand_line": _("about the shop"),
    "profile.value_line": _("about its things"),
    "profile.service_line": _("about its service"),
    "profile.signature": _("signature"),
    "profile.legal_name": _("company name"),
    "profile.logo": _("logo"),
    "profile.colour": _("button colour"),
    "profile.font": _("letters"),
    "transport": _("mail connection"),
    "webhook_secret": _("webhook secret"),
    "notice.opt_in": _("text of the opt-in box"),
    "notice.order": _("notice when ordering"),
}

_ON_OFF: Final = (("on", _("on")), ("off", _("off")))
CHOICES: Final[dict[str, tuple[tuple[str, str | StrPromise], ...]]] = {
    "active": _ON_OFF,
    "sunday": _ON_OFF,
    "formality": (("je", "je"), ("u", "u")),
    "feed": (
        ("none", _("webhooks only")),
        ("polled", _("asked every few minutes")),
        ("live", _("asked before each mail")),
    ),
    "accepts_marketing": (
        ("ignored", _("does not count")),
        ("attested", _("counts: I declare that it starts empty")),
    ),
    "capture": (
        ("consent", _("only with the box ticked")),
        ("notice", _("once the notice was on screen; in NL, BE, DE, AT and FR only with the box ticked")),
        ("accounts", _("only of shoppers who are logged in")),
    ),
    "profile.font": (
        ("", "–"),
        ("system", _("plain")),
        ("classic", _("classic")),
        ("round", _("round")),
    ),
}
