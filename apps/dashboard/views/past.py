"""The people from before a flow was switched on: counted, and then taken in."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from apps.accounts.roles import Deed
from apps.core import clock
from apps.dashboard import flow_past
from apps.dashboard.journal import note
from apps.dashboard.views.doors import frame, on
from apps.flows import backfilling
from apps.flows.backfilling import HeadCount, NotAdded
from apps.flows.models import Flow


@on(Flow, Deed.WRITE)
def show(request: HttpRequest, flow: Flow) -> HttpResponse:
    """How far back? Looking changes nothing."""
    return _page(request, flow, flow_past.USUAL)


@on(Flow, Deed.WRITE)
def count(request: HttpRequest, flow: Flow) -> HttpResponse:
    """Who would begin, and who would not; nothing is written."""
    days, counted = _asked(request, flow, backfilling.count)
    return _page(request, flow, days or flow_past.USUAL, counted)


@on(Flow, Deed.WRITE)
def add(request: HttpRequest, flow: Flow) -> HttpResponse:
    """Take them in; pressed twice, nobody begins twice."""
    days, counted = _asked(request, flow, backfilling.add)
    if counted is None:
        return redirect("dashboard:flow-past", flow.pk)
    note(request, flow, _("added the past of %(days)s days") % {"days": days})
    messages.success(request, flow_past.added(counted))
    return redirect("admin:flows_flow_change", flow.pk)


def _page(request: HttpRequest, flow: Flow, days: int, counted: HeadCount | None = None) -> HttpResponse:
    if flow.deleted_at is not None:
        raise Http404
    title = _("People from before %(flow)s was on") % {"flow": flow.name}
    context: dict[str, Any] = flow_past.page(flow, days, counted)
    return render(request, "dashboard/flow_past.html", frame(request, title, **context))


def _asked(request: HttpRequest, flow: Flow, act: Callable[..., HeadCount]) -> tuple[int, HeadCount | None]:
    """The days that were chosen and what came of them; None, and the reason said, when nothing could."""
    if flow.deleted_at is not None:
        raise Http404
    typed, at = request.POST.get("days", ""), clock.now()
    days = int(typed) if typed.isascii() and typed.isdecimal() and len(typed) < 5 else 0
    try:
        if not 1 <= days <= flow_past.MOST:
            raise NotAdded(_("Choose 1 to %(most)s days.") % {"most": flow_past.MOST})
        if not flow.live:
            raise NotAdded(_("Switch %s on first.") % flow.name)
        return days, act(flow, at, at - timedelta(days=days))
    except NotAdded as problem:
        messages.error(request, str(problem))
        return days if days <= flow_past.MOST else 0, None
