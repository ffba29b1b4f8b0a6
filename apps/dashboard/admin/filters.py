"""Filters by words an owner knows. None names anything of another shop."""

# ruff: noqa: ARG002 -- the signatures are Django's
from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from django.contrib.admin import SimpleListFilter
from django.db.models import BigIntegerField, Exists, OuterRef, Q, Value
from django.db.models.functions import Cast, StrIndex, Substr
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from apps.accounts.roles import visible
from apps.core import clock
from apps.core.reasons import Reason
from apps.dashboard.explaining import because
from apps.dashboard.permission import permitted
from apps.flows.models import Enrollment, Flow
from apps.mail.models import Message
from apps.tracking.models import Click


class StateOfMail(SimpleListFilter):
    """What became of it, in the five words of the ledger."""

    title = _("status")
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        ends = ("accepted", "rejected", "skipped", "unknown")
        return [("waiting", _("waiting")), *((end, Message.Status(end).label) for end in ends)]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        match self.value():
            case None:
                return queryset
            case "waiting":
                return queryset.filter(status__in=Message.WAITING)
            case end:
                return queryset.filter(status=end)


class ReasonOfMail(SimpleListFilter):
    """Why it was not sent."""

    title = _("reason")
    parameter_name = "reason"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        refused = visible(Message.objects.all(), request.user).exclude(reason="")
        used = refused.values_list("reason", flat=True).distinct()
        return [(code, because(code, {}).sentence) for code in sorted(used) if code in set(Reason)]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        return queryset.filter(reason=self.value()) if self.value() else queryset


class FlowOfMail(SimpleListFilter):
    """Which flow asked for it."""

    title = _("flow")
    parameter_name = "flow"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        flows = visible(Flow.objects.all(), request.user).select_related("store")
        return [*((str(flow.pk), f"{flow.store} · {flow.name}") for flow in flows), ("none", _("not from a flow"))]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        value = self.value()
        if value is None:
            return queryset
        if value == "none":
            return queryset.exclude(origin__startswith="run:")
        if not value.isdecimal() or len(value) > 18:
            return queryset.none()
        return of_flow(queryset, int(value))


def of_flow(messages: Any, flow_id: int) -> Any:
    """The mail that this flow asked for. A message knows no flow: its origin names the run."""
    rest = Substr("origin", 5)
    mine = messages.filter(origin__startswith="run:").annotate(
        run=Cast(Substr("origin", 5, StrIndex(rest, Value("/")) - 1), BigIntegerField())
    )
    return mine.filter(Exists(Enrollment.objects.filter(pk=OuterRef("run"), flow_id=flow_id)))


class StageOfCart(SimpleListFilter):
    """How far it came in the funnel of Home."""

    title = _("stage")
    parameter_name = "stage"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [
            ("known", _("known")),
            ("unknown", _("without an address")),
            ("permitted", _("permitted")),
            ("mailed", _("mailed")),
            ("recovered", _("recovered")),
        ]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        known = Q(customer__email_key__isnull=False, customer__erased_at__isnull=True)
        mailed = Message.objects.filter(cart=OuterRef("pk"), status="accepted")
        clicked = Click.objects.filter(message__cart=OuterRef("pk"), message__status="accepted", machine="")
        match self.value():
            case "known":
                return queryset.filter(known)
            case "unknown":
                return queryset.exclude(known)
            case "permitted":
                return _permitted(queryset.filter(known))
            case "mailed":
                return queryset.filter(Exists(mailed))
            case "recovered":
                in_time = Exists(clicked.filter(at__lte=OuterRef("completed_at")))
                undated = Q(completed_at__isnull=True) & Q(Exists(clicked))
                return queryset.filter(Q(in_time) | undated, status="ordered")
        return queryset


def _permitted(carts: Any) -> Any:
    people = set(carts.values_list("customer_id", flat=True))
    return carts.filter(customer_id__in=permitted(people, clock.now()))


class SinceFilter(SimpleListFilter):
    """From which day on."""

    title = _("period")
    parameter_name = "since"
    field = "last_activity_at"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        today = timezone.localdate()
        return [
            (today.isoformat(), _("today")),
            ((today - timedelta(days=6)).isoformat(), _("7 days")),
            ((today - timedelta(days=29)).isoformat(), _("30 days")),
        ]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        try:
            day = date.fromisoformat(self.value() or "")
        except ValueError:
            return queryset
        return queryset.filter(**{f"{self.field}__date__gte": day})


class ReceivedFilter(SinceFilter):
    """How old a delivery is."""

    title = _("age")
    field = "received_at"
