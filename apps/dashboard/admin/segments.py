"""Segments: the list, and the page on which one is built."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from apps.accounts.roles import Deed, may, stores_of
from apps.core import clock
from apps.core.problems import DefinitionRefused
from apps.dashboard import segment_page
from apps.dashboard.admin.base import ScopedAdmin, StoreFilter
from apps.dashboard.journal import note
from apps.dashboard.segment_form import Builder, choices, from_plain, from_post, reshaped
from apps.segments import saving
from apps.segments.models import Segment
from apps.segments.words import words_of_plain


@admin.register(Segment)
class SegmentAdmin(ScopedAdmin):
    """Groups of people by what they did and what they are."""

    page_template = "dashboard/segment.html"
    change_list_template = "dashboard/segments.html"
    list_display = ("name", "store", "told", "inside", "counted_at")
    list_filter = (StoreFilter,)
    list_select_related = ("store",)
    search_fields = ("name", "slug")
    ordering = ("name",)

    @admin.display(description=_("conditions"))
    def told(self, segment: Segment) -> str:
        return gettext(" and ").join(words_of_plain(one) for one in segment.definition)[:200] or gettext("everybody")

    @admin.display(description=_("members"))
    def inside(self, segment: Segment) -> int:
        return segment.memberships.count()

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        mine = [store for store in stores_of(request.user) if may(request.user, Deed.WRITE, store)]
        answer: HttpResponse = super().changelist_view(request, {"makers": mine, **(extra_context or {})})
        return answer

    def page(self, request: HttpRequest, row: Any, **more: Any) -> HttpResponse:
        """A POST saves, or gives the form back with a condition more or less; a GET shows what is kept."""
        if request.method != "POST":
            return super().page(request, row, **more)
        if not may(request.user, Deed.WRITE, row.store_id):
            raise Http404
        act = request.POST.get("act", "")
        if act == "save":
            return self._save(request, row)
        row.name = request.POST.get("name", row.name)[:120]
        if act.startswith("add:"):
            act = f"{act}:{request.POST.get('kind-' + act.removeprefix('add:'), '')}"
        return self._shown(request, row, builder=reshaped(from_post(request.POST), act))

    def _save(self, request: HttpRequest, row: Segment) -> HttpResponse:
        """What stands in the form becomes the segment; else the page again, with what is wrong."""
        built, problems = from_post(request.POST), []
        row.name = request.POST.get("name", "").strip()[:120]
        if built.is_valid and row.name:
            try:
                saving.save(row, built.plain, clock.now())
            except DefinitionRefused as refused:
                problems = [problem.message for problem in refused.problems]
            else:
                note(request, row, gettext("conditions saved"))
                messages.success(request, gettext("Saved. Who is in it by this edit begins no flow."))
                return redirect(request.path)
        messages.error(request, gettext("Nothing was saved: see what is wrong below."))
        return self._shown(request, row, builder=built, problems=problems)

    def _shown(self, request: HttpRequest, row: Any, *, builder: Builder, **more: Any) -> HttpResponse:
        """What was typed, counted as it stands."""
        look = segment_page.looked(row, builder, clock.now())
        return super().page(request, row, builder=builder, look=look, **more)

    def page_context(self, request: HttpRequest, row: Any) -> dict[str, Any]:
        builder = from_plain(row.definition)
        return {
            "segment": row,
            "builder": builder,
            "look": segment_page.looked(row, builder, clock.now()),
            "choices": choices(),
            "may_write": may(request.user, Deed.WRITE, row.store_id),
            "others": Segment.objects.of(row.store_id).exclude(pk=row.pk).order_by("name"),
            "inside": row.memberships.count(),
            "users": segment_page.users_of(row),
            "and_words": gettext("Add a condition: and"),
            "or_words": gettext("or"),
        }
