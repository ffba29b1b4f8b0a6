"""What is done to offers: made."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _

from apps.accounts.roles import Deed
from apps.dashboard.goods_form import new_offer, offer_form
from apps.dashboard.journal import note
from apps.dashboard.views.doors import on
from apps.stores.models import Store


@on(Store, Deed.WRITE)
def make_offer(request: HttpRequest, store: Store) -> HttpResponse:
    """A new offer, on its own page from then on."""
    offer, form = new_offer(store), offer_form(None, request.POST)
    if form.is_valid() and form.save(offer):
        note(request, offer, _("made"))
        messages.success(request, _("The offer is made. A flow gives it to people."))
        return redirect("admin:offers_offer_change", offer.pk)
    for name, wrong in form.errors.items():
        label = form.fields[name].label if name in form.fields else ""
        messages.error(request, f"{label}: {' '.join(str(one) for one in wrong)}".strip(": "))
    return redirect("admin:offers_offer_changelist")
