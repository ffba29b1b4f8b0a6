"""What the mails of a batch speak of besides their baskets, gathered in few questions, and only what they ask for."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from functools import lru_cache
from typing import Any, Final
from zoneinfo import ZoneInfo

import msgspec

from apps.core import db
from apps.feedback import asking, reviewing
from apps.mail import bought, links_out
from apps.mail.baskets import BasketLine
from apps.mail.bought import OrderRow
from apps.mail.compiled import Compiled
from apps.mail.facts import Subject
from apps.mail.mjml import spans
from apps.mail.needs import names
from apps.mail.purchases import LINES_KEPT, Purchase
from apps.mail.sayings import Answer, Survey, plain_values
from apps.mail.shops import Shop
from apps.mail.supplying import Supply, line_of_order

ROOTS: Final = re.compile(
    r"(?<![\w.])(order|lines|products?|news|favourites|bestsellers|survey|event|person\.is|links\.\w+)\b"
)
EVERYTHING: Final = frozenset(
    {"order", "lines", "product", "products", "news", "favourites", "bestsellers", "survey", "event", "person.is",
     "links.pay"}
)  # fmt: skip
_OF_PARCELS: Final = frozenset({"delay", "status", "campaign"})
_OF_ORDERS: Final = frozenset({"order", "lines", "product", "products", "links.pay"})


def asked_for(compiled: Compiled) -> frozenset[str]:
    """The parts of the context that this text speaks of; rather one too many than one too few."""
    # Not by the whole: a text that was published with warnings brings what cannot be hashed.
    return _asked_for(compiled.needs, (compiled.subject, compiled.preheader, compiled.html, compiled.text))


@lru_cache(maxsize=4096)
def _asked_for(needs: tuple[str, ...], texts: tuple[str, ...]) -> frozenset[str]:
    found = {name.partition(".")[0] for need in needs for name in names(need)}
    for text in texts:
        pieces, _ = spans(text)
        found.update(name for start, end in pieces for name in ROOTS.findall(text[start:end]))
    return frozenset(found)


class Gathered:
    """Everything of a batch: `of` gives one mail's share as fields of its MailContext.

    `wants` says per message what its text speaks of.
    """

    def __init__(
        self,
        subjects: Sequence[Subject],
        wants: Mapping[int, frozenset[str]],
        shops: Mapping[int, Shop],
        locales: Mapping[int, str],
        *,
        ring: Sequence[bytes | str],
        at: datetime,
    ) -> None:
        self.wants, self.shops, self.locales, self.ring, self.at = wants, shops, locales, ring, at
        ordered = [one for one in subjects if one.order_id and self._any(one, _OF_ORDERS)]
        found = bought.orders(one.order_id for one in ordered if one.order_id)
        theirs = {(one.store_id, one.order_id) for one in ordered}
        self.orders = {key: order for key, order in found.items() if (order.store_id, key) in theirs}
        self.supply = Supply(subjects, wants, shops, self.orders, at=at)
        reviewed = {one.order_id for one in ordered if one.order_id and self._any(one, {"lines"})}
        self.reviewable = reviewing.reviewable(reviewed, at) if reviewed else {}
        self.segments = _segments(one.customer_id for one in subjects if self._any(one, {"person.is"}))
        self.events = _events(one for one in subjects if self._any(one, {"event", "order"}))
        self.questions = _questions([one for one in subjects if self._any(one, {"survey"})], locales)

    def _any(self, subject: Subject, names: Iterable[str]) -> bool:
        return not self.wants[subject.message_id].isdisjoint(names)

    def of(self, subject: Subject) -> dict[str, Any]:
        """What this mail speaks of: field → value of MailContext; what it does not ask for stays empty."""
        order = self.orders.get(subject.order_id or 0)
        shop = self.shops[subject.store_id]
        return {
            "order": self._order(order, subject, shop)
            if order and self._any(subject, {"order", "links.pay"})
            else None,
            "lines": self._lines(subject, shop),
            **self.supply.of(subject),
            "survey": self._survey(subject, shop),
            "event": self.events.get(subject.message_id, {}),
            "tags": subject.tags,
            "properties": plain_values(subject.properties) if subject.properties else {},
            "segments": self.segments.get(subject.customer_id or 0, ()),
            "years": _number(subject.about.get("years")),
        }

    def _order(self, order: OrderRow, subject: Subject, shop: Shop) -> Purchase:
        zone = ZoneInfo(shop.zone)
        placed = order.placed_at or order.created_at
        return Purchase(
            number=order.number,
            currency=order.currency,
            stage="delivered" if order.delivered_at and order.stage == "fulfilled" else order.stage,
            placed_on=placed.astimezone(zone).date() if placed else None,
            expected_on=self._expected(subject, zone),
            lines=tuple(line_of_order(line, order.store_id, self.supply.goods) for line in order.lines),
            line_count=order.count,
            total=order.total,
            tracking_url=order.tracking_url,
            pay_url=links_out.pay(order.pay_url, shop) if order.stage == "unpaid" else "",
        )

    def _expected(self, subject: Subject, zone: ZoneInfo) -> date | None:
        """The newest day anybody named for its arrival; a day that is past is no expectation any more."""
        due = subject.about.get("due") if subject.purpose in _OF_PARCELS else None
        told = (self.events.get(subject.message_id, {}).get("new_date"), due)
        today = self.at.astimezone(zone).date()
        return next((day for one in told if one and (day := _day(one)) and day >= today), None)

    def _lines(self, subject: Subject, shop: Shop) -> tuple[BasketLine, ...]:
        found = self.reviewable.get(subject.order_id or 0, ()) if self._any(subject, {"lines"}) else ()
        return tuple(
            BasketLine(
                title=line.title,
                short_name=line.short_name,
                image=line.image,
                review_url=line.url or links_out.review(shop, subject.message_id, line.position, ring=self.ring),
            )
            for line in found[:LINES_KEPT]
        )

    def _survey(self, subject: Subject, shop: Shop) -> Survey | None:
        asked = self.questions.get((_number(subject.about.get("survey")) or 0, self.locales[subject.message_id]))
        if asked is None or not self._any(subject, {"survey"}):
            return None
        return Survey(
            question=asked.question,
            answers=tuple(
                Answer(
                    label=choice.label,
                    url=links_out.answer(shop, subject.message_id, choice.slot, ring=self.ring),
                )
                for choice in asked.answers
            ),
            url=links_out.answer(shop, subject.message_id, None, ring=self.ring),
            low=asked.low,
            high=asked.high,
        )


def _questions(subjects: Sequence[Subject], locales: Mapping[int, str]) -> dict[tuple[int, str], asking.Question]:
    wanted = {
        (survey, locales[one.message_id])
        for one in subjects
        if (survey := _number(one.about.get("survey"))) is not None
    }
    return asking.questions(wanted) if wanted else {}


_SEGMENTS: Final = """
SELECT m.customer_id, array_agg(g.slug ORDER BY g.slug) FROM segments_membership m
JOIN segments_segment g ON g.id = m.segment_id WHERE m.customer_id = ANY(%s::bigint[]) GROUP BY 1
"""


def _segments(customers: Iterable[int | None]) -> dict[int, tuple[str, ...]]:
    ids = sorted({customer for customer in customers if customer})
    return {row[0]: tuple(row[1]) for row in db.rows(_SEGMENTS, [ids])} if ids else {}


_EVENTS: Final = """
SELECT w.message, c.properties::text FROM unnest(%s::bigint[], %s::bigint[], %s::bigint[]) AS w(message, store, custom)
JOIN customers_customevent c ON c.id = w.custom AND c.store_id = w.store
"""


def _events(subjects: Iterable[Subject]) -> dict[int, dict[str, Any]]:
    """What another app told, of this shop's own only."""
    asked = [(one, custom) for one in subjects if (custom := _number(one.about.get("custom"))) is not None]
    if not asked:
        return {}
    columns = [[one.message_id for one, _ in asked], [one.store_id for one, _ in asked], [told for _, told in asked]]
    return {row[0]: plain_values(msgspec.json.decode(row[1])) for row in db.rows(_EVENTS, columns)}


def _number(told: Any) -> int | None:
    return told if isinstance(told, int) and not isinstance(told, bool) and 0 <= told < 2**62 else None


def _day(told: Any) -> date | None:
    try:
        return date.fromisoformat(str(told)[:10])
    except ValueError:
        return None
