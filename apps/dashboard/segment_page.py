"""What the pages of segments show beside the builder: a count, some faces, who uses it, and the RFM grid."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from apps.core import db
from apps.core.problems import DefinitionRefused
from apps.customers.models import Customer
from apps.dashboard.segment_form import Builder
from apps.dashboard.timeline import amount
from apps.flows.models import Campaign
from apps.segments import members, rfm, saving
from apps.segments.measuring import SHOP_GAPS_FROM
from apps.segments.models import Figures, Segment, ShopFigures
from apps.segments.shopwide import grid
from apps.segments.words import all_words
from apps.stores.models import Store

SHOWN = 8


def looked(segment: Segment, built: Builder, at: datetime) -> dict[str, Any]:
    """How many it would be, some of them, and the conditions in words."""
    plain = built.valid_plain
    try:
        conditions = members.conditions_of(plain)
        count = members.count(conditions, at, segment.store_id)
        ids = members.sample(conditions, at, segment.store_id, limit=SHOWN)
    except DefinitionRefused as refused:
        return {"segment": segment, "problems": [problem.message for problem in refused.problems]}
    faces = Customer.objects.of(segment.store_id).filter(pk__in=ids).select_related("figures").order_by("-pk")
    return {
        "segment": segment,
        "count": count,
        "whole": Customer.objects.of(segment.store_id).filter(erased_at=None).count(),
        "faces": [_face(customer, segment.store) for customer in faces],
        "unfinished": not built.is_valid,
        "told": all_words(conditions),
    }


def _face(customer: Customer, store: Store) -> dict[str, Any]:
    figures: Figures | None = getattr(customer, "figures", None)
    return {
        "row": customer,
        "orders": figures.orders if figures else 0,
        "spent": amount(figures.spent, store.currency) if figures else "",
        "last": figures.last_at if figures else None,
    }


# A flow names a segment in its trigger, its filter or a split; a campaign in its audience. Both as a word in JSON.
_FLOWS = """
SELECT f.name FROM flows_flow f LEFT JOIN flows_version v ON v.id = f.version_id
WHERE f.store_id = %(store)s AND f.deleted_at IS NULL
  AND (jsonb_path_exists(f.draft, %(path)s::jsonpath, %(slug)s::jsonb)
    OR jsonb_path_exists(v.definition, %(path)s::jsonpath, %(slug)s::jsonb))
ORDER BY 1
"""
_NAMED = (
    "$.**.in_segment ? (@ == $slug || @.segment == $slug), $.**.segment_entered ? (@ == $slug || @.segment == $slug),"
    " $.**.segment_left ? (@ == $slug || @.segment == $slug)"
)


def users_of(segment: Segment) -> list[str]:
    """The names of what asks about this segment: other segments, flows, and one-off mails."""
    slug = json.dumps({"slug": segment.slug})
    found: set[str] = set()
    for path in _NAMED.split(", $"):
        told = {"store": segment.store_id, "path": path if path.startswith("$") else f"${path}", "slug": slug}
        found |= {row[0] for row in db.rows(_FLOWS, told)}
    sent = Campaign.objects.of(segment.store_id).filter(segment=segment).values_list("name", flat=True)
    return [*saving.asking(segment), *sorted(found), *sorted(sent)]


def grid_of(store: Store) -> dict[str, Any]:
    """The cells as rows of recency and columns of frequency and money, and the groups with their sums."""
    cells = grid(store.pk)
    people = sum(count for count, _ in cells.values())
    labels = dict(Figures.Group.choices)
    groups = []
    for name, numbers in rfm.GROUPS.items():
        inside = [cells[cell] for cell in numbers if cell in cells]
        count = sum(one for one, _ in inside)
        spent = sum((worth for _, worth in inside), start=0)  # type: ignore[misc]
        share = f"{100 * count / people:.0f} %" if people else "–"
        groups.append(
            {"name": name, "label": labels[name], "count": count, "share": share,
             "spent": amount(spent or None, store.currency) or "–"}
        )  # fmt: skip
    rows = [
        {"recency": recency, "cells": [_cell(recency * 100 + low, cells, labels) for low in _COLUMNS]}
        for recency in (3, 2, 1)
    ]
    shop = ShopFigures.objects.of(store).first()
    return {
        "rows": rows, "columns": [(low // 10, low % 10) for low in _COLUMNS], "groups": groups, "people": people,
        "shop": shop, "usual": gap_of(shop),
    }  # fmt: skip


_COLUMNS = (11, 12, 13, 21, 22, 23, 31, 32, 33)


def _cell(cell: int, cells: Any, labels: Any) -> dict[str, Any]:
    group = rfm.CELLS[cell]
    return {"cell": cell, "group": group, "label": labels[group], "count": cells.get(cell, (0, 0))[0]}


def gap_of(shop: ShopFigures | None) -> str:
    """The usual time between orders, with how often it was seen."""
    if shop is None or shop.gap_days is None:
        return _("not enough data")
    values = {"days": f"{shop.gap_days.normalize():f}", "n": shop.gaps, "least": SHOP_GAPS_FROM}
    if shop.gaps < SHOP_GAPS_FROM:
        return _("not enough data: seen %(n)s times; it counts from %(least)s") % values
    return _("%(days)s days, the middle of %(n)s times") % values
