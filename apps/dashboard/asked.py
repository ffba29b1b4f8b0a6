"""What the pages of surveys, low scores and sign-ups show; and the alarm of a low score nobody looked after."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from django.conf import settings
from django.utils.formats import number_format
from django.utils.html import escape
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from apps.core import db
from apps.customers import holding
from apps.customers.models import Hold
from apps.dashboard.survey_form import part_name
from apps.feedback import signing_up
from apps.feedback.models import Answer, LowScore, SignUp, Survey
from apps.feedback.parts import Figure
from apps.feedback.results import ENOUGH, Results, by_month, results
from apps.stores.models import Store

PERIODS: Final = (30, 90, 365)
SHOWN: Final = 50
SHOWN_LOW: Final = 10
WIDE, HIGH = 320, 80
"""Of the chart by month, in its own units."""


@dataclass(frozen=True, slots=True)
class Shown:
    """One number as it stands on the page."""

    name: str
    value: str
    n: int
    help: str


@dataclass(frozen=True, slots=True)
class Share:
    """One answer: how many gave it."""

    part: str
    label: str
    n: int
    percent: int


@dataclass(frozen=True, slots=True)
class Column:
    """One month of the chart."""

    x: float
    y: float
    width: float
    height: float
    month: str
    value: str

    @property
    def middle(self) -> float:
        return self.x + self.width / 2

    @property
    def above(self) -> float:
        return self.y - 4


_ASKED: Final = """
SELECT count(DISTINCT (m.customer_id, split_part(m.origin, '/', 1))) FROM mail_message m
JOIN feedback_survey v ON v.id = (m.about ->> 'survey')::bigint AND v.store_id = m.store_id
WHERE m.store_id = %s AND m.status = 'accepted' AND v.slug = %s AND m.sending_at >= %s AND m.sending_at < %s
  AND jsonb_typeof(m.about -> 'survey') = 'number'
"""


def asked(survey: Survey, since: datetime, until: datetime) -> int:
    """How many times somebody was asked by mail; a question and its reminder are one."""
    return int(db.rows(_ASKED, [survey.store_id, survey.slug, since, until])[0][0])


def survey_facts(survey: Survey, at: datetime, days: int) -> dict[str, Any]:
    """Everything a survey's page shows of a period."""
    since, until = at - timedelta(days=days), at + timedelta(seconds=1)
    words = labels_of(survey)
    of: dict[str, Any] = {
        "store_id": survey.store_id, "slug": survey.slug, "kind": survey.kind, "codes": list(words),
        "since": since, "until": until,
    }  # fmt: skip
    found = results(**of, asked=asked(survey, since, until))
    answers = Answer.objects.of(survey.store_id).filter(
        survey__slug=survey.slug, replaced_at__isnull=True, answered_at__gte=since
    )
    return {
        "survey": survey,
        "days": days,
        "periods": PERIODS,
        "results": found,
        "rate": _percent(found.rate),
        "thin": ngettext(
            "Only %(n)s answer: below %(enough)s a number says little.",
            "Only %(n)s answers: below %(enough)s a number says little.",
            found.n,
        )
        % {"n": found.n, "enough": ENOUGH}
        if found.is_thin
        else "",
        "figures": [_shown(figure, words) for figure in found.figures],
        "shares": list(_shares(found, words)),
        "columns": columns if len(columns := _columns(by_month(**of))) > 1 else [],
        "chart": {"width": WIDE, "height": HIGH},
        "comments": answers.exclude(comment="").select_related("customer").order_by("-answered_at")[:SHOWN],
        "lows": waiting(survey.store).filter(answer__survey__slug=survey.slug)[:SHOWN_LOW],
        "versions": Survey.objects.of(survey.store_id).filter(slug=survey.slug).order_by("-number"),
    }


def labels_of(survey: Survey) -> dict[str, str]:
    """Code → its words in the shop's language, in the order they are shown."""
    texts = survey.texts
    words = texts.get(survey.store.locale) or texts.get(survey.store.language) or next(iter(texts.values()))
    return dict(words["answers"])


NAMES: Final = {"nps": "NPS", "csat": "CSAT"}


def _shown(figure: Figure, words: dict[str, str]) -> Shown:
    match figure.name:
        case "nps":
            return Shown("NPS", _signed(figure.value), figure.n, _("Share of 9 and 10 minus share of 0 to 6."))
        case "csat":
            return Shown("CSAT", _percent(figure.value), figure.n, _("Share of the two best answers."))
        case "effort":
            help_text = _("Share for whom it was far too much.")
            return Shown(part_name(figure.part).capitalize(), _percent(figure.value), figure.n, help_text)
        case _:
            return Shown(words.get(figure.code, figure.code), _percent(figure.value), figure.n, "")


