"""The plans."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from apps.accounts.roles import Deed, may
from apps.dashboard import flow_page
from apps.dashboard.admin.base import ScopedAdmin, StoreFilter
from apps.flows.models import Flow
from apps.flows.publishing import people_inside


@admin.register(Flow)
class FlowAdmin(ScopedAdmin):
    """A flow with its steps as a line of time, its draft, its people and its numbers."""

    page_template = "dashboard/flow.html"
    list_display = ("name", "store", "live", "version_number", "inside")
    list_filter = (StoreFilter, "live")
    list_select_related = ("store", "version")
    search_fields = ("name", "slug")

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).filter(deleted_at__isnull=True)

    @admin.display(description=_("version"))
    def version_number(self, flow: Flow) -> str:
        return f"v{flow.version.number}" if flow.version else "–"

    @admin.display(description=_("people inside"))
    def inside(self, flow: Flow) -> int:
        return people_inside(flow)

    def page_context(self, request: HttpRequest, row: Any) -> dict[str, Any]:
        return {**flow_page.page(row), "may_write": may(request.user, Deed.WRITE, row.store_id)}
