"""Where flows come from: from nothing, from a preset or a kit, from somebody's file; and out as a file."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext as _

from apps.accounts.roles import Deed, may, stores_of
from apps.core import clock
from apps.core.problems import DefinitionRefused, Problem
from apps.dashboard import flow_draft, flow_page
from apps.dashboard.applying import KITS
from apps.dashboard.flow_page import address_of
from apps.dashboard.journal import note
from apps.dashboard.views.doors import frame, on
from apps.flows import presets, publishing, yaml_io
from apps.flows.models import Flow
from apps.flows.preset_names import name_of
from apps.stores.models import Store


def _choices(store: Store) -> list[tuple[str, str, bool]]:
    """The presets: short name, title, whether the shop has it already."""
    mine = set(Flow.objects.of(store).filter(deleted_at__isnull=True).values_list("slug", flat=True))
    plans = {name: presets.preset(name) for name in presets.known()}
    found = [(name, name_of(name, plan.name), plan.flow in mine) for name, plan in plans.items()]
    return sorted(found, key=lambda choice: choice[1].casefold())


def _kits(store: Store) -> list[tuple[str, str, list[str]]]:
    titles = {name: title for name, title, _has in _choices(store)}
    return [(kit, str(KITS.get(kit, kit)), [titles[name] for name in names]) for kit, names in presets.kits().items()]


def begin(request: HttpRequest) -> HttpResponse:
    """Where a flow begins: in which shop, and from what."""
    stores = [store for store in stores_of(request.user) if may(request.user, Deed.WRITE, store)]
    if len(stores) == 1:
        return redirect(reverse("dashboard:flow-new", args=[stores[0].pk]))
    return TemplateResponse(request, "dashboard/flow_shops.html", frame(request, _("A new flow"), stores=stores))


def _new(request: HttpRequest, store: Store, **typed: object) -> HttpResponse:
    context = {"store": store, "presets": _choices(store), "kits": _kits(store), **typed}
    return TemplateResponse(request, "dashboard/flow_new.html", frame(request, _("A new flow"), **context))


@on(Store, Deed.WRITE)
def new(request: HttpRequest, store: Store) -> HttpResponse:
    """The ways to begin."""
    return _new(request, store)


@on(Store, Deed.WRITE)
def make(request: HttpRequest, store: Store) -> HttpResponse:
    """From nothing: a name, and the page on which the rest is chosen."""
    name = " ".join(request.POST.get("name", "").split())[:120]
    if not name or not (name[0].isalnum()) or not name.isprintable():
        messages.error(request, _("Give the flow a name that begins with a letter or a digit."))
        return _new(request, store, name=name)
    flow = flow_draft.make(store, name)
    note(request, flow, _("made"))
    return redirect(address_of(flow))


@on(Store, Deed.WRITE)
def take_preset(request: HttpRequest, store: Store) -> HttpResponse:
    """A shipped flow, or a kit of them: published, and off until somebody has looked at its mails."""
    kit, name = request.POST.get("kit", ""), request.POST.get("preset", "")
    try:
        at = clock.now()
        flows = presets.install_kit(store, kit, at) if kit else [presets.install(store, name, at)]
    except presets.UnknownPreset:
        messages.error(request, _("There is no such flow to take over."))
        return _new(request, store)
    for flow in flows:
        note(request, flow, _("taken over"))
    messages.success(request, _("Ready, and off: look at the mails, then switch it on."))
    return redirect(
        address_of(flows[0]) if len(flows) == 1 else f"{reverse('admin:flows_flow_changelist')}?store={store.pk}"
    )


@on(Store, Deed.WRITE)
def bring_in(request: HttpRequest, store: Store) -> HttpResponse:
    """Somebody's file becomes a draft. Every mistake is named, and what runs stays as it is."""
    file = request.FILES.get("file")
    typed = request.POST.get("draft", "").replace("\r\n", "\n")
    text = yaml_io.decoded(file.read(yaml_io.LARGEST + 1)) if file else typed
    try:
        plan = yaml_io.load(text)
    except DefinitionRefused as refused:
        return _wrong(request, store, text, list(refused.problems))
    presets.install_missing_templates(store, plan)
    flow = publishing.save_draft(store.pk, plan)
    note(request, flow, _("draft saved"))
    messages.success(request, _("The file is this flow's draft now. What runs stays as it is until you publish."))
    return redirect(address_of(flow))


def _wrong(request: HttpRequest, store: Store, text: str, problems: list[Problem]) -> HttpResponse:
    messages.error(request, _("Nothing was brought in: see what is wrong below."))
    return _new(request, store, draft=text, problems=problems)


@on(Flow, Deed.READ)
def file(request: HttpRequest, flow: Flow) -> HttpResponse:  # noqa: ARG001 -- a view
    """The draft as a file to keep."""
    answer = HttpResponse(flow_page.draft_of(flow), content_type="application/yaml; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="{flow.slug}.yaml"'
    return answer
