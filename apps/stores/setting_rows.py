"""The rows of the settings table: columns, rules, profile and the rest."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from django.utils.translation import gettext_lazy as _

from apps.stores import setting_codes as codes
from apps.stores import setting_forms as forms
from apps.stores.caps import ACCEPTED as CAPS_ACCEPTED
from apps.stores.caps import format_caps, parse_caps
from apps.stores.models import Notice, Store
from apps.stores.rules import CONSENT_META, DEFAULTS, FLOW_DECIDES
from apps.stores.setting import Setting
from apps.stores.setting_forms import Form
from apps.stores.setting_places import Active, Column, Entry, NoticeText, Secrets, Transport
from config.values import MAIL_SCHEMES

STAGES: Final = ("unpaid", "placed", "paid", "fulfilled", "cancelled", "refunded")
PLATFORM_DECIDES: Final = "default"


def columns() -> Iterator[Setting]:
    rows: list[tuple[str, Form, str, str | None, Any]] = [
        (
            "name",
            forms.text(120, required=True),
            "Molenzicht",
            None,
            _("the shop's name as customers know it"),
        ),
        (
            "url",
            forms.web(required=True),
            "https://molenzicht.nl",
            None,
            _("the shop's public address"),
        ),
        (
            "shop_domain",
            forms.host(),
            "molenzicht.myshopify.com",
            "",
            _("the shop's name at Shopify"),
        ),
        ("currency", codes.currency(), "EUR", "EUR", _("what the shop counts in")),
        (
            "language",
            codes.language(),
            "nl",
            "nl",
            _("the language of its mails when nothing else is known"),
        ),
        ("formality", forms.choice("je", "u"), "u", "je", _("how Dutch mails speak to people")),
        (
            "time_zone",
            codes.zone(),
            "Europe/Amsterdam",
            "Europe/Amsterdam",
            _("whose nights and Sundays count"),
        ),
        (
            "country",
            codes.country(),
            "NL",
            "NL",
            _("whose law counts when the buyer's country is unknown"),
        ),
        (
            "abandon_after",
            forms.span(),
            "60m",
            "60m",
            _("a basket silent for so long is left behind"),
        ),
        ("from_email", forms.email(), "hallo@molenzicht.nl", "", _("who the mails are from")),
        (
            "from_name",
            forms.text(120),
            "Sanne van Molenzicht",
            "",
            _("the sender's name; else the shop's"),
        ),
        (
            "reply_to",
            forms.email(),
            "hallo@molenzicht.nl",
            "",
            _("where replies go; else the sender"),
        ),
        (
            "postal_address",
            forms.text(300),
            "Molenpad 12, Amsterdam",
            "",
            _("stands below every mail"),
        ),
        ("registration_number", forms.text(60), "KvK 12345678", "", _("stands below every mail")),
        (
            "link_host",
            forms.origin(),
            "https://mail.molenzicht.nl",
            "",
            _("the shop's own host for links"),
        ),
        (
            "holdout",
            forms.percent(90),
            "10",
            "0",
            _("how many in a hundred get nothing, to compare with"),
        ),
        (
            "feed",
            forms.choice(*Store.Feed.values),
            "polled",
            "none",
            _("how orders the webhooks missed are found"),
        ),
    ]
    for name, form, example, default, about in rows:
        yield Setting(name=name, form=form, place=Column(name), example=example, default=default, help=about)


def rules() -> Iterator[Setting]:
    valid = _("how long such a mail stays of use once it is due")
    quiet, days = (
        _("hours such as 21:00-08:00, or off"),
        _("days, hours or both, such as mo-fr 13:00-16:30, or off"),
    )
    rows: list[tuple[str, Form, str, Any]] = [
        ("quiet", forms.window("quiet", quiet), "21:00-08:00", _("the night: no mail leaves")),
        (
            "sunday",
            forms.window("sunday", _("on or off")),
            "on",
            _("on: mail leaves on Sundays too"),
        ),
        (
            "window",
            forms.window("window", days),
            "mo-fr 13:00-16:30",
            _("the only days and hours for mail"),
        ),
        ("caps", _caps(), "1/16h,3/7d", _("how much marketing one person gets at most")),
        (
            "run_every",
            forms.length(off=True, word=FLOW_DECIDES),
            "7d",
            _("between two runs of a flow for one person"),
        ),
        (
            "merge_within",
            forms.length(off=True),
            "5d",
            _("a basket this soon after a run continues it"),
        ),
        ("max_age", forms.length(off=True), "24h", _("baskets silent for longer start nothing")),
        ("link_life", forms.length(), "30d", _("how long a restore link works")),
        (
            "feed_max_age",
            forms.length(off=True),
            "15m",
            _("older news of orders than this holds the mail"),
        ),
        (
            "attribution",
            forms.length(),
            "5d",
            _("an order this soon after a click counts as recovered"),
        ),
        (
            "offer_every",
            forms.length(off=True),
            "90d",
            _("between two offers to one person, whichever they are"),
        ),
        (
            "accepts_marketing",
            forms.choice("attested", "ignored"),
            "attested",
            _("whether Shopify's own box counts"),
        ),
        (
            "capture",
            forms.choice("consent", "notice", "accounts"),
            "notice",
            _("when the WooCommerce plugin passes on an address with a basket"),
        ),
        (
            "confirm_sign_up",
            forms.choice("law", "always"),
            "always",
            _("who signs up confirms by mail: where the law asks for it, or always"),
        ),
        *[(name, forms.length(), text, valid) for name, text in DEFAULTS.items() if name.startswith("valid.")],
    ]
    for name, form, example, about in rows:
        place = Entry("rules")
        yield Setting(name=name, form=form, place=place, example=example, default=DEFAULTS[name], help=about)


def _caps() -> Form:
    return forms.checked(parse_caps, CAPS_ACCEPTED, format_caps)


def profile() -> Iterator[Setting]:
    line, spoken = forms.text(200), forms.words(50)
    rows: list[tuple[str, Form, str, Any]] = [
        ("shipping_cost", forms.amount(), "4.95", _("the flat shipping cost")),
        ("free_shipping_from", forms.amount(), "50.00", _("free shipping from this amount")),
        (
            "delivery_time",
            line,
            "Voor 17.00 uur besteld, morgen in huis.",
            _("when a parcel arrives"),
        ),
        ("delivery_days", forms.number(1, 60), "3", _("days a parcel is on its way, when nobody says it arrived")),
        ("return_days", forms.number(0, 3650), "30", _("days to send things back")),
        ("return_note", line, "Retour is gratis.", _("what returning costs")),
        (
            "payment_methods",
            line,
            "iDEAL, Bancontact, Klarna",
            _("ways to pay, with commas between"),
        ),
        ("warranty", line, "Twee jaar garantie.", _("what the shop stands for")),
        ("safety_line", line, "Veilig betalen.", _("why it is safe to order here")),
        ("phone", forms.text(40), "+31 20 123 45 67", _("a person to ask")),
        ("email", forms.email(), "hallo@molenzicht.nl", _("the address for questions")),
        ("chat_url", forms.web(), "https://molenzicht.nl/chat", _("where one can chat")),
        ("opening_hours", line, "ma t/m vr 9.00-17.00 uur", _("when somebody answers")),
        ("reply_time", line, "binnen één werkdag", _("how soon a question is answered")),
        ("brand_line", spoken, "Alles van één molen.", _("what the shop is about")),
        ("value_line", spoken, "Met de hand gemaakt.", _("what is good about its things")),
        ("service_line", spoken, "Vragen? We helpen graag.", _("what its service is like")),
        ("pay_later", line, "Achteraf betalen kan ook.", _("what you say about paying later; empty: nothing")),
        ("pay_later_from", forms.amount(), "50.00", _("paying later is named from this amount")),
        ("guide_title", forms.text(80), "Servies kiezen dat past", _("the name of your guide to choosing")),
        ("guide_url", forms.web(), "https://molenzicht.nl/gids", _("where that guide stands")),
        ("help_from", forms.amount(), "150.00", _("from this amount on you offer to have a look with the buyer")),
        ("help_line", line, "We kijken graag even mee.", _("how you offer it")),
        ("account_url", forms.web(), "https://molenzicht.nl/account", _("where a buyer makes an account")),
        ("signature", forms.text(80), "Sanne van Molenzicht", _("who signs the mails")),
        ("legal_name", forms.text(120), "Molenzicht B.V.", _("the name of the company")),
        (
            "review_url",
            forms.web_with("product_url", "product", "variant", "order", own="own"),
            "https://nl.trustpilot.com/evaluate/molenzicht.nl",
            _("where reviews are written, also with {product_url}, {product}, {variant} or {order}; own: on our page"),
        ),
        ("logo", forms.web(), "https://molenzicht.nl/logo.png", _("the picture above every mail")),
        ("colour", forms.colour(), "#2f5d50", _("the colour of the buttons")),
        (
            "font",
            forms.choice("", "system", "classic", "round"),
            "classic",
            _("the letters of the mails"),
        ),
    ]
    for name, form, example, about in rows:
        place = Entry("profile", prefix="profile.")
        yield Setting(name=f"profile.{name}", form=form, place=place, example=example, default="", help=about)


def others() -> Iterator[Setting]:
    yield Setting(
        name="active",
        form=forms.switch(),
        place=Active(),
        example="on",
        default="on",
        help=_("off: everything is kept, nothing is sent"),
    )
    yield Setting(
        name="transport",
        form=codes.connection(MAIL_SCHEMES, PLATFORM_DECIDES),
        place=Transport(),
        example="smtp+starttls://user:password@smtp.example.com:587",
        default=PLATFORM_DECIDES,
        help=_("the shop's own mail connection"),
    )
    yield Setting(
        name="webhook_secret",
        form=forms.secret(),
        place=Secrets(),
        example="kX2v9QmZ4tR7",
        help=_("one more secret; the older ones work for seven more days"),
    )
    yield from _notices()
    yield from _families()


def _notices() -> Iterator[Setting]:
    rows = (
        (
            Notice.Kind.OPT_IN,
            _("the text of the opt-in box, from now on"),
            "Ja, mail mij over mijn mandje.",
        ),
        (
            Notice.Kind.ORDER,
            _("the notice shown when ordering, from now on"),
            "We mailen je over wat je kocht.",
        ),
    )
    for kind, about, example in rows:
        form, place = forms.notice(), NoticeText(kind)
        yield Setting(
            name=f"notice.{kind}",
            form=form,
            place=place,
            example=example,
            default="off",
            help=about,
        )


def _families() -> Iterator[Setting]:
    yield Setting(
        name="status.",
        form=forms.choice(*STAGES, PLATFORM_DECIDES),
        place=Entry("order_statuses"),
        example="paid",
        default=PLATFORM_DECIDES,
        help=_("what an order status of the shop means"),
    )
    yield Setting(
        name="consent_meta.",
        form=forms.text(60),
        place=Entry("rules", inside=CONSENT_META),
        example="mailchimp",
        default="",
        help=_("an order's field in which another plugin keeps its opt-in, and that plugin's name"),
    )
