from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import Any, ClassVar, Literal

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from apps.core.forms import FieldRefused
from apps.core.sql import Sql
from apps.segments.being import Being
from apps.segments.parts import conditions

TESTS = {
    "equals": _("is"),
    "differs": _("is not"),
    "contains": _("contains"),
    "at_least": _("is at least"),
    "at_most": _("is at most"),
    "known": _("is known"),
    "unknown": _("is not known"),
}


@conditions.register("property")
@dataclass(frozen=True, slots=True, kw_only=True)
class Property(Being):
    """What another app told of this person. Letter case does not matter; what is not known is nothing but unknown."""

    label: ClassVar[Any] = _("Property")

    name: str = field(metadata={"label": _("property"), "max_length": 80})
    test: Literal["equals", "differs", "contains", "at_least", "at_most", "known", "unknown"] = field(
        default="equals", metadata={"label": _("test"), "choices": TESTS}
    )
    value: str = field(default="", metadata={"label": _("value"), "max_length": 200})

    def __post_init__(self) -> None:
        if self.test in ("at_least", "at_most"):
            self._number()

    def _number(self) -> Decimal:
        try:
            number = Decimal(self.value)
        except InvalidOperation:
            number = Decimal("NaN")
        if not number.is_finite():
            raise FieldRefused("value", gettext("expected a number; got “%s”") % self.value[:40])
        return number

    def where(self) -> Sql:
        said = "lower(p.properties ->> %s)"
        match self.test:
            case "equals":
                return Sql(f"{said} = lower(%s::text)", (self.name, self.value))
            case "differs":
                return Sql(f"{said} <> lower(%s::text)", (self.name, self.value))
            case "contains":
                return Sql(f"strpos({said}, lower(%s::text)) > 0", (self.name, self.value))
            case "known":
                return Sql("p.properties ->> %s IS NOT NULL", (self.name,))
            case "unknown":
                return Sql("p.properties ->> %s IS NULL", (self.name,))
            case "at_least" | "at_most":
                # Only what the other app told as a number is one.
                sign = ">=" if self.test == "at_least" else "<="
                told = "(p.properties -> %s)"
                number = f"CASE WHEN jsonb_typeof{told} = 'number' THEN {told}::numeric END"
                return Sql(f"{number} {sign} %s::numeric", (self.name, self.name, self._number()))

    def sentence(self) -> str:
        value = "" if self.test in ("known", "unknown") else f" “{self.value}”"
        return gettext("has a property “%(name)s” that %(test)s%(value)s") % {
            "name": self.name, "test": TESTS[self.test], "value": value,
        }  # fmt: skip
