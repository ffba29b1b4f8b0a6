"""A flow tried on the shop's own past, beside the others, and in shadow."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _

from apps.accounts.roles import Deed, may
from apps.core import clock
from apps.dashboard import simulating, simulation_page, tasks
from apps.dashboard.journal import note
from apps.dashboard.models import Simulation
from apps.dashboard.views.doors import frame, on
from apps.dashboard.views.flows import seen_in
from apps.flows import seeing, shadowing
from apps.flows.models import Flow
from apps.flows.publishing import NotPublished
from apps.flows.simulating import report
from apps.flows.simulating.report import Line

MOST_IN_A_FILE = 20_000


@on(Flow, Deed.READ)
def show(request: HttpRequest, flow: Flow) -> HttpResponse:
    """The question and its answers; looking changes nothing."""
    wanted = request.GET.get("run", "")
    chosen = None
    if wanted.isdecimal() and len(wanted) < 19:
        chosen = Simulation.objects.of(flow.store_id).filter(flow=flow, pk=int(wanted)).first()
    context = simulation_page.page(flow, chosen, writes=may(request.user, Deed.WRITE, flow.store_id))
    title = _("%(flow)s on your own past") % {"flow": flow.name}
    return render(request, "dashboard/simulate.html", frame(request, title, **context))


@on(Flow, Deed.WRITE)
def start(request: HttpRequest, flow: Flow) -> HttpResponse:
    """Ask for a replay; a worker does it."""
    kind, days = request.POST.get("kind", ""), request.POST.get("days", "")
    if kind not in Simulation.Kind.values or not days.isdecimal() or not 1 <= int(days[:5]) <= simulating.MOST_DAYS:
        messages.error(request, _("Choose what to try, and 1 to %(most)s days.") % {"most": simulating.MOST_DAYS})
        return redirect("dashboard:flow-simulate", flow.pk)
    asked = simulating.ask(flow, kind, int(days), request.user.pk, clock.now())
    transaction.on_commit(tasks.hurry_simulations)
    return redirect(f"{_page(flow)}?run={asked.pk}")


def _page(flow: Flow) -> str:
    return str(redirect("dashboard:flow-simulate", flow.pk)["Location"])


@on(Simulation, Deed.READ)
def progress(request: HttpRequest, asked: Simulation) -> HttpResponse:
    """How far it is, and then what it found: the part of the page that is written anew."""
    return render(request, "dashboard/_simulated.html", simulation_page.result(asked))


@on(Simulation, Deed.READ)
def download(_request: HttpRequest, asked: Simulation) -> HttpResponse:
    """Every mail as a line, to lay beside another tool's log."""
    found = simulating.found_of(asked)
    if found is None:
        raise Http404
    return _file(f"{asked.flow.slug}-{simulation_page.moment(found.ended)}.csv", found.lines, asked.store.time_zone)


def _file(name: str, lines: Sequence[Line], zone: str) -> HttpResponse:
    answer = HttpResponse(content_type="text/csv; charset=utf-8", headers={"Cache-Control": "no-store"})
    answer["Content-Disposition"] = f'attachment; filename="{name}"'
    known = report.addresses([line.customer_id for line in lines])
    report.write_csv(lines, answer, known, ZoneInfo(zone))  # type: ignore[arg-type]  # an answer is written like a file
    return answer


@on(Flow, Deed.READ)
def shadow(request: HttpRequest, flow: Flow) -> HttpResponse:
    """What a flow in shadow would have sent."""
    context = simulation_page.shadow(flow, writes=may(request.user, Deed.WRITE, flow.store_id))
    title = _("%(flow)s in shadow") % {"flow": flow.name}
    return render(request, "dashboard/shadow.html", frame(request, title, **context))


@on(Flow, Deed.READ)
def shadow_file(_request: HttpRequest, flow: Flow) -> HttpResponse:
    lines = shadowing.decisions(flow, MOST_IN_A_FILE)
    return _file(f"{flow.slug}-shadow.csv", lines, flow.store.time_zone)


def _switched(request: HttpRequest, flow: Flow, *, real: bool) -> HttpResponse:
    switch = shadowing.sends if real else shadowing.decides_only
    at = clock.now()
    try:
        if real and flow.version is not None:
            seeing.look(flow, seen_in(request), at)
            seeing.must_be_seen(flow)
        switch(flow, at)
    except seeing.NotLookedAt as problem:
        messages.warning(request, str(problem))
        return redirect(f"{reverse('admin:flows_flow_change', args=[flow.pk])}?look=all#look")
    except NotPublished as problem:
        messages.error(request, str(problem))
        return redirect("admin:flows_flow_change", flow.pk)
    note(request, flow, _("switched on") if real else _("switched on in shadow"))
    words = _("%(flow)s is on, and sends.") if real else _("%(flow)s is on in shadow: it decides, and sends nothing.")
    messages.success(request, words % {"flow": flow.name})
    return redirect("admin:flows_flow_change" if real else "dashboard:flow-shadow", flow.pk)


on_in_shadow = on(Flow, Deed.WRITE)(partial(_switched, real=False))
on_for_real = on(Flow, Deed.WRITE)(partial(_switched, real=True))
