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
from apps.flows.parts import steps
from apps.flows.taking import Case, Taken
from apps.mail.planning import Wish

SLUG: Final = re.compile(r"[a-zA-Z0-9_-]{1,80}", re.ASCII)


@steps.register("send_email")
@dataclass(frozen=True, slots=True, kw_only=True)
class SendEmail:
    """Ask for one mail. Whether it leaves is for the gate to say, at the last moment.

    A mail that is late is asked for all the same: only the gate knows the open hours in which its time of
    use runs, and writes down why it was not sent.
    """

    kind: ClassVar[str]
    label: ClassVar[Any] = _("Send e-mail")
    short: ClassVar[str] = "template"
    speaks: ClassVar[bool] = True
    leaves_trace: ClassVar[bool] = True

    template: str = field(metadata={"label": _("Template"), "max_length": 80})
    valid_for: Duration | None = field(
        default=None,
        metadata={
            "label": _("Of use for"),
            "help": _("empty: what the shop's rules say for this purpose"),
        },
    )

    def __post_init__(self) -> None:
        if not SLUG.fullmatch(self.template):
            raise FieldRefused("template", gettext("expected the short name of a template, such as welcome-1"))

    def opens(self, triggered_at: datetime, so_far: datetime) -> datetime:  # noqa: ARG002
        return so_far

    @classmethod
    def take(cls, cases: Sequence[Case], at: datetime) -> list[Taken]:  # noqa: ARG003
        return [Taken(case=case, outcome="planned", wish=_wish(case, case.step)) for case in cases]


def _wish(case: Case, step: SendEmail) -> Wish:
    run, plan = case.run, case.plan
    valid_for = step.valid_for.delta if step.valid_for else case.rules.valid_for(plan.definition.purpose)
    return Wish(
        store_id=run.store_id,
        customer_id=run.customer_id,
        origin=f"run:{run.id}/step:{case.position}",
        purpose=plan.definition.purpose,
        template_slug=step.template,
        due_at=case.due,
        valid_until=case.due + valid_for,
        priority=plan.definition.rank,
        cart_id=run.cart_id,
        order_id=run.order_id,
        since=case.since,
        night_only=case.position == plan.night_only,
    )
