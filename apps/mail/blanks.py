"""Nothing is nothing."""

from __future__ import annotations

from typing import Any


def without_blanks(data: dict[str, Any]) -> dict[str, Any]:
    """Nothing instead of '': to Liquid an empty text is true, which would surprise whoever writes
    `{% if %}`.
    """
    return {name: None if value == "" else value for name, value in data.items()}