def _percent(value: Decimal | None) -> str:
    return _("n/a") if value is None else f"{number_format(value, 2)} %"


def _signed(value: Decimal | None) -> str:
    if value is None:
        return _("n/a")
    return f"{'+' if value > 0 else ''}{number_format(value, 2)}"


def _shares(found: Results, words: dict[str, str]) -> list[Share]:
    return [
        Share(
            part=part_name(part) if part else "",
            label=words.get(code, code),
            n=n,
            percent=round(100 * n / total) if (total := sum(given.values())) else 0,
        )
        for part, given in found.counts.items()
        for code, n in given.items()
    ]


def _columns(months: list[tuple[str, tuple[Figure, ...]]]) -> list[Column]:
    """One column per month, of the first number; the lowest still has its foot."""
    last = months[-12:]
    width = WIDE / max(len(last), 6)
    shown = []
    for place, (month, figures) in enumerate(last):
        value = figures[0].value if figures else None
        height = HIGH * _share_of_height(figures)
        shown.append(
            Column(
                x=round(place * width + width * 0.1, 2), y=round(HIGH - height, 2), width=round(width * 0.8, 2),
                height=round(max(height, 0.5), 2), month=month, value=_signed(value),
            )
        )  # fmt: skip
    return shown


def _share_of_height(figures: tuple[Figure, ...]) -> float:
    """From 0 to 1; NPS runs from −100 to +100."""
    if not figures or figures[0].value is None:
        return 0.0
    value = float(figures[0].value)
    return (value + 100) / 200 if figures[0].name == "nps" else value / 100


def waiting(store: Store) -> Any:
    """Low scores that nobody has looked after yet, the newest first."""
    return (
        LowScore.objects.of(store)
        .filter(attended_at__isnull=True)
        .select_related("customer", "answer__survey", "review")
        .order_by("-at", "-pk")
    )


def source_of(low: LowScore) -> str:
    """Which question, or which product, it was given for."""
    if low.answer is not None:
        return _("%(score)s for “%(what)s”") % {"score": low.answer.score, "what": low.answer.survey.name}
    assert low.review is not None
    return _("%(score)s for “%(what)s”") % {"score": low.score, "what": low.review.title}


def holds_of(low: LowScore, at: datetime) -> list[Hold]:
    """What low scores hold back from this person now."""
    standing = holding.standing(low.customer, at) if low.customer is not None else []
    return [hold for hold in standing if hold.kind == Hold.Kind.SCORE]


def words_of(low: LowScore) -> str:
    """What was written beside it."""
    if low.answer is not None:
        return low.answer.comment
    return low.review.text if low.review is not None else ""


def sign_up_page(store: Store) -> dict[str, Any] | None:
    """The shop's sign-up page and the form to paste; None while it has no consent text."""
    notice = signing_up.text_in_force(store)
    if notice is None:
        return None
    address = f"{(store.link_host or settings.ENV.public_url).rstrip('/')}/signup/{store.key}/"
    return {
        "store": store,
        "address": address,
        "form": pasted(address, notice.pk, notice.text, store.language),
        "confirms": signing_up.needs_confirming(store),
        "count": SignUp.objects.of(store).filter(outcome__in=("granted", "confirmed")).count(),
    }


_PASTED: Final = {
    "nl": ("E-mailadres", "Aanmelden", "Laat dit leeg"),
    "en": ("Email address", "Sign up", "Leave this empty"),
}


def pasted(address: str, notice: int, text: str, language: str) -> str:
    """The plain form for the shop's own site: no script, no style, the text that is in force now."""
    label, button, empty = _PASTED.get(language, _PASTED["en"])
    return (
        f'<form method="post" action="{escape(address)}">\n'
        f'  <label>{label} <input type="email" name="email" required autocomplete="email"></label>\n'
        f'  <p hidden><label>{empty} <input type="text" name="website" tabindex="-1" autocomplete="off"></label></p>\n'
        f'  <label><input type="checkbox" name="consent" value="yes" required> {escape(text)}</label>\n'
        f'  <input type="hidden" name="notice" value="{notice}">\n'
        f'  <button type="submit">{button}</button>\n'
        f"</form>\n"
    )
