from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, ClassVar, Final

from django.utils.translation import gettext_lazy as _

from apps.core.reasons import Reason
from apps.flows.parts import AtOnce, steps
from apps.flows.taking import Case, Next, Taken, Until
from apps.offers import issuing
from apps.offers.granting import Declined, Granted, grant
from apps.offers.models import Offer

SOON: Final = timedelta(seconds=15)
"""How often we ask whether the shop has made the code: a little longer than its queue's tick."""
PATIENCE: Final = timedelta(hours=6)
"""So long a mail may wait for its code; then it goes without one."""


@steps.register("give_offer")
@dataclass(frozen=True, slots=True, kw_only=True)
class GiveOffer(AtOnce):
    """Give this person an offer of their own: the mails that follow bring its code.

    Whoever gets none (too soon after the last, the month's budget used, the shop cannot make it) goes on all the
    same: the mail leaves out what it would have said of the offer, and the reason stands in the trace of this step.
    """

    kind: ClassVar[str]
    label: ClassVar[Any] = _("Give an offer")
    short: ClassVar[str] = "offer"
    acts: ClassVar[bool] = True

    offer: str = field(
        metadata={"label": _("Offer"), "help": _("the name of one of the shop's offers"), "max_length": 80}
    )

    @classmethod
    def take(cls, cases: Sequence[Case], at: datetime) -> list[Taken]:
        given = _given([case for case in cases if not case.shadow], at)
        return [given.get(case.run.id) or Taken(case=case, outcome="in_shadow") for case in cases]


def _given(cases: Sequence[Case], at: datetime) -> dict[int, Taken]:
    groups: dict[tuple[int, str], list[Case]] = defaultdict(list)
    for case in cases:
        groups[case.run.store_id, case.step.offer].append(case)
    found: dict[int, Taken] = {}
    # In key order, so that two batches that give the same offers wait instead of locking each other out.
    for (store_id, name), group in sorted(groups.items(), key=lambda item: item[0]):
        offer = Offer.objects.of(store_id).filter(name=name).first()
        taken = [_declined(case, Reason.OFFER_OFF) for case in group] if offer is None else _granted(offer, group, at)
        found |= {one.case.run.id: one for one in taken}
    return found


def _granted(offer: Offer, cases: Sequence[Case], at: datetime) -> list[Taken]:
    answers = grant(offer, [(case.run.customer_id, case.origin) for case in cases], at)
    states = issuing.states([answer.code_id for answer in answers if isinstance(answer, Granted)], at)
    taken = []
    for case, answer in zip(cases, answers, strict=True):
        match answer:
            case Declined(reason=reason):
                taken.append(_declined(case, reason))
            case Granted(code_id=code):
                taken.append(_made(case, code, states.get(code, "none"), at))
    return taken


def _made(case: Case, code_id: int, state: str, at: datetime) -> Taken:
    if state == "usable":
        return Taken(case=case, outcome="given", detail={"code": code_id}, then=Next())
    if state == "coming" and at < case.due + PATIENCE:
        return Taken(case=case, outcome="waits", then=Until(at + SOON))
    return _declined(case, Reason.OFFER_NOT_MADE)


def _declined(case: Case, reason: Reason) -> Taken:
    return Taken(case=case, outcome="declined", detail={"reason": str(reason), "offer": case.step.offer})
