"""What is done to segments: made, looked at while they are edited, deleted; and the grid of RFM groups."""

from __future__ import annotations

from django.contrib import messages
from django.db import IntegrityError, transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.template.response import TemplateResponse
from django.utils.text import slugify
from django.utils.translation import gettext as _

from apps.accounts.roles import Deed, stores_of
from apps.core import clock
from apps.dashboard import segment_page
from apps.dashboard.journal import note
from apps.dashboard.segment_form import from_post
from apps.dashboard.views.doors import frame, on
from apps.segments import saving
from apps.segments.entering import rebuild
from apps.segments.models import Segment
from apps.stores.models import Store


@on(Store, Deed.WRITE)
def make_segment(request: HttpRequest, store: Store) -> HttpResponse:
    """A new segment, on its own page from then on; it holds everybody until conditions stand in it."""
    name = request.POST.get("name", "").strip()[:120]
    slug = slugify(name)[:80]
    if not slug:
        messages.error(request, _("Give it a name with letters in it."))
        return redirect("admin:segments_segment_changelist")
    try:
        with transaction.atomic():
            segment = Segment.objects.create(store=store, slug=slug, name=name)
    except IntegrityError:
        messages.error(request, _("Another segment has this name."))
        return redirect("admin:segments_segment_changelist")
    rebuild(segment, clock.now())
    note(request, segment, _("made"))
    return redirect("admin:segments_segment_change", segment.pk)


@on(Segment, Deed.READ)
def look(request: HttpRequest, segment: Segment) -> HttpResponse:
    """Who would be in it as it stands in the form; nothing is kept."""
    built = from_post(request.POST)
    return render(request, "dashboard/_segment_look.html", segment_page.looked(segment, built, clock.now()))


@on(Segment, Deed.WRITE)
def delete(request: HttpRequest, segment: Segment) -> HttpResponse:
    """Only what nobody asks about: a flow whose audience vanishes would mail nobody, or everybody."""
    used = segment_page.users_of(segment)
    if used:
        messages.error(request, _("It is in use: %s.") % ", ".join(used))
        return redirect("admin:segments_segment_change", segment.pk)
    note(request, segment, _("deleted"))
    saving.remove(segment)
    messages.success(request, _("The segment is deleted."))
    return redirect("admin:segments_segment_changelist")


def rfm(request: HttpRequest) -> HttpResponse:
    """The grid of 27 cells of one shop."""
    stores = list(stores_of(request.user))
    asked = request.GET.get("store", "")
    store = next((one for one in stores if str(one.pk) == asked), stores[0] if stores else None)
    more = segment_page.grid_of(store) if store is not None else {}
    context = frame(request, str(_("RFM groups")), stores=stores, store=store, **more)
    return TemplateResponse(request, "dashboard/segment_rfm.html", context)
