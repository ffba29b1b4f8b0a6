"""The plans."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import Count, Q
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from apps.accounts.roles import Deed, may, may_somewhere
from apps.core import clock
from apps.dashboard import flow_looking, flow_page
from apps.dashboard.admin.base import ScopedAdmin, StoreFilter
from apps.flows.models import Enrollment, Flow


@admin.register(Flow)
class FlowAdmin(ScopedAdmin):
    """A flow with its steps as a line of time, its file, its versions and its people."""

    page_template = "dashboard/flow.html"
    change_list_template = "dashboard/flows.html"
    list_display = ("name", "store", "state", "version_number", "inside")
    list_filter = (StoreFilter, "live")
    list_select_related = ("store", "version")
    search_fields = ("name", "slug")

    def get_queryset(self, request: HttpRequest) -> Any:
        found = super().get_queryset(request)
        # What was put away is in no list; its own page still tells what it did.
        if request.resolver_match is not None and request.resolver_match.url_name == "flows_flow_changelist":
            people = Count("enrollments", filter=Q(enrollments__status=Enrollment.Status.ACTIVE))
            return found.filter(deleted_at__isnull=True).annotate(people=people)
        return found

    @admin.display(description=_("state"), ordering="live")
    def state(self, flow: Flow) -> str:
        if flow.live:
            return gettext("in shadow") if flow.shadow else gettext("on")
        return gettext("off") if flow.version_id else gettext("draft")

    @admin.display(description=_("version"))
    def version_number(self, flow: Flow) -> str:
        return f"v{flow.version.number}" if flow.version else "–"

    @admin.display(description=_("people inside"))
    def inside(self, flow: Flow) -> int:
        count: int = getattr(flow, "people", 0)
        return count

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        more = {"may_make": may_somewhere(request.user, Deed.WRITE), **(extra_context or {})}
        answer: HttpResponse = super().changelist_view(request, more)
        return answer

    def page_context(self, request: HttpRequest, row: Any) -> dict[str, Any]:
        writes = may(request.user, Deed.WRITE, row.store_id)
        context = flow_page.page(row, request.GET, writes=writes)
        if request.GET.get("look") and context["tab"] == "line":
            context["looks"] = flow_looking.looks(row, request.GET["look"], clock.now())
        return context
