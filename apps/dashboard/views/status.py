"""The status page: the ledger, and why mail was not sent."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _

from apps.accounts.roles import stores_of, visible
from apps.core import clock
from apps.dashboard import health, ledger
from apps.dashboard.views.doors import frame
from apps.flows.models import Flow


def show(request: HttpRequest) -> HttpResponse:
    stores, at = stores_of(request.user), clock.now()
    ids = [store.pk for store in stores]
    flows = dict(visible(Flow.objects.all(), request.user).values_list("pk", "name"))
    by_store, by_flow = ledger.ledger([(store.pk, store.name) for store in stores], flows)
    context = frame(
        request,
        _("Status"),
        by_store=by_store,
        by_flow=by_flow,
        ends=[("planned", _("planned")), *((end, ledger.words(end)) for end in ledger.ENDS)],
        skipped=ledger.skipped(ids),
        queues=health.queues(ids, at),
        beat_seen=health.beat_seen(),
        beat_lives=health.beat_lives(at),
    )
    return TemplateResponse(request, "dashboard/status.html", context)
