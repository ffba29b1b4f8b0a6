"""Membership: who came in, who went, and the events that say so. Always for many people in one statement.

An edited definition tells nobody: whoever fits it now is a member without having entered, so no flow begins.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime

from django.db import transaction

from apps.core import db
from apps.core.problems import DefinitionRefused
from apps.core.sql import Sql
from apps.events.kinds import SEGMENT_ENTERED, SEGMENT_LEFT
from apps.events.log import append_from
from apps.segments import compiling, members
from apps.segments.conditions.in_segment import InSegment
from apps.segments.models import Segment
from apps.segments.parts import Condition

_SWAP = """
fits AS MATERIALIZED ({fits}), entered AS (
    INSERT INTO segments_membership (segment_id, customer_id, entered_at)
    SELECT %s::bigint, id, %s::timestamptz FROM fits ON CONFLICT (segment_id, customer_id) DO NOTHING
    RETURNING customer_id
), gone AS (
    DELETE FROM segments_membership m WHERE m.segment_id = %s::bigint AND ({among})
    AND NOT EXISTS (SELECT 1 FROM fits WHERE fits.id = m.customer_id) RETURNING m.customer_id
), changed AS (
    SELECT customer_id, true AS entered FROM entered UNION ALL SELECT customer_id, false FROM gone
)
"""
_EVENTS = f"""
SELECT %s::bigint AS store_id, c.customer_id, %s::text AS subject,
    CASE WHEN c.entered THEN '{SEGMENT_ENTERED}' ELSE '{SEGMENT_LEFT}' END AS kind, %s::timestamptz AS occurred_at,
    concat_ws(':', %s::text, c.customer_id, extract(epoch FROM %s::timestamptz)) AS source_key,
    jsonb_build_object('segment', %s::text) AS data
FROM changed c
"""


def _swap(segment: Segment, conditions: Sequence[Condition], at: datetime, among: list[int] | None = None) -> Sql:
    """The CTEs that let people in and out; `changed` says who did."""
    fits = compiling.everybody(conditions, at, segment.store_id, among=among)
    leave = Sql("true") if among is None else Sql("m.customer_id = ANY(%s::bigint[])", (among,))
    params = (*fits.params, segment.pk, at, segment.pk, *leave.params)
    return Sql(_SWAP.format(fits=fits.text, among=leave.text), params)


def refresh(segment: Segment, conditions: Sequence[Condition], at: datetime, among: list[int] | None = None) -> int:
    """Let people in and out, all or of these, and tell it; returns how many came or went."""
    told = (segment.store_id, f"segment:{segment.pk}", at, str(segment.pk), at, segment.slug)
    return append_from(_swap(segment, conditions, at, among), Sql(_EVENTS, told), at)


def refresh_silently(
    segment: Segment, conditions: Sequence[Condition], at: datetime, among: list[int] | None = None
) -> None:
    """Let people in and out without a word: what was learned late, or is but an edit, starts nothing."""
    swap = _swap(segment, conditions, at, among)
    db.rows(f"WITH {swap.text} SELECT count(*) FROM changed", swap.params)


def rebuild(segment: Segment, at: datetime) -> None:
    """The membership of an edited segment, and of those that ask about it; nobody enters or leaves by an edit.

    Raises DefinitionRefused.
    """
    compiling.read(segment.definition)
    with transaction.atomic():
        changed = {segment.slug}
        for one, conditions in in_order([segment.store_id]):
            if one.slug == segment.slug or changed & set(asked_about(conditions)):
                changed.add(one.slug)
                refresh_silently(one, conditions, at)
        Segment.objects.filter(store=segment.store_id, slug__in=changed).update(counted_at=at)


def refresh_people(customers: Sequence[int], at: datetime, *, silently: bool = False) -> None:
    """All segments of the shops of these people, looked at for these people alone."""
    found = db.rows("SELECT store_id, id FROM customers_customer WHERE id = ANY(%s::bigint[])", [sorted(customers)])
    by_store: dict[int, list[int]] = defaultdict(list)
    for store_id, customer_id in found:
        by_store[store_id].append(customer_id)
    act = refresh_silently if silently else refresh
    for segment, conditions in in_order(by_store):
        act(segment, conditions, at, sorted(by_store[segment.store_id]))


def refresh_shop(store_id: int, at: datetime, *, silently: bool = False) -> None:
    """All segments of a shop, of everybody in it."""
    act = refresh_silently if silently else refresh
    for segment, conditions in in_order([store_id]):
        act(segment, conditions, at)
    Segment.objects.filter(store=store_id).update(counted_at=at)


def in_order(stores: Sequence[int] | dict[int, list[int]]) -> list[tuple[Segment, Sequence[Condition]]]:
    """Segments that can be read, each after those it asks about; what cannot be read is left as it is."""
    readable: dict[tuple[int, str], tuple[Segment, Sequence[Condition]]] = {}
    for segment in Segment.objects.filter(store__in=list(stores)).order_by("store_id", "id"):
        try:
            readable[(segment.store_id, segment.slug)] = (segment, members.conditions_of(segment))
        except DefinitionRefused:
            continue
    ordered: dict[tuple[int, str], tuple[Segment, Sequence[Condition]]] = {}
    for key in readable:
        _place(key, readable, ordered, ())
    return list(ordered.values())


def _place(
    key: tuple[int, str],
    readable: dict[tuple[int, str], tuple[Segment, Sequence[Condition]]],
    ordered: dict[tuple[int, str], tuple[Segment, Sequence[Condition]]],
    above: tuple[tuple[int, str], ...],
) -> None:
    if key in ordered or key in above or key not in readable:
        return
    for slug in asked_about(readable[key][1]):
        _place((key[0], slug), readable, ordered, (*above, key))
    ordered[key] = readable[key]


def asked_about(conditions: Sequence[Condition]) -> list[str]:
    """The segments whose members these conditions speak of."""
    return [part.segment for part in compiling.every(conditions) if isinstance(part, InSegment)]
