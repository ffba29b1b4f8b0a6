"""What is done to a flow: its draft changed, published, taken back, switched on and off, put away."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, ParamSpec

from django.contrib import admin, messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _

from apps.accounts.roles import Deed
from apps.core import clock
from apps.core.problems import DefinitionRefused
from apps.dashboard import flow_draft
from apps.dashboard.flow_draft import DraftChanged
from apps.dashboard.flow_forms import head_form
from apps.dashboard.flow_page import Opened, address_of, changed_part, new_part, problems, ticks
from apps.dashboard.flow_shelf import Shelf
from apps.dashboard.journal import note
from apps.dashboard.views.doors import View, on
from apps.flows import comparing, publishing, seeing, shadowing, upgrading, yaml_io
from apps.flows.models import Flow
from apps.flows.parts import exits
from apps.flows.publishing import Inside
from apps.flows.trees import NoSuchPlace, Tree, long_form, place_of

P = ParamSpec("P")
Verb = Callable[Concatenate[HttpRequest, Flow, P], HttpResponse]


def _back(flow: Flow, where: str = "") -> HttpResponse:
    return redirect(address_of(flow) + where)


def _page(request: HttpRequest, flow: Flow, **more: Any) -> HttpResponse:
    """The page once more, with what was typed."""
    own: Any = admin.site.get_model_admin(Flow)
    answer: HttpResponse = own.page(request, flow, **more)
    return answer


def _verb(view: Verb[P]) -> View:
    """A verb on a flow that is still there: one that was put away is only read."""

    @wraps(view)
    def done(request: HttpRequest, flow: Flow, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        if flow.deleted_at is not None:
            raise Http404
        return view(request, flow, *args, **kwargs)

    return on(Flow, Deed.WRITE)(done)


def _changed(request: HttpRequest, flow: Flow, verb: Callable[[Tree], None]) -> bool:
    """Change the draft, or say why not."""
    try:
        flow_draft.change(flow, request.POST.get("seen", ""), verb)
    except DraftChanged:
        messages.error(
            request, _("The plan was changed meanwhile, here or by somebody else. Look at it and do it again.")
        )
        return False
    except NoSuchPlace:
        messages.error(request, _("That step is no longer there. Nothing was changed."))
        return False
    return True


# --- the draft --------------------------------------------------------------------------------------


@_verb
def part(request: HttpRequest, flow: Flow) -> HttpResponse:
    """One part of the plan: added, saved, moved or taken out."""
    do, place = request.POST.get("do", ""), request.POST.get("place", "")
    try:
        where = place_of(place)
        if do in ("up", "down"):
            _changed(request, flow, lambda tree: flow_draft.shift(tree, where, -1 if do == "up" else 1))
            return _back(flow, "#plan")
        if do == "remove":
            _changed(request, flow, lambda tree: flow_draft.remove(tree, where))
            return _back(flow, "#plan")
        return _filled_in(request, flow, place, is_new=do == "add")
    except NoSuchPlace:
        messages.error(request, _("That step is no longer there. Nothing was changed."))
        return _back(flow)


def _filled_in(request: HttpRequest, flow: Flow, place: str, *, is_new: bool) -> HttpResponse:
    shelf, tree, kind = Shelf(flow.store), long_form(flow.draft), request.POST.get("kind", "")
    make = new_part if is_new else changed_part
    opened: Opened = make(tree, shelf, place_of(place), kind, request.POST)
    form = opened.form
    if form is None:
        raise NoSuchPlace(kind)
    if not form.is_valid():
        return _page(request, flow, opened=opened)
    verb = flow_draft.add if is_new and place != "trigger" else flow_draft.put
    _changed(request, flow, lambda draft: verb(draft, place_of(place), form.plain))
    return _back(flow, f"#{place}")


@_verb
def head(request: HttpRequest, flow: Flow) -> HttpResponse:
    """What it is called and for, and how often somebody may begin."""
    form = head_form(flow.draft, request.POST)
    if not form.is_valid():
        return _page(request, flow, head=form)

    def write(tree: Tree) -> None:
        fresh = form.written(tree)
        tree.clear()
        tree.update(fresh)

    if _changed(request, flow, write):
        messages.success(request, _("Saved."))
    return _back(flow)


@_verb
def ends(request: HttpRequest, flow: Flow) -> HttpResponse:
    """The exits that need no settings, as ticked."""
    bare = {choice.kind for choice, _ticked in ticks({})}
    chosen = [kind for kind in request.POST.getlist("exit") if kind in bare]
    if _changed(request, flow, lambda tree: flow_draft.tick(tree, exits, chosen, bare)):
        messages.success(request, _("Saved."))
    return _back(flow, "#exits")


@_verb
def save(request: HttpRequest, flow: Flow) -> HttpResponse:
    """Keep the file as the draft if it can run; else show it again with every mistake and its line."""
    file = request.FILES.get("file")
    typed = request.POST.get("draft", "").replace("\r\n", "\n")
    text = yaml_io.decoded(file.read(yaml_io.LARGEST + 1)) if file else typed
    found = problems(text)
    if not found and (plan := yaml_io.load(text)).flow != flow.slug:
        found = [yaml_io.named(text, _("The short name stays %(slug)s.") % {"slug": flow.slug})]
    if found:
        messages.error(request, _("Nothing was saved: see what is wrong below. What runs stays as it is."))
        return _page(request, flow, tab="file", draft=text, problems=found)
    publishing.save_draft(flow.store_id, plan, flow.based_on)
    note(request, flow, _("draft saved"))
    messages.success(request, _("The draft is saved. Publish it to let it run."))
    return _back(flow, "?tab=file")


# --- versions ---------------------------------------------------------------------------------------


def _people(request: HttpRequest) -> Inside:
    choice = request.POST.get("people", "")
    return Inside(choice) if choice in set(Inside) else Inside.FINISH


@_verb
def publish(request: HttpRequest, flow: Flow) -> HttpResponse:
    try:
        version = publishing.publish(flow, clock.now(), _people(request))
    except DefinitionRefused as refused:
        _refused(request, refused)
        return _back(flow)
    note(request, flow, _("published version %(number)s") % {"number": version.number})
    if flow.live:
        messages.success(request, _("Version %(number)s runs from now on.") % {"number": version.number})
    else:
        messages.success(
            request, _("Version %(number)s is ready. Switch the flow on to let it run.") % {"number": version.number}
        )
    return _back(flow)


def _refused(request: HttpRequest, refused: DefinitionRefused) -> None:
    messages.error(request, _("This cannot run yet, so nothing was published: see what is wrong at each step."))
    for problem in refused.problems[:5]:
        messages.error(request, problem.message)


@_verb
def roll_back(request: HttpRequest, flow: Flow, number: int) -> HttpResponse:
    """An older version runs again, as a new one."""
    version = flow.versions.filter(number=min(number, 2**31 - 1)).first()
    if version is None:
        raise Http404
    try:
        made = publishing.roll_back(flow, version, clock.now(), _people(request))
    except DefinitionRefused as refused:
        _refused(request, refused)
        return _back(flow, "?tab=versions")
    note(request, flow, _("back to version %(number)s") % {"number": version.number})
    messages.success(request, _("Version %(number)s runs from now on.") % {"number": made.number})
    return _back(flow, "?tab=versions")


@_verb
def upgrade(request: HttpRequest, flow: Flow) -> HttpResponse:
    """Our newer preset: taken over into the draft, or left alone."""
    if request.POST.get("do") == "take":
        if upgrading.take(flow):
            note(request, flow, _("took over our newer version of the preset"))
            messages.success(request, _("It stands in the draft now. Publish it to let it run."))
        return _back(flow)
    upgrading.leave(flow)
    note(request, flow, _("left our newer version of the preset alone"))
    messages.success(request, _("Everything stays as you have it."))
    return _back(flow)


@_verb
def pick(request: HttpRequest, flow: Flow) -> HttpResponse:
    """One variant of a test takes its place in the draft."""
    test, variant = request.POST.get("test", ""), request.POST.get("variant", "")
    try:
        comparing.pick(flow, test, variant, clock.now())
    except comparing.NoSuchVariant:
        messages.error(request, _("That step is no longer there. Nothing was changed."))
        return _back(flow)
    note(request, flow, _("kept %(variant)s of %(test)s") % {"variant": variant.upper(), "test": test})
    messages.success(request, _("It stands in the draft now. Publish it to let it run."))
    return _back(flow)


# --- on and off -------------------------------------------------------------------------------------


def seen_in(request: HttpRequest) -> list[int]:
    """The published mails somebody says to have looked at."""
    return [int(key) for key in request.POST.getlist("looked") if key.isascii() and key.isdecimal() and len(key) < 19]


@_verb
def switch_on(request: HttpRequest, flow: Flow) -> HttpResponse:
    """On, once each of its mails was looked at; else the mails are shown first."""
    at = clock.now()
    try:
        if flow.version is not None:
            seeing.look(flow, seen_in(request), at)
            seeing.must_be_seen(flow)
        # For real, also when it last ran in shadow.
        shadowing.sends(flow, at)
    except seeing.NotLookedAt as problem:
        messages.warning(request, str(problem))
        return _back(flow, "?look=all#look")
    except publishing.NotPublished as problem:
        messages.error(request, str(problem))
        return _back(flow)
    note(request, flow, _("switched on"))
    messages.success(request, _("%(flow)s is on.") % {"flow": flow.name})
    return _back(flow)


@_verb
def switch_off(request: HttpRequest, flow: Flow) -> HttpResponse:
    publishing.pause(flow, clock.now())
    note(request, flow, _("switched off"))
    messages.success(request, _("%(flow)s is off. What waited is not sent.") % {"flow": flow.name})
    return _back(flow)


@_verb
def remove(request: HttpRequest, flow: Flow) -> HttpResponse:
    """Put away; its history stays to be read."""
    if request.POST.get("sure") != "1":
        messages.error(request, _("Tick that you are sure; nothing was changed."))
        return _back(flow, "?tab=versions")
    publishing.delete(flow, clock.now())
    note(request, flow, _("deleted"))
    messages.success(request, _("%(flow)s is put away. Its history stays here.") % {"flow": flow.name})
    return _back(flow)
