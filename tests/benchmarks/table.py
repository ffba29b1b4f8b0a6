"""The table of `make bench`, on the screen and as a page of the docs."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import msgspec

PAGE = Path(__file__).resolve().parents[2] / "docs" / "benchmarks.md"


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """One measured path. `met` is None where there is nothing to compare."""

    path: str
    peer: str
    measured: str
    bar: str
    met: bool | None = None
    details: tuple[str, ...] = ()

    @property
    def verdict(self) -> str:
        return {True: "met", False: "**BELOW THE BAR**", None: "–"}[self.met]


HEAD = "| Path | Peer in the same run | Measured | Bar | |\n|---|---|---|---|---|"


def table(lines: Sequence[Line]) -> str:
    return "\n".join(
        [HEAD, *(f"| {one.path} | {one.peer} | {one.measured} | {one.bar} | {one.verdict} |" for one in lines)]
    )


def details(lines: Sequence[Line]) -> str:
    return "\n\n".join(
        "\n".join([f"### {one.path}", "", *(f"- {said}" for said in one.details)]) for one in lines if one.details
    )


METHOD = """# Benchmarks

Printed by `make bench`; never asserted in a test, because a shared machine is no judge. Every row runs beside its
peer in the same run, in interleaved rounds, and the median counts. CPU is the time of the server and of all of
PostgreSQL's processes, read from `/proc`; ratios of CPU say more than ratios of time on a machine that others use
too. PostgreSQL and Redis are the embedded ones, with the settings of `make run` (commits wait for the disk).
`make bench ARGS="door render"` runs some rows, `ARGS=--full` the full sizes.
"""


def write(lines: Sequence[Line], *, machine: str, day: str, scale: str) -> None:
    """Write the page anew."""
    told = f"Measured on {day}, {scale}: {machine}."
    PAGE.write_text(f"{METHOD}\n{told}\n\n{table(lines)}\n\n## Figures\n\n{details(lines)}\n")
