"""What an owner fills in for a one-off mail."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from apps.dashboard.flow_shelf import Shelf
from apps.flows.models import Campaign
from apps.segments.models import Segment
from apps.stores.models import Store

WHEN = "%Y-%m-%dT%H:%M"
SERVICE_PURPOSE, MARKETING_PURPOSE = "status", "campaign"
"""Which of a shop's rules says how long such a mail stays of use."""


class CampaignForm(forms.Form):
    """A mail, people, and a moment. What the law or the database refuses is said here with a sentence."""

    name = forms.CharField(label=_("name"), max_length=120, help_text=_("Only you see it."))
    template_slug = forms.ChoiceField(label=_("template"))
    audience = forms.ChoiceField(label=_("to whom"), choices=Campaign.Audience.choices)
    segment = forms.ChoiceField(label=_("segment"), required=False)
    days = forms.IntegerField(
        label=_("days"), min_value=1, max_value=365, initial=7, required=False,
        help_text=_("For everyone who ordered lately: how many days back."),
    )  # fmt: skip
    kind = forms.ChoiceField(
        label=_("kind"), choices=Campaign.Kind.choices,
        help_text=_("Service mail sells nothing. It needs no permission, counts for no cap, and goes at any hour."),
    )  # fmt: skip
    send_at = forms.DateTimeField(
        label=_("send at"), required=False, input_formats=[WHEN],
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format=WHEN),
        help_text=_("In the shop's time. Empty: at once, when you press the button."),
    )  # fmt: skip

    def __init__(self, store: Store, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        self.store = store
        self.fields["template_slug"].choices = Shelf(store).choices("template")  # type: ignore[attr-defined]
        mine = [(str(segment.pk), segment.name) for segment in Segment.objects.of(store)]
        self.fields["segment"].choices = [("", "–"), *mine]  # type: ignore[attr-defined]

    def clean_send_at(self) -> datetime | None:
        """The clock of the shop, whatever the clock of who fills it in."""
        moment: datetime | None = self.cleaned_data["send_at"]
        return None if moment is None else moment.replace(tzinfo=ZoneInfo(self.store.time_zone))

    def clean_segment(self) -> Segment | None:
        chosen = self.cleaned_data["segment"]
        return Segment.objects.of(self.store).get(pk=chosen) if chosen else None

    def clean(self) -> dict[str, Any]:
        given: dict[str, Any] = super().clean() or {}
        if given.get("audience") == Campaign.Audience.SEGMENT and not given.get("segment"):
            self.add_error("segment", ValidationError(_("Choose a segment.")))
        if given.get("kind") == Campaign.Kind.SERVICE and given.get("audience") != Campaign.Audience.RECENT_ORDERS:
            self.add_error("kind", ValidationError(_("Service mail goes to people who ordered, about their order.")))
        return given

    def save(self, campaign: Campaign) -> Campaign:
        given = self.cleaned_data
        for name in ("name", "template_slug", "audience", "kind", "send_at"):
            setattr(campaign, name, given[name])
        campaign.segment = given["segment"] if given["audience"] == Campaign.Audience.SEGMENT else None
        campaign.days = given["days"] or 7
        campaign.purpose = SERVICE_PURPOSE if given["kind"] == Campaign.Kind.SERVICE else MARKETING_PURPOSE
        # What was counted was counted for other people, or another mail.
        campaign.counts = {}
        campaign.save()
        return campaign


def campaign_form(store: Store, campaign: Campaign | None = None, given: Any = None) -> CampaignForm:
    """The form of this campaign as it is, or as it was typed; None is a new one."""
    kept: dict[str, Any] = {"days": 7}
    if campaign is not None:
        kept = {name: getattr(campaign, name) for name in ("name", "template_slug", "audience", "days", "kind")}
        kept["segment"] = str(campaign.segment_id or "")
        zone = ZoneInfo(store.time_zone)
        kept["send_at"] = campaign.send_at.astimezone(zone).strftime(WHEN) if campaign.send_at else ""
    return CampaignForm(store, given, initial=kept) if given is not None else CampaignForm(store, initial=kept)
