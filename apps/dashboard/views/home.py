"""Home: what happened today, whether all is well, and what is wrong."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _

from apps.accounts.roles import Deed, may, stores_of
from apps.core import clock
from apps.customers.models import Customer
from apps.dashboard import health, numbers
from apps.dashboard.alarms import Alarm, alarms
from apps.dashboard.applying import may_add
from apps.dashboard.views.liaison import checklist_context
from apps.stores.models import Store

PERIODS = (1, 7, 30)


def context(request: HttpRequest, given: dict[str, Any]) -> dict[str, Any]:
    """What Home shows, for the shop that the address names, else the first."""
    stores, at = stores_of(request.user), clock.now()
    chosen = _chosen(stores, request.GET.get("store", ""))
    ids = [store.pk for store in stores]
    given |= {
        "title": _("Home"),
        "stores": stores,
        "store": chosen,
        "periods": PERIODS,
        "queues": health.queues(ids, at),
        "beat_seen": health.beat_seen(),
        "beat_lives": health.beat_lives(at),
        "alarms": _alarms(request, stores, at),
        "may_add": may_add(request.user),
        "only_demo": all(store.is_demo for store in stores),
    }
    if chosen is None:
        return given
    return given | _of_store(chosen, _days(request.GET.get("days", "")), at) | _to_do(request, chosen, at)


def _alarms(request: HttpRequest, stores: list[Store], at: datetime) -> list[Alarm]:
    return [alarm for store in stores for alarm in alarms(store, at, writes=may(request.user, Deed.WRITE, store))]


def _to_do(request: HttpRequest, store: Store, at: datetime) -> dict[str, Any]:
    """What is still to be done in this shop; the demo has nothing to connect."""
    if store.is_demo:
        return {}
    known = checklist_context(request, store, at)
    return known | {"unfinished": store.last_delivery_at is None}


def _chosen(stores: list[Store], asked: str) -> Store | None:
    return next((store for store in stores if str(store.pk) == asked), stores[0] if stores else None)


def _days(asked: str) -> int:
    return int(asked) if asked in {str(days) for days in PERIODS} else 1


def _of_store(store: Store, days: int, at: datetime) -> dict[str, Any]:
    since = numbers.midnight(store, at, days)
    return {
        "days": days,
        "funnel": numbers.funnel(store, since, at),
        "chart": numbers.bars(numbers.mails_per_day(store, at)),
        "ben": _ben(store) if store.is_demo else "",
    }


def _ben(store: Store) -> str:
    """The page of the one who gets nothing, once he came by."""
    found = Customer.objects.of(store).filter(first_name="Ben").order_by("pk").first()
    return reverse("admin:customers_customer_change", args=[found.pk]) if found else ""
