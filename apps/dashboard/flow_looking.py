"""A flow's mails as people will get them, shown in place: what must be seen before a flow is switched on."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from apps.dashboard.previewing import Preview, preview
from apps.dashboard.versions import source_of
from apps.flows.models import Flow
from apps.flows.seeing import mails_of, unseen
from apps.mail.models import Template

ALL: Final = "all"
MOST: Final = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """One mail, as it goes out now."""

    template: Template
    version: int
    shown: Preview
    is_new: bool
    """Nobody looked at this version before."""


def looks(flow: Flow, which: str, at: datetime) -> list[Look]:
    """The mails to show: one by its short name, or all that nobody has looked at."""
    new = {mail.pk for mail in unseen(flow)}
    wanted = [mail for mail in _all(flow, which) if (mail.pk in new if which == ALL else mail.slug == which)]
    return [
        Look(
            template=mail,
            version=mail.live.pk,
            shown=preview(source_of(mail.live), mail, None, at),
            is_new=mail.pk in new,
        )
        for mail in wanted[:MOST]
        if mail.live is not None
    ]


def _all(flow: Flow, which: str) -> list[Template]:
    """The flow's own mails; one that only the draft names yet is shown too."""
    found = mails_of(flow)
    if which != ALL and which not in {mail.slug for mail in found}:
        rows = Template.objects.of(flow.store_id).filter(slug=which[:80], live__isnull=False).select_related("live")
        found += sorted(rows, key=lambda mail: mail.locale != flow.store.locale)[:1]
    return found
