"""Adding the past to a flow, as its page shows it: who would begin, and by reason who would not."""

from __future__ import annotations

from typing import Any, Final

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from apps.core.reasons import Reason
from apps.dashboard.campaign_page import Share, in_short
from apps.flows.backfilling import FURTHEST, HeadCount
from apps.flows.models import Flow

MOST: Final = FURTHEST.days
USUAL: Final = 30
"""Days back that the form begins with."""


def page(flow: Flow, days: int, counted: HeadCount | None = None) -> dict[str, Any]:
    """The context of the page; before anything is counted it only asks how far back."""
    return {"flow": flow, "days": days, "most": MOST, **(_told(counted) if counted else {})}


def _told(counted: HeadCount) -> dict[str, Any]:
    return {"counted": counted, "entering": entering(counted), "shares": shares(counted)}


def entering(counted: HeadCount) -> str:
    return ngettext(
        "%(count)s person would begin now.", "%(count)s people would begin now.", counted.entering
    ) % {"count": counted.entering}  # fmt: skip


def added(counted: HeadCount) -> str:
    """What was done, with the number of those it left out."""
    said = ngettext("%(count)s person was added.", "%(count)s people were added.", counted.entering)
    left = sum(counted.refused.values()) + counted.held_out
    words = [said % {"count": counted.entering}]
    if left:
        words.append(ngettext("%(count)s was left out.", "%(count)s were left out.", left) % {"count": left})
    return " ".join(words)


def shares(counted: HeadCount) -> list[Share]:
    """Who would get nothing, by reason, the most first."""
    known = [
        Share(counted.no_basis, _("would begin, and we may not write to them")),
        Share(counted.held_out, _("in the control group")),
    ]
    refused = [Share(number, _why(reason)) for reason, number in counted.refused.items()]
    return sorted((one for one in (*known, *refused) if one.count), key=lambda one: -one.count)


def _why(reason: str) -> str:
    words: dict[str, str] = {
        Reason.STALE: _("too long ago for any mail of this flow"),
        Reason.REENTRY_TOO_SOON: _("were in this flow before, and may not begin again yet"),
        Reason.DUPLICATE_RUN: _("were in this flow before"),
        Reason.LANE_TAKEN: _("are in another flow about the same"),
        Reason.NO_LONGER_FITS: _("are not meant by the conditions of this flow"),
        Reason.ORDER_PLACED: _("ordered since"),
    }
    return words.get(reason) or in_short(reason)
