from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

from django.utils.translation import gettext_lazy as _

from apps.events import kinds
from apps.flows.parts import OnEvent, triggers
from apps.flows.purchases import from_people


@triggers.register("segment_entered")
@dataclass(frozen=True, slots=True, kw_only=True)
class SegmentEntered(OnEvent):
    """Somebody came to be in a segment."""

    kind: ClassVar[str]
    label: ClassVar[Any] = _("Came into a segment")
    short: ClassVar[str] = "segment"
    hears: ClassVar[frozenset[str]] = frozenset({kinds.SEGMENT_ENTERED})
    candidates: ClassVar[str] = from_people("jsonb_build_object('segment', t.data -> 'segment')")

    segment: str = field(metadata={"label": _("Segment"), "help": _("its short name"), "max_length": 80})

    def accepts(self, facts: Mapping[str, Any]) -> bool:
        """This segment, by its short name."""
        return bool(facts["segment"] == self.segment)
