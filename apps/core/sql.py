"""A piece of a statement that travels together with the values for its placeholders."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Sql:
    """`text` with `%s` placeholders, and `params` for them, in order. Nothing a user typed ever stands in `text`."""

    text: str
    params: tuple[Any, ...] = ()


def joined(glue: str, pieces: Sequence[Sql], empty: str) -> Sql:
    """Pieces with `glue` between them, each in brackets; `empty` when there is none."""
    if not pieces:
        return Sql(empty)
    params = tuple(value for piece in pieces for value in piece.params)
    return Sql(f" {glue} ".join(f"({piece.text})" for piece in pieces), params)
