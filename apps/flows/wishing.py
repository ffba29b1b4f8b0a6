"""The mail a step asks for. Whether it leaves is for the gate to say, at the last moment.

A mail that is late is asked for all the same: only the gate knows the open hours in which its time of use runs, and
writes down why it was not sent.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import msgspec

from apps.core import db
from apps.flows.taking import Case
from apps.flows.words import SERVICE
from apps.mail.planning import Wish


def wish(
    case: Case,
    template: str,
    *,
    valid_for: timedelta | None = None,
    code_id: int | None = None,
    about: dict[str, Any] | None = None,
) -> Wish:
    """The mail of this step. `about` is added to what the run itself is about."""
    run, plan = case.run, case.plan.definition
    about = _about(run.about, about)
    return Wish(
        store_id=run.store_id,
        customer_id=run.customer_id,
        origin=case.origin,
        purpose=plan.purpose,
        kind="service" if plan.purpose in SERVICE else "marketing",
        template_slug=template,
        due_at=case.due,
        valid_until=_until(case, valid_for),
        priority=plan.rank,
        cart_id=run.cart_id,
        order_id=run.order_id,
        # A flow that began with a code (one about to end) speaks of that one, until it gives another.
        code_id=code_id or about.get("code"),
        since=case.since,
        # The first mail about a basket, on whichever branch, obeys only the night (product.md 5.4).
        night_only=plan.trigger.lane == "basket" and run.spoke is None,
        about=about,
        shadow=case.shadow,
    )


def _until(case: Case, valid_for: timedelta | None) -> datetime:
    """How long it is of use: as the step says, else to the end of what it is about, else as the shop's rules say.

    A product's life ends with a day, and no waiting for a place stretches that (the gate asks for `ends` too).
    """
    ends = _about(case.run.about, None).get("ends")
    if ends and valid_for is None:
        return datetime.combine(date.fromisoformat(str(ends)) + timedelta(days=1), time(), UTC)
    return case.due + (valid_for or case.rules.valid_for(case.plan.definition.purpose))


def _about(of_run: str, more: dict[str, Any] | None) -> dict[str, Any]:
    own: dict[str, Any] = {} if of_run == "{}" else msgspec.json.decode(of_run)
    return {**own, **more} if more else own


_GIVEN = """
SELECT t.run, t.place, c.id FROM unnest(%s::bigint[], %s::bigint[], %s::smallint[], %s::text[])
    AS t(store_id, run, place, ref)
JOIN offers_code c ON c.store_id = t.store_id AND c.ref = t.ref
WHERE c.status NOT IN ('refused', 'expired', 'withdrawn', 'redeemed')
"""


def codes(cases: Sequence[Case]) -> dict[int, int]:
    """By run, the code that was given last on the way to this mail; the mail shows it if it can be used by then."""
    asked = [
        (case.run.store_id, case.run.id, place, f"run:{case.run.id}/step:{place}")
        for case in cases
        for place in case.plan.gifts[case.position]
    ]
    if not asked:
        return {}
    found = db.rows(_GIVEN, [list(column) for column in zip(*asked, strict=True)])
    return {run: code for run, _place, code in sorted(found)}
