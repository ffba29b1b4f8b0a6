"""The page of reports: one shop, one period; everybody who may see the shop may read it."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _

from apps.accounts.roles import stores_of
from apps.core import clock
from apps.dashboard import reports_page
from apps.dashboard.views.doors import frame


def show(request: HttpRequest) -> HttpResponse:
    stores = list(stores_of(request.user))
    asked = request.GET.get("store", "")
    store = next((one for one in stores if str(one.pk) == asked), stores[0] if stores else None)
    days = next((one for one in reports_page.PERIODS if str(one) == request.GET.get("days", "")), 30)
    numbers = reports_page.report_of(store, days, clock.now()) if store is not None else {}
    context = frame(
        request, _("Reports"), stores=stores, store=store, days=days, periods=reports_page.PERIODS.items(), **numbers
    )
    return TemplateResponse(request, "dashboard/reports.html", context)
