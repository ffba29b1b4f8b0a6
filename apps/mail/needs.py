"""What a mail cannot do without: a review request without a line to review is not sent (`{% needs lines %}`).

With `or` between names one of them is enough.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from apps.core.reasons import Reason

_REVIEWS: Final = frozenset({"lines"})
_SUGGESTIONS: Final = frozenset({"products", "news", "favourites", "bestsellers", "product.reorder_url"})


def names(need: str) -> list[str]:
    """The names of one need."""
    return need.split(" or ")


def missing(needs: Sequence[str], data: Mapping[str, Any]) -> str:
    """The first need of which this person has nothing; '' when all are there."""
    return next((need for need in needs if not any(_found(name, data) for name in names(need))), "")


def _found(name: str, data: Mapping[str, Any]) -> Any:
    found: Any = data
    for step in name.split("."):
        found = found.get(step) if isinstance(found, Mapping) else None
    return found


def reason_of(need: str) -> Reason:
    """Why a mail without it was not sent."""
    wanted = set(names(need))
    if wanted & _REVIEWS:
        return Reason.NOTHING_TO_REVIEW
    return Reason.NOTHING_TO_SUGGEST if wanted & _SUGGESTIONS else Reason.NOTHING_TO_TELL
