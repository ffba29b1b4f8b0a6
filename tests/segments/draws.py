"""Conditions drawn at random, in the plain words of a definition."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

from tests.segments.rows import DAYS, TAGS

AMOUNTS = ["20", "50", "55.5", "100"]


def draw(chance: random.Random, depth: int = 0) -> Any:
    """One condition; now and then a group of several."""
    if depth < 2 and chance.random() < 0.2:
        return {"any": [draw(chance, depth + 1) for _ in range(chance.randint(1, 3))]}
    kind = chance.choice(list(KINDS))
    return KINDS[kind](chance) if callable(KINDS[kind]) else kind


def _period(chance: random.Random) -> dict[str, Any]:
    first, last = sorted(chance.sample(DAYS, 2))
    return chance.choice(
        [
            {},
            {"period": "last", "days": chance.choice([1, 7, 8, 9, 30, 218, 219, 400])},
            {"period": "between", "day": str(first), "last_day": str(last)},
            {"period": "between", "day": str(first), "last_day": str(first)},
            {"period": "before", "day": str(first)},
            {"period": "after", "day": str(last)},
        ]
    )


def _done(kind: str, *filters: Callable[[random.Random], dict[str, Any]]) -> Callable[[random.Random], Any]:
    def drawn(chance: random.Random) -> Any:
        given = _period(chance)
        given |= chance.choice(
            [{}, {"n": 2}, {"times": "exactly", "n": 1}, {"times": "exactly", "n": 2}, {"times": "at_most"},
             {"times": "at_most", "n": 2}, {"times": "zero"}, {"n": 3}]
        )  # fmt: skip
        for one in filters:
            given |= one(chance)
        return {kind: given}

    return drawn


def _amounts(chance: random.Random) -> dict[str, Any]:
    low, high = sorted(chance.sample(AMOUNTS, 2), key=float)
    return chance.choice([{}, {}, {"least": low}, {"most": high}, {"least": low, "most": high}])


def _currency(chance: random.Random) -> dict[str, Any]:
    return chance.choice([{}, {}, {"currency": "USD"}])


def _words(name: str, *allowed: str) -> Callable[[random.Random], dict[str, Any]]:
    def drawn(chance: random.Random) -> dict[str, Any]:
        return {name: chance.sample(allowed, chance.randint(1, 2))} if chance.random() < 0.4 else {}

    return drawn


def _one(name: str, *allowed: Any) -> Callable[[random.Random], dict[str, Any]]:
    return lambda chance: chance.choice([{}, {name: chance.choice(allowed)}])


def _money(kind: str) -> Callable[[random.Random], Any]:
    return lambda chance: {kind: (_amounts(chance) or {"most": "50"}) | _currency(chance)}


def _either(kind: str, **fields: tuple[Any, ...]) -> Callable[[random.Random], Any]:
    return lambda chance: {kind: {name: chance.choice(values) for name, values in fields.items()}}


def _many(kind: str, *allowed: str) -> Callable[[random.Random], Any]:
    return lambda chance: {kind: chance.sample(allowed, chance.randint(1, min(3, len(allowed))))}


_CHANNEL = _one("channel", "marketing", "service")
_MAILS = _words("mails", "cart-1", "win-back-1")
_GROUPS = ("champions", "loyal", "recent", "needs_attention", "at_risk", "inactive")
KINDS: dict[str, Any] = {
    "ordered": _done("ordered", _amounts, _currency),
    "bought": _done(
        "bought", _words("products", "70", "72", "99"), _words("categories", "Soap", "Bath"),
        _words("tags", "gift", "x"), _words("brands", "Ida", "Ko"), _amounts,
    ),
    "abandoned": _done("abandoned", _amounts, _currency, _one("checkout", "reached", "not_reached")),
    "received": _done("received", _CHANNEL, _MAILS),
    "clicked": _done("clicked", _CHANNEL, _MAILS),
    "opened": _done("opened", _CHANNEL, _MAILS),
    "refunded": _done("refunded", _amounts, _currency),
    "reviewed": _done("reviewed", _one("stars_from", 3, 5), _words("products", "70", "71")),
    "answered": _done(
        "answered", _words("surveys", "nps", "silent"), _words("answers", "not_used", "9"), _one("score_from", 4, 8)
    ),
    "told": _done(
        "told", _words("events", "ticket.closed", "quiz.done"),
        lambda chance: chance.choice([{}, {"property": "skin", "value": chance.choice(["dry", "OILY"])}]),
    ),
    "spent": _money("spent"),
    "average_order": _money("average_order"),
    "last_order_value": _money("last_order_value"),
    "last_order": _either("last_order", when=("within", "longer_ago"), days=(2, 8, 9, 120, 219)),
    "expected_order": _either("expected_order", when=("within", "overdue", "unknown"), days=(0, 14, 90)),
    "engagement": _either("engagement", sign=("engaged", "silent"), days=(9, 90, 219), unanswered=(0, 2, 5)),
    "rfm_group": _many("rfm_group", *_GROUPS),
    "language": _many("language", "nl", "en", "fr"),
    "country": _many("country", "NL", "BE"),
    "tagged": lambda chance: {"tagged": {"tags": chance.sample(TAGS, 2), "how": chance.choice(["any", "all", "none"])}},
    "property": _either("property", name=("points", "skin"), test=("equals", "differs", "contains", "known", "unknown"),
                        value=("dry", "120", "Y")),
    "number": _either("property", name=("points", "skin"), test=("at_least", "at_most"), value=("120", "119.5")),
    "consent": lambda chance: {"consent": chance.choice(["granted", "denied", "pending", "none", "unsubscribed"])},
    "in_segment": _either("in_segment", segment=("picked", "no-such"), inside=(True, False)),
    "at_risk": _either("at_risk", is_so=(True, False)),
}  # fmt: skip
