"""Random plans that make sense: every kind of step, forks within forks."""

from __future__ import annotations

from datetime import date, time
from decimal import Decimal
from typing import Any

from hypothesis import strategies as st

from apps.core.durations import Duration
from apps.core.forms import FieldSpec, fields_of
from apps.flows.parts import Step, steps, variants
from apps.flows.steps.ab import AbTest
from apps.flows.steps.exit import Leave
from apps.flows.steps.send_email import SendEmail
from apps.flows.steps.split import Split
from apps.flows.steps.wait import Wait

SAMPLES: dict[Any, Any] = {
    str: "sample", int: 1, bool: True, Duration: Duration(2, "h"), Decimal: Decimal(1), date: date(2026, 3, 2),
    time: time(9, 0),
}  # fmt: skip
ORDINARY = ("ask", "give_offer", "notify_owner", "suppress", "tag", "wait_for", "wait_until")


def filled(part: type[Any]) -> Any:
    """The part with every field filled in."""
    return part(**{spec.name: value(spec) for spec in fields_of(part)})


def value(spec: FieldSpec) -> Any:
    if spec.family is not None:
        return spec.metadata["example"]() if "example" in spec.metadata else ()
    one = spec.metadata.get("example") or (spec.choices[0] if spec.choices else SAMPLES[spec.type])
    return (one,) if spec.many else one


class _Clock:
    """Waits count from the start, so every one is longer than all before it."""

    def __init__(self, draw: st.DrawFn) -> None:
        self.draw, self.minutes, self.tests = draw, 0, 0

    def wait(self) -> Wait:
        self.minutes += self.draw(st.integers(1, 300))
        return Wait(until=Duration(self.minutes, "m"))

    def test(self) -> str:
        self.tests += 1
        return f"test-{self.tests}"


@st.composite
def trees(draw: st.DrawFn, kinds: tuple[str, ...] = ORDINARY, depth: int = 2) -> tuple[Step, ...]:
    """A plan of a few steps with at least one mail; it can be published but for its templates."""
    clock = _Clock(draw)
    return (*_list(draw, clock, kinds, depth), clock.wait(), SendEmail(template="last"))


def _list(draw: st.DrawFn, clock: _Clock, kinds: tuple[str, ...], depth: int) -> tuple[Step, ...]:
    found: list[Step] = []
    for _ in range(draw(st.integers(0 if depth < 2 else 1, 3))):
        kind = draw(st.sampled_from(("mail", *kinds, *(("split", "ab") if depth else ()))))
        found += _some(draw, clock, kinds, depth, kind)
    return tuple(found)


def _some(draw: st.DrawFn, clock: _Clock, kinds: tuple[str, ...], depth: int, kind: str) -> list[Step]:
    match kind:
        case "mail":
            also = draw(st.sampled_from([(), ("other-words",)]))
            return [clock.wait(), SendEmail(template=draw(st.sampled_from(["one", "two"])), also=also)]
        case "split":
            then = (clock.wait(), SendEmail(template="then"), *_list(draw, clock, kinds, depth - 1))
            otherwise = _list(draw, clock, kinds, depth - 1) + draw(st.sampled_from([(), (Leave(),)]))
            return [Split(when=filled(Split).when, then=then, otherwise=otherwise)]
        case "ab":
            variant = variants.get("variant")
            one = (clock.wait(), SendEmail(template="a"), *_list(draw, clock, kinds, depth - 1))
            return [AbTest(name=clock.test(), variants=(variant(steps=one), variant(weight=3)))]
        case "ask":
            return [clock.wait(), filled(steps.get(kind))]
        case _:
            # Something follows whatever waits.
            return [filled(steps.get(kind)), filled(steps.get("tag"))]
