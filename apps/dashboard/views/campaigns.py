"""What is done to one-off mails: made, counted, looked at, sent, stopped."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from apps.accounts.roles import Deed
from apps.core import clock
from apps.core.addresses import email_key
from apps.core.problems import DefinitionRefused
from apps.customers.models import Customer
from apps.dashboard.campaign_form import campaign_form
from apps.dashboard.campaign_page import first_of, preview, standing
from apps.dashboard.journal import note
from apps.dashboard.views.doors import on
from apps.flows import campaigns
from apps.flows.campaigns import NotSendable
from apps.flows.models import Campaign
from apps.stores.models import Store


def _back(campaign: Campaign) -> HttpResponse:
    return redirect("admin:flows_campaign_change", campaign.pk)


@on(Store, Deed.WRITE)
def make(request: HttpRequest, store: Store) -> HttpResponse:
    """A new one, on its own page from then on; nothing is sent yet."""
    form = campaign_form(store, None, request.POST)
    if form.is_valid():
        campaign = form.save(Campaign(store=store))
        note(request, campaign, _("made"))
        messages.success(request, _("It is made. Count and look before you send it."))
        return _back(campaign)
    _say(request, form)
    return redirect("admin:flows_campaign_changelist")


@on(Campaign, Deed.WRITE)
def save(request: HttpRequest, campaign: Campaign) -> HttpResponse:
    form = campaign_form(campaign.store, campaign, request.POST)
    if campaign.status != Campaign.Status.DRAFT:
        messages.error(request, _("It is on its way: only a draft can be changed."))
    elif form.is_valid():
        form.save(campaign)
        messages.success(request, _("Saved."))
    else:
        _say(request, form)
    return _back(campaign)


def _say(request: HttpRequest, form: Any) -> None:
    for name, wrong in form.errors.items():
        label = form.fields[name].label if name in form.fields else ""
        messages.error(request, f"{label}: {' '.join(str(one) for one in wrong)}".strip(": "))


@on(Campaign, Deed.WRITE)
def count(request: HttpRequest, campaign: Campaign) -> HttpResponse:
    """Ask the gate who would get it now."""
    try:
        campaigns.count(campaign, clock.now())
    except (NotSendable, DefinitionRefused) as wrong:
        messages.error(request, why_not(wrong))
    return redirect(f"{_back(campaign)['Location']}#count")


@on(Campaign, Deed.READ)
def look(request: HttpRequest, campaign: Campaign) -> HttpResponse:
    """The mail as one of them would get it: the person typed, else anybody of the audience."""
    page = admin.site.get_model_admin(Campaign)
    at = clock.now()
    try:
        person = _person(request, campaign) or first_of(campaign, at)
        shown = preview(campaign, person, at) if person else None
    except (NotSendable, DefinitionRefused) as wrong:
        messages.error(request, why_not(wrong))
        return _back(campaign)
    if person is None:
        messages.error(request, _("Nobody to show it for: the audience is empty, or that address is not known."))
        return _back(campaign)
    if shown is None:
        messages.error(request, _("This mail cannot be written for %(person)s.") % {"person": person})
        return _back(campaign)
    answer: HttpResponse = page.page(request, campaign, mail=shown, shown_to=person)  # type: ignore[attr-defined]
    return answer


def _person(request: HttpRequest, campaign: Campaign) -> Customer | None:
    key = email_key(request.POST.get("email", ""))
    return Customer.objects.of(campaign.store_id).filter(email_key=key).first() if key else None


@on(Campaign, Deed.MANAGE)
def send(request: HttpRequest, campaign: Campaign) -> HttpResponse:
    """The button itself; only after a head-count, with the number said once more."""
    if not campaign.counts:
        messages.error(request, _("Count first: then you know who gets it."))
    elif not request.POST.get("sure"):
        messages.error(request, _("Tick the box first: what is sent cannot be taken back."))
    else:
        try:
            campaigns.start(campaign, clock.now())
        except (NotSendable, DefinitionRefused) as wrong:
            messages.error(request, why_not(wrong))
        else:
            note(request, campaign, _("sent"))
            messages.success(request, _("It is on its way."))
    return _back(campaign)


@on(Campaign, Deed.WRITE)
def stop(request: HttpRequest, campaign: Campaign) -> HttpResponse:
    gone = campaigns.stop(campaign, clock.now())
    note(request, campaign, _("stopped"))
    said = ngettext(
        "Stopped. %(count)s mail that waited is not sent.", "Stopped. %(count)s mails that waited are not sent.", gone
    )
    messages.success(request, said % {"count": gone})
    return _back(campaign)


@on(Campaign, Deed.READ)
def progress(request: HttpRequest, campaign: Campaign) -> HttpResponse:
    """How far it is, for a page that is looked at."""
    return render(request, "dashboard/_campaign_progress.html", {"standing": standing(campaign)})


def why_not(wrong: NotSendable | DefinitionRefused) -> str:
    """What is missing before it can be counted or sent."""
    if isinstance(wrong, DefinitionRefused):
        return _("The segment cannot be read: open it and see what is wrong.")
    return {
        "no_segment": _("Choose a segment first."),
        "no_text": _("This template has no published text."),
        "already_sent": _("It was sent already."),
    }[str(wrong)]
