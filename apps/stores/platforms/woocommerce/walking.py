"""Walking through a shop's lists without losing or missing anything while the lists move underneath.

WooCommerce knows pages by number only, and pages shift when things are added, changed or deleted. So there are two
walks, each with a place that survives a restart. **By number**: sorted by id from an offset, and each page begins with
the last thing of the page before; where it does not, things before it were deleted and the walk steps back. **By
change**: sorted by modification, always the first page after a moment that moves along; equal seconds, which the
database sorts as it likes, are asked for once more and known by their ids, and a second that holds more than a page is
walked by number.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import msgspec

from apps.stores.errors import AnswerUnreadable, ShopTrouble
from apps.stores.network import Answer
from apps.stores.platforms.woocommerce.client import Shop
from apps.stores.troubles import Trouble

SECOND: Final = timedelta(seconds=1)
SMALLEST: Final = 2
"""One thing of the page before and one new one."""
# A page that is too much for the shop: PHP runs out of memory or time (woocommerce.md 2.1).
_TOO_MUCH: Final = frozenset({Trouble.TOO_LARGE, Trouble.TIMED_OUT, Trouble.CUT_OFF, Trouble.SHOP_ERROR})


class Place(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How far a walk came. Written as the cursor; nothing of it is of use to anybody else."""

    size: int
    offset: int = 0
    last: int = 0
    """The id the next page has to begin with; 0 at the beginning."""
    after: str = ""
    """The second of the last change seen (UTC, as WooCommerce writes it)."""
    known: tuple[int, ...] = ()
    """Ids seen of that second."""
    begun: datetime | None = None
    total: int | None = None
    status: str = ""


class Head(msgspec.Struct, frozen=True):
    """What the walk itself needs of a thing."""

    id: int
    date_created_gmt: str | None = None
    date_modified_gmt: str | None = None
    status: Any = None
    type: Any = None


@dataclass(frozen=True, slots=True)
class Found:
    """One thing of a page: its head, and the JSON it came in."""

    head: Head
    raw: bytes


@dataclass(frozen=True, slots=True)
class Step:
    """What one page brought, and where to go on; `place` None after the last."""

    found: Sequence[Found]
    place: Place | None
    answer: Answer


@dataclass(frozen=True, slots=True, kw_only=True)
class Road:
    """One list of one shop, and what it is filtered by."""

    shop: Shop
    endpoint: str
    params: dict[str, Any]
    descending: bool = False

    def page(self, size: int, **more: Any) -> tuple[Answer, list[Found], int]:
        """One page; a smaller one where the shop cannot make it this large."""
        while True:
            params = {**self.params, **more, "per_page": size}
            try:
                answer = self.shop.read(self.endpoint, impatient=() if size <= SMALLEST else _TOO_MUCH, **params)
            except ShopTrouble as trouble:
                if size <= SMALLEST or trouble.trouble not in _TOO_MUCH or trouble.values.get("status") == "503":
                    raise
                size = max(SMALLEST, size // 2)
                continue
            return answer, _found(answer), size


def _found(answer: Answer) -> list[Found]:
    """The things of a page. What has no id cannot be one of ours, and a plugin may well add such."""
    found = []
    for raw in answer.items():
        try:
            found.append(Found(msgspec.json.decode(raw, type=Head), raw))
        except msgspec.DecodeError:
            continue
    return found


def told_total(answer: Answer) -> int | None:
    said = answer.headers.get("x-wp-total", "")
    return int(said) if said.isascii() and said.isdigit() and len(said) < 12 else None


def by_number(road: Road, place: Place, *, until: Callable[[Head], bool] | None = None) -> Step:
    """The next page by id. `until` ends the walk before the first thing it is true of."""
    start = max(0, place.offset - 1)
    answer, found, size = road.page(
        max(SMALLEST, place.size), orderby="id", order="desc" if road.descending else "asc", offset=start
    )
    if start and (not found or _is_past(road, found[0].head.id, place.last)):
        # Something before this page was deleted, and what followed moved up.
        back = msgspec.structs.replace(place, size=size, offset=max(0, place.offset - size))
        return Step((), back, answer)
    fresh = [one for one in found if not place.last or _is_past(road, one.head.id, place.last)]
    stop = next((number for number, one in enumerate(fresh) if until is not None and until(one.head)), None)
    total = told_total(answer)
    more = len(found) == size if total is None else start + len(found) < total
    if stop is not None or not found or not more:
        return Step(fresh[:stop], None, answer)
    last = fresh[-1].head.id if fresh else place.last
    return Step(fresh, msgspec.structs.replace(place, size=size, offset=start + len(found), last=last), answer)


def _is_past(road: Road, number: int, last: int) -> bool:
    return number < last if road.descending else number > last


def by_change(road: Road, place: Place) -> Step:
    """The next page by modification. Raises AnswerUnreadable when the shop does not go by it."""
    if place.offset or place.last:
        return _within_a_second(road, place)
    floor = datetime.fromisoformat(place.after)
    answer, found, size = road.page(
        place.size, modified_after=_bare(floor - SECOND), dates_are_gmt="true", orderby="modified", order="asc"
    )
    changes = [_changed(one.head) for one in found]
    if any(change < place.after for change in changes) and min(changes) < _bare(floor - SECOND):
        # Parameters that a shop does not know it ignores silently, and then this is the whole shop.
        raise AnswerUnreadable(Trouble.UNEXPECTED_ANSWER, host=answer.host, detail="modified_after is not obeyed")
    fresh = [one for one in found if _changed(one.head) > place.after or one.head.id not in place.known]
    total = told_total(answer)
    if not found or not (len(found) >= size if total is None else len(found) < total):
        return Step(fresh, None, answer)
    newest = max(changes)
    if newest <= place.after:
        return Step((), msgspec.structs.replace(place, size=max(SMALLEST, size), offset=1, known=()), answer)
    known = tuple(one.head.id for one in found if _changed(one.head) == newest)
    return Step(fresh, msgspec.structs.replace(place, size=size, after=newest, known=known), answer)


def _within_a_second(road: Road, place: Place) -> Step:
    """A second in which somebody changed more than a page of things at once."""
    floor = datetime.fromisoformat(place.after)
    second = {
        "modified_after": _bare(floor - SECOND),
        "modified_before": _bare(floor + SECOND),
        "dates_are_gmt": "true",
    }
    inside = Road(shop=road.shop, endpoint=road.endpoint, params=road.params | second)
    step = by_number(inside, place)
    if step.place is not None:
        return step
    onward = msgspec.structs.replace(place, offset=0, last=0, known=(), after=_bare(floor + SECOND))
    return Step(step.found, onward, step.answer)


def _changed(head: Head) -> str:
    return (head.date_modified_gmt or head.date_created_gmt or "")[:19]


def _bare(moment: datetime) -> str:
    return moment.replace(tzinfo=None, microsecond=0).isoformat()


def in_utc(moment: datetime) -> str:
    """As WooCommerce writes and reads it with `dates_are_gmt`."""
    return _bare(moment.astimezone(UTC))
