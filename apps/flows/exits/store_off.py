from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from django.utils.translation import gettext_lazy as _

from apps.core.reasons import Reason
from apps.core.sql import Sql
from apps.flows.parts import exits


@exits.register("store_off")
@dataclass(frozen=True, slots=True, kw_only=True)
class StoreOff:
    """The shop was disconnected. A paused shop only waits."""

    kind: ClassVar[str]
    label: ClassVar[Any] = _("Shop disconnected")
    reason: ClassVar[Reason] = Reason.STORE_UNINSTALLED
    hears: ClassVar[frozenset[str]] = frozenset()
    completes: ClassVar[bool] = False

    def where(self) -> Sql:
        return Sql("s.status = 'uninstalled'")
