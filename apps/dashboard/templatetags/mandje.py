"""Small words for templates."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django import template

from apps.dashboard.flow_page import span

register = template.Library()


@register.filter
def length(value: timedelta) -> str:
    """A length of time as people say it."""
    return span(value)


@register.filter
def entry(values: dict[str, Any], key: str) -> Any:
    """The value under a key, 0 when there is none."""
    return values.get(key, 0)


TONES = {
    "accepted": "good",
    "done": "good",
    "rejected": "bad",
    "skipped": "bad",
    "unknown": "bad",
    "quarantined": "bad",
    "planned": "waiting",
    "claimed": "waiting",
    "sending": "waiting",
    "waiting": "waiting",
}


@register.filter
def tone(status: str) -> str:
    """Which colour a status has."""
    return TONES.get(status, "plain")
