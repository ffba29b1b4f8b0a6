"""What a shop did: from baskets to recovered orders, with what is lost at each step, and mails per day."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from django.urls import reverse
from django.utils.translation import gettext as _

from apps.core import db
from apps.dashboard.permission import permitted
from apps.stores.models import Store

_BASKETS = """
SELECT c.customer_id, cu.email_key IS NOT NULL AND cu.erased_at IS NULL,
    EXISTS (SELECT FROM mail_message m WHERE m.cart_id = c.id AND m.status = 'accepted'),
    c.status = 'ordered' AND EXISTS (
        SELECT FROM mail_message m JOIN tracking_click k ON k.message_id = m.id AND k.machine = ''
        WHERE m.cart_id = c.id AND m.status = 'accepted'
        AND (c.completed_at IS NULL OR k.at <= c.completed_at))
FROM carts_cart c LEFT JOIN customers_customer cu ON cu.id = c.customer_id
WHERE c.store_id = %s AND c.last_activity_at >= %s AND c.gone_at IS NULL
"""

_MAILS = """
SELECT (m.sending_at AT TIME ZONE %s)::date, count(*) FROM mail_message m
WHERE m.store_id = %s AND m.status = 'accepted' AND m.sending_at >= %s AND m.kind <> 'internal' GROUP BY 1
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """One step of the funnel. `lost` went no further than the step before, and `why` says where they stayed."""

    label: str
    count: int
    lost: int
    why: str
    url: str
    share: int


def midnight(store: Store, at: datetime, days: int = 1) -> datetime:
    """When the first of the last so many days began, where the shop is."""
    zone = ZoneInfo(store.time_zone)
    first = at.astimezone(zone).date() - timedelta(days=days - 1)
    return datetime.combine(first, time(), zone)


def funnel(store: Store, since: datetime, at: datetime) -> list[Stage]:
    """Baskets → known → permitted → mailed → recovered."""
    rows = db.rows(_BASKETS, [store.pk, since])
    known = [row for row in rows if row[1]]
    free = permitted({row[0] for row in known}, at)
    allowed = [row for row in known if row[0] in free]
    mailed = [row for row in rows if row[2]]
    recovered = [row for row in rows if row[3]]
    counts = [len(rows), len(known), len(allowed), len(mailed), len(recovered)]
    return [_stage(store, since, place, counts) for place in range(len(counts))]


def _stage(store: Store, since: datetime, place: int, counts: Sequence[int]) -> Stage:
    labels = [_("baskets"), _("known"), _("permitted"), _("mailed"), _("recovered")]
    whys = [
        "",
        _("left no e-mail address"),
        _("gave no permission"),
        _("ordered, wait, or got none for another reason"),
        _("did not order after a click"),
    ]
    return Stage(
        label=labels[place],
        count=counts[place],
        lost=max(counts[place - 1] - counts[place], 0) if place else 0,
        why=whys[place],
        url=_list_of(store, since, ("", "known", "permitted", "mailed", "recovered")[place]),
        share=round(100 * counts[place] / counts[0]) if counts[0] else 0,
    )


def _list_of(store: Store, since: datetime, stage: str) -> str:
    query = {"store": store.pk, "since": since.date().isoformat()} | ({"stage": stage} if stage else {})
    return f"{reverse('admin:carts_cart_changelist')}?{urlencode(query)}"


def mails_per_day(store: Store, at: datetime, days: int = 14) -> list[tuple[date, int]]:
    """How many mails were accepted on each of the last days, in the shop's own days."""
    since = midnight(store, at, days)
    found: dict[date, int] = dict(db.rows(_MAILS, [store.time_zone, store.pk, since]))
    first = since.date()
    every = [first + timedelta(days=day) for day in range(days)]
    return [(day, found.get(day, 0)) for day in every]


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """One day of the chart, in the SVG's own units."""

    x: int
    y: int
    height: int
    day: date
    count: int


CHART_HEIGHT, BAR_STEP, BAR_WIDTH = 96, 24, 16


def bars(days: Sequence[tuple[date, int]]) -> dict[str, Any]:
    """The geometry of a bar chart; an empty one still has its floor."""
    most = max((count for _, count in days), default=0) or 1
    drawn = []
    for place, (day, count) in enumerate(days):
        height = max(round(CHART_HEIGHT * count / most), 2)
        drawn.append(Bar(x=place * BAR_STEP + 4, y=CHART_HEIGHT - height, height=height, day=day, count=count))
    return {
        "bars": drawn,
        "width": len(days) * BAR_STEP,
        "height": CHART_HEIGHT,
        "bar_width": BAR_WIDTH,
        "most": most,
        "total": sum(count for _, count in days),
    }
