"""Which plans are tried: a flow's draft alone, or beside everything that is on."""

from __future__ import annotations

from datetime import datetime

from apps.core.problems import DefinitionRefused
from apps.flows import definition
from apps.flows.models import Flow
from apps.flows.simulating.replay import Progress
from apps.flows.simulating.report import Simulated
from apps.flows.simulating.setting import Tried
from apps.flows.simulating.sharing import simulate
from apps.stores.models import Store


def draft_of(flow: Flow) -> Tried:
    """The flow as its draft stands. Raises DefinitionRefused with everything that is wrong with it."""
    return Tried(plan=definition.read(flow.draft), flow_id=flow.pk)


def beside(flow: Flow) -> list[Tried]:
    """This flow's draft and every other flow of the shop that is on, as it was published."""
    live = Flow.objects.of(flow.store_id).filter(live=True, shadow=False, deleted_at__isnull=True)
    others = live.select_related("version").exclude(pk=flow.pk).order_by("slug")
    return [draft_of(flow), *(tried for other in others if (tried := _running(other)) is not None)]


def _running(flow: Flow) -> Tried | None:
    """None: its plan cannot be read any more, so that it begins nothing either."""
    try:
        return Tried(plan=definition.read(flow.version.definition if flow.version else None), flow_id=flow.pk)
    except DefinitionRefused:
        return None


def conflicts(flow: Flow, began: datetime, ended: datetime, progress: Progress | None = None) -> Simulated:
    """Everything that is on, and this flow beside it, over a stretch of the past: who would have been in several
    flows, how many mails a day that makes, and what the caps would have kept back.
    """
    store = Store.objects.get(pk=flow.store_id)
    return simulate(store, beside(flow), began=began, ended=ended, progress=progress)


def replay(flow: Flow, began: datetime, ended: datetime, progress: Progress | None = None) -> Simulated:
    """This flow's draft alone, beside whatever really left for these people."""
    store = Store.objects.get(pk=flow.store_id)
    return simulate(store, [draft_of(flow)], began=began, ended=ended, progress=progress)
