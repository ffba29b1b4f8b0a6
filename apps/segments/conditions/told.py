from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, ClassVar, Final

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from apps.core.forms import FieldRefused
from apps.core.sql import Sql
from apps.segments import phrases
from apps.segments.done import Done, Tally
from apps.segments.parts import conditions

BY_NOW: Final = "n.at + interval '10 minutes'"
"""Another clock may run ahead by as much as the door lets in; a replay of the past sees nothing of what came later."""


@conditions.register("told")
@dataclass(frozen=True, slots=True, kw_only=True)
class Told(Done):
    """Another app told of something that happened to this person, and what it told with it."""

    label: ClassVar[Any] = _("Another app told")

    events: tuple[str, ...] = field(
        default=(),
        metadata={"label": _("events"), "max_length": 60, "help": _("Such as ticket.closed; none: any.")},
    )
    property: str = field(default="", metadata={"label": _("property"), "max_length": 40, "help": _("Empty: any.")})
    value: str = field(default="", metadata={"label": _("value"), "max_length": 200})

    def __post_init__(self) -> None:
        self.check_times()
        if self.value and not self.property:
            raise FieldRefused("property", gettext("expected the name of the property with this value"))

    def tally(self) -> Tally:
        filters = [Sql(f"x.occurred_at <= {BY_NOW}"), *self.during("x.occurred_at")]
        if self.events:
            filters.append(Sql("x.name = ANY(%s::text[])", (list(self.events),)))
        if self.property:
            filters.append(Sql("lower(x.properties ->> %s::text) = lower(%s::text)", (self.property, self.value)))
        return Tally(
            source="customers_customevent x", person="x.customer_id", store="x.store_id", filters=tuple(filters)
        )

    def sentence(self) -> str:
        which = f" {phrases.quoted(self.events)}" if self.events else ""
        with_ = f" ({self.property} = “{self.value}”)" if self.property else ""
        return phrases.told(
            self,
            yes=gettext("has an event of another app%(what)s%(often)s%(when)s"),
            no=gettext("has no event of another app%(what)s%(when)s"),
            what=which + with_,
        )
