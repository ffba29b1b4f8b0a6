from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, ClassVar, Final

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from apps.core.durations import Duration
from apps.core.forms import FieldRefused
from apps.flows import chance, wishing
from apps.flows.parts import AtOnce, steps
from apps.flows.taking import Case, Taken

SLUG: Final = re.compile(r"[a-zA-Z0-9_-]{1,80}", re.ASCII)


@steps.register("send_email")
@dataclass(frozen=True, slots=True, kw_only=True)
class SendEmail(AtOnce):
    """Ask for one mail. With more texts each person gets one of them, and always the same."""

    kind: ClassVar[str]
    label: ClassVar[Any] = _("Send e-mail")
    short: ClassVar[str] = "template"
    speaks: ClassVar[bool] = True
    acts: ClassVar[bool] = True

    template: str = field(metadata={"label": _("Template"), "max_length": 80})
    also: tuple[str, ...] = field(
        default=(),
        metadata={
            "label": _("More texts"),
            "help": _("templates that say the same in other words; each person gets one of them, and keeps it"),
            "choose": "template",
            "max_length": 80,
            "example": "other-words",
        },
    )
    valid_for: Duration | None = field(
        default=None,
        metadata={
            "label": _("Of use for"),
            "help": _("empty: what the shop's rules say for this purpose"),
        },
    )

    def __post_init__(self) -> None:
        for name, slugs in (("template", (self.template,)), ("also", self.also)):
            if not all(SLUG.fullmatch(slug) for slug in slugs):
                raise FieldRefused(name, gettext("expected the short name of a template, such as welcome-1"))
        if len(set(self.texts)) < len(self.texts):
            raise FieldRefused("also", gettext("expected every text once"))

    @property
    def texts(self) -> tuple[str, ...]:
        """Every template this step may ask for."""
        return (self.template, *self.also)

    @classmethod
    def take(cls, cases: Sequence[Case], at: datetime) -> list[Taken]:  # noqa: ARG003
        codes = wishing.codes(cases)
        return [_asked(case, case.step, codes.get(case.run.id)) for case in cases]


def _asked(case: Case, step: SendEmail, code_id: int | None) -> Taken:
    template = step.template if not step.also else step.texts[_text(case, step)]
    valid_for = step.valid_for.delta if step.valid_for else None
    return Taken(
        case=case,
        outcome="planned",
        detail={"template": template} if step.also else {},
        wish=wishing.wish(case, template, valid_for=valid_for, code_id=code_id),
    )


def _text(case: Case, step: SendEmail) -> int:
    return chance.drawn("text", case.run.flow_id, step.template, case.run.customer_id, (1,) * len(step.texts))
