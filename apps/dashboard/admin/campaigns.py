"""One-off mails: the owner's send button."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _

from apps.accounts.roles import Deed, may, stores_of
from apps.dashboard.admin.base import ScopedAdmin, StoreFilter
from apps.dashboard.campaign_form import campaign_form
from apps.dashboard.campaign_page import counted, standing
from apps.dashboard.goods_form import dressed
from apps.flows.models import Campaign
from apps.mail.models import Template


@admin.register(Campaign)
class CampaignAdmin(ScopedAdmin):
    """A mail, people and a moment; sent by hand, once."""

    page_template = "dashboard/campaign.html"
    change_list_template = "dashboard/campaigns.html"
    list_display = ("name", "store", "status", "whom", "send_at", "planned")
    list_filter = (StoreFilter, "status")
    list_select_related = ("store", "segment")
    search_fields = ("name",)
    ordering = ("-made_at",)

    @admin.display(description=_("to whom"))
    def whom(self, campaign: Campaign) -> str:
        return whom(campaign)

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        mine = [store for store in stores_of(request.user) if may(request.user, Deed.WRITE, store)]
        more = {"makers": [(store, dressed(campaign_form(store))) for store in mine], **(extra_context or {})}
        answer: HttpResponse = super().changelist_view(request, more)
        return answer

    def page_context(self, request: HttpRequest, row: Any) -> dict[str, Any]:
        return {
            "campaign": row,
            "whom": whom(row),
            "form": dressed(campaign_form(row.store, row)),
            "is_draft": row.status == Campaign.Status.DRAFT,
            "counted": counted(row),
            "needs_basket": needs_basket(row),
            "standing": standing(row),
            "may_write": may(request.user, Deed.WRITE, row.store_id),
            "may_manage": may(request.user, Deed.MANAGE, row.store_id),
        }


def needs_basket(campaign: Campaign) -> bool:
    """Whether its mail shows a basket: a one-off mail is about none, so that part would be empty."""
    mails = Template.objects.of(campaign.store_id).filter(slug=campaign.template_slug)
    return bool(mails.filter(live__mjml__contains="{% block items %}").exists())


def whom(campaign: Campaign) -> str:
    """The audience in words."""
    if campaign.audience == Campaign.Audience.RECENT_ORDERS:
        return str(_("everyone who ordered in the last %(days)s days") % {"days": campaign.days})
    if campaign.audience == Campaign.Audience.SEGMENT:
        return campaign.segment.name if campaign.segment else "–"
    return str(campaign.get_audience_display())
