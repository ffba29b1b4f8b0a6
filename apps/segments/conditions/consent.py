from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from apps.core.sql import Sql
from apps.segments.being import Being
from apps.segments.parts import conditions

STATES = {
    "granted": _("said yes"),
    "denied": _("said no"),
    "pending": _("still has to confirm"),
    "none": _("was never asked"),
    "unsubscribed": _("gets no more mail"),
}
BARRED = """EXISTS (SELECT 1 FROM consent_suppression su
    WHERE su.store_id = s.id AND su.address_hash = p.address_hash AND su.lifted_at IS NULL)"""
SAID = "EXISTS (SELECT 1 FROM consent_permission cp WHERE cp.customer_id = p.id AND cp.state = %s::text)"


@conditions.register("consent")
@dataclass(frozen=True, slots=True, kw_only=True)
class Consent(Being):
    """What this person last said to marketing mail. Whoever unsubscribed has not said yes."""

    label: ClassVar[Any] = _("Consent")
    short: ClassVar[str] = "state"

    state: Literal["granted", "denied", "pending", "none", "unsubscribed"] = field(
        default="granted", metadata={"label": _("consent"), "choices": STATES}
    )

    def where(self) -> Sql:
        match self.state:
            case "unsubscribed":
                return Sql(BARRED)
            case "none":
                return Sql(
                    f"NOT EXISTS (SELECT 1 FROM consent_permission cp WHERE cp.customer_id = p.id) AND NOT {BARRED}"
                )
            case "granted":
                return Sql(f"{SAID} AND NOT {BARRED}", (self.state,))
            case _:
                return Sql(SAID, (self.state,))

    def sentence(self) -> str:
        return {
            "granted": gettext("has said yes to marketing mail"),
            "denied": gettext("has said no to marketing mail"),
            "pending": gettext("still has to confirm the yes to marketing mail"),
            "none": gettext("was never asked about marketing mail"),
            "unsubscribed": gettext("gets no more marketing mail"),
        }[self.state]
