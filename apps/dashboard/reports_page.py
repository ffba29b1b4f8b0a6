"""What the page of reports shows: what went in, what came out, what customers felt. No data is said as such."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from django.urls import reverse
from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from apps.dashboard.asked import survey_facts
from apps.dashboard.timeline import amount
from apps.feedback.models import Survey
from apps.flows.words import PURPOSES
from apps.offers.numbers import cost
from apps.reports.baskets import baskets, uplift
from apps.reports.keeping import keeping
from apps.reports.people import People, people
from apps.reports.periods import Period, last_days, the_one_before
from apps.reports.recovery import Recovery, recovery
from apps.reports.sendings import Sendings, sendings
from apps.stores.models import Store

PERIODS: Final = {30: gettext_lazy("30 days"), 90: gettext_lazy("90 days"), 365: gettext_lazy("a year")}
YEAR: Final = 365


@dataclass(frozen=True, slots=True)
class Line:
    """One number as it stands on the page, with what it is of."""

    name: str
    value: str
    help: str = ""


def report_of(store: Store, days: int, at: datetime) -> dict[str, Any]:
    """Every number of the last so many days of a shop."""
    period = last_days(store, days, at)
    sent = sendings(store, period, at)
    return {
        "went_in": list(_went_in(store, period, sent)),
        "came_out": [*_buyers(store, days, people(store, period, at)), *_stayed(store, period, at)],
        "carts": list(_baskets(store, period, at)),
        "flows": [_flow(one, store) for one in recovery(store, period, at)],
        "felt": list(_felt(sent)),
        "surveys": list(_surveys(store, days, at)),
    }


def _went_in(store: Store, period: Period, sent: Sendings) -> Iterator[Line]:
    yield Line(_("Mails accepted"), _whole(sent.mails), _("In all; the provider took them."))
    for purpose, mails in sent.by_purpose.items():
        yield Line(str(PURPOSES.get(purpose, purpose)).capitalize(), _whole(mails))
    given = cost(store.pk, period.since, period.until) if period.since else {}
    yield Line(_("Codes given"), _whole(sum(one.given for one in given.values())))
    for currency, one in given.items():
        yield Line(
            _("Discount used"),
            amount(one.discount, currency) or _whole(one.redeemed),
            ngettext("%(n)s code redeemed", "%(n)s codes redeemed", one.redeemed) % {"n": one.redeemed},
        )


def _buyers(store: Store, days: int, found: People) -> Iterator[Line]:
    yield Line(_("Customers"), _whole(found.customers), _("With a paid order in this period."))
    yield Line(_("Returning customers"), _percent(found.returning_percent), _("Customers with more than one order."))
    yield Line(_("Purchase frequency"), _number(found.frequency), _("Orders per customer."))
    yield Line(_("Average order value"), _money(found.average_order, store), _("Revenue divided by orders."))
    yield Line(
        _("Customer value per year"),
        _money(found.value(round(YEAR / days)), store),
        _("Average order × orders per period × periods in a year."),
    )
    gaps = _("Mean %(mean)s, median %(median)s") % {
        "mean": _number(found.mean_gap), "median": _number(found.median_gap),
    }  # fmt: skip
    yield Line(_("Days between purchases"), _number(found.median_gap), gaps)
    yield Line(_("Regulars"), _whole(found.vips), _("Customers with three orders or more."))


def _stayed(store: Store, period: Period, at: datetime) -> Iterator[Line]:
    found = keeping(store, period, at)
    yield Line(
        _("Customers lost"),
        _percent(found.churn),
        _("Of those who ordered in the %(days)s days before this period, who did not in its last %(days)s days.")
        % {"days": found.days},
    )
    yield Line(_("Customers kept"), _percent(found.retention), _("New customers do not count."))


def _baskets(store: Store, period: Period, at: datetime) -> Iterator[Line]:
    found, earlier = baskets(store, period, at), baskets(store, the_one_before(store, period), at)
    yield Line(_("Baskets"), _whole(found.carts), _("Begun in this period."))
    yield Line(_("Baskets with an order"), _whole(found.ordered))
    yield Line(_("Abandonment"), _percent(found.abandonment), _("Baskets without an order."))
    yield Line(_("Capture"), _percent(found.capture), _("Orders whose basket was seen before."))
    gained = uplift(earlier.abandonment, found.abandonment)
    sign = "+" if gained is not None and gained > 0 else ""
    yield Line(_("Uplift"), sign + _percent(gained), _("More orders of as many baskets than in the period before."))


def _flow(one: Recovery, store: Store) -> dict[str, Any]:
    return {
        "name": one.name,
        "url": reverse("admin:flows_flow_change", args=[one.flow_id]),
        "entered": one.entered,
        "recovered": _of(one.recovered, one.entered, one.percent),
        "without_click": one.without_click,
        "revenue": _money(one.revenue, store),
        "held": one.held,
        "held_ordered": one.held_ordered if one.held else _("n/a"),
        "difference": _difference(one),
    }


def _of(some: int, of: int, percent: Decimal | None) -> str:
    return f"{_whole(some)} ({_percent(percent)})" if of else _("n/a")


def _difference(one: Recovery) -> str:
    if one.difference is None or one.interval is None:
        return _("n/a")
    low, high = (_signed(bound) for bound in one.interval)
    return _("%(value)s points (%(low)s to %(high)s)") % {"value": _signed(one.difference), "low": low, "high": high}


def _felt(sent: Sendings) -> Iterator[Line]:
    yield Line(_("Unsubscribed"), _of(sent.unsubscribed, sent.mails, sent.unsubscribed_percent), _("Of the mails."))
    yield Line(_("Marked as spam"), _of(sent.complained, sent.mails, sent.complained_percent), _("Of the mails."))


def _surveys(store: Store, days: int, at: datetime) -> Iterator[dict[str, Any]]:
    """The newest version of each survey, with its own numbers."""
    newest = Survey.objects.of(store).select_related("store").order_by("slug", "-number").distinct("slug")
    for survey in newest:
        facts = survey_facts(survey, at, days)
        url = reverse("admin:feedback_survey_change", args=[survey.pk])
        yield {"name": survey.name, "url": url, "n": facts["results"].n, "figures": facts["figures"]}


def _percent(value: Decimal | None) -> str:
    return _("n/a") if value is None else f"{number_format(value, 2)} %"


def _number(value: Decimal | None) -> str:
    return _("n/a") if value is None else number_format(value, 2)


def _signed(value: Decimal) -> str:
    return f"{'+' if value > 0 else ''}{number_format(value, 2)}"


def _whole(value: int) -> str:
    return number_format(value, 0, use_l10n=True, force_grouping=True)


def _money(value: Decimal | None, store: Store) -> str:
    return _("n/a") if value is None else amount(value, store.currency)
