"""What is done to a flow: its draft saved, published, switched on and off."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _

from apps.accounts.roles import Deed
from apps.core import clock
from apps.core.problems import DefinitionRefused
from apps.dashboard.flow_page import problems
from apps.dashboard.journal import note
from apps.dashboard.views.doors import on
from apps.flows import publishing, yaml_io
from apps.flows.models import Flow
from apps.flows.publishing import Inside


def _back(flow: Flow) -> HttpResponse:
    return redirect("admin:flows_flow_change", flow.pk)


@on(Flow, Deed.WRITE)
def save(request: HttpRequest, flow: Flow) -> HttpResponse:
    """Keep the draft if it can run; else show it again with every mistake and its line."""
    text = request.POST.get("draft", "").replace("\r\n", "\n")
    found = problems(text)
    if not found and (plan := yaml_io.load(text)).flow != flow.slug:
        found = [_("The short name stays %(slug)s.") % {"slug": flow.slug}]
    if found:
        messages.error(request, _("Nothing was saved: see what is wrong below. What runs stays as it is."))
        page: Any = admin.site.get_model_admin(Flow)
        answer: HttpResponse = page.page(request, flow, draft=text, problems=found)
        return answer
    publishing.save_draft(flow.store_id, plan, flow.based_on)
    note(request, flow, _("draft saved"))
    messages.success(request, _("The draft is saved. Publish it to let it run."))
    return _back(flow)


@on(Flow, Deed.WRITE)
def publish(request: HttpRequest, flow: Flow) -> HttpResponse:
    choice = request.POST.get("people", "")
    people = Inside(choice) if choice in set(Inside) else Inside.FINISH
    try:
        version = publishing.publish(flow, clock.now(), people)
    except DefinitionRefused as refused:
        messages.error(request, " ".join(map(str, refused.problems)))
        return _back(flow)
    note(request, flow, _("published version %(number)s") % {"number": version.number})
    messages.success(request, _("Version %(number)s runs from now on.") % {"number": version.number})
    return _back(flow)


@on(Flow, Deed.WRITE)
def switch_on(request: HttpRequest, flow: Flow) -> HttpResponse:
    try:
        publishing.go_live(flow, clock.now())
    except publishing.NotPublished as problem:
        messages.error(request, str(problem))
        return _back(flow)
    note(request, flow, _("switched on"))
    messages.success(request, _("%(flow)s is on.") % {"flow": flow.name})
    return _back(flow)


@on(Flow, Deed.WRITE)
def switch_off(request: HttpRequest, flow: Flow) -> HttpResponse:
    publishing.pause(flow, clock.now())
    note(request, flow, _("switched off"))
    messages.success(request, _("%(flow)s is off. What waited is not sent.") % {"flow": flow.name})
    return _back(flow)
