"""How far we are with what we ask of a shop, for whoever looks at its page."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from django.utils.translation import gettext_lazy as _

from apps.ingestion import errands
from apps.ingestion.errands import Kind
from apps.ingestion.models import Errand
from apps.stores.models import Store
from apps.stores.platforms.calling import NOUNS
from apps.stores.troubles import explain

if TYPE_CHECKING:
    from django_stubs_ext import StrPromise

__all__ = ["NOUN_WORDS", "Progress", "ask_now", "progress"]

NOUN_WORDS: Final[dict[str, StrPromise]] = {
    "orders": _("orders"),
    "customers": _("customers"),
    "products": _("products"),
    "reviews": _("reviews"),
    "baskets": _("baskets"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """One errand as it stands. `total` and `percent` are None when the shop does not say how much there is."""

    kind: Kind
    label: str
    what: str
    noun: str
    """`what` in the reader's language; '' for what concerns the whole shop."""
    done: int
    total: int | None
    percent: int | None
    spoiled: int
    """Answers that could not be recorded."""
    running: bool
    """In the middle of a run: some pages are there and some are to come."""
    due_at: datetime | None
    """When it goes on; None: finished, or stopped until somebody acts."""
    ended_at: datetime | None
    """When it was last done to the end."""
    trouble: str
    """The sentence and what to do, '' when all is well."""


def progress(store: Store) -> list[Progress]:
    """Everything we ask of this shop, in the order in which an owner asks."""
    found = Errand.objects.of(store)
    return [_seen(errand) for errand in sorted(found, key=_order)]


def ask_now(store: Store, kind: Kind, what: str, at: datetime, *, since: timedelta | None = None) -> None:
    """Ask this shop at once; of `since` ago, or of what such a run asks by itself."""
    errands.ask_now(store, kind, what, at, since=None if since is None else at - since)


_KINDS: Final = ("backfill", "poll", "reconcile", "audit", "tell")


def _order(errand: Errand) -> tuple[int, int]:
    return _KINDS.index(errand.kind), NOUNS.index(errand.what) if errand.what in NOUNS else -1


def _seen(errand: Errand) -> Progress:
    trouble = " ".join(explain(errand.trouble, errand.trouble_values)) if errand.trouble else ""
    return Progress(
        kind=errand.kind,  # type: ignore[arg-type]
        label=str(errand.get_kind_display()),
        what=errand.what,
        noun=str(NOUN_WORDS.get(errand.what, "")),
        done=errand.done,
        total=errand.total,
        percent=_percent(errand),
        spoiled=errand.spoiled,
        running=errand.begun_at is not None and errand.due_at is not None,
        due_at=errand.due_at,
        ended_at=errand.ended_at,
        trouble=trouble,
    )


def _percent(errand: Errand) -> int | None:
    """Never 100 before the end: things are added while we count."""
    if errand.ended_at is not None and errand.begun_at is None:
        return 100
    if not errand.total:
        return None
    return min(99, errand.done * 100 // errand.total)
