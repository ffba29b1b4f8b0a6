"""The walk of a test basket: what to do in the shop, and what we see of it."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache

from apps.accounts.models import User
from apps.accounts.roles import Deed
from apps.core import clock
from apps.core.addresses import email_key
from apps.dashboard.journal import note
from apps.dashboard.testbasket import send_now, walk
from apps.dashboard.views.doors import frame, on
from apps.stores.models import Store


@on(Store, Deed.MANAGE)
def show(request: HttpRequest, store: Store) -> HttpResponse:
    title = _("Try %(store)s") % {"store": store.name}
    return TemplateResponse(request, "dashboard/testbasket.html", frame(request, title, **_context(request, store)))


@never_cache
@on(Store, Deed.MANAGE)
def seen(request: HttpRequest, store: Store) -> HttpResponse:
    """The steps alone, asked for every few seconds."""
    return render(request, "dashboard/_testbasket.html", _context(request, store))


@on(Store, Deed.MANAGE)
def send(request: HttpRequest, store: Store) -> HttpResponse:
    """Its mail now, to whoever is signed in and to nobody else."""
    if send_now(store, _person(request), clock.now()):
        note(request, store, _("mail of a test basket asked for"))
        messages.success(request, _("Its mail is on its way: it passes the gate like any other."))
    else:
        messages.error(request, _("There is no basket with your address that waits for its mail."))
    return redirect("dashboard:store-try", store.pk)


@on(Store, Deed.MANAGE)
def address(request: HttpRequest, store: Store) -> HttpResponse:
    """An account without an e-mail address gets one; one that has an address keeps it."""
    key, person = email_key(request.POST.get("email", "")), _person(request)
    if key is None or person.email:
        messages.error(request, _("Fill in one e-mail address."))
    else:
        User.objects.filter(pk=person.pk, email="").update(email=key)
        note(request, person, _("e-mail address filled in"))
    return redirect("dashboard:store-try", store.pk)


def _context(request: HttpRequest, store: Store) -> dict[str, Any]:
    return {"store": store, "walk": walk(store, _person(request), clock.now())}


def _person(request: HttpRequest) -> User:
    assert isinstance(request.user, User)
    return request.user
