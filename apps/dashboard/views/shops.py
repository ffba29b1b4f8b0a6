"""What is done to a shop: its team, and the demo's clock."""

from __future__ import annotations

from django.conf import settings
from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _

from apps.accounts.models import Membership, User
from apps.accounts.roles import Deed
from apps.core.addresses import email_key
from apps.dashboard.journal import note
from apps.dashboard.travelling import travel
from apps.dashboard.views.doors import on
from apps.stores.models import Store
from config.login import link_for


@on(Store, Deed.WRITE)
def a_day_further(request: HttpRequest, store: Store) -> HttpResponse:
    """Only in the demo: what was due tomorrow is due now."""
    if not store.is_demo:
        raise Http404
    travel(store)
    messages.success(request, _("A day has passed in %(store)s. Look at what happens now.") % {"store": store.name})
    return redirect(f"{reverse('admin:index')}?store={store.pk}")


@on(Store, Deed.MANAGE)
def invite(request: HttpRequest, store: Store) -> HttpResponse:
    """Somebody joins the team, by address; a newcomer gets an account and a link that is shown once."""
    back = redirect("admin:accounts_membership_changelist")
    key, role = email_key(request.POST.get("email", "")), request.POST.get("role", "")
    if key is None or role not in Membership.Role.values:
        messages.error(request, _("Fill in one e-mail address and a role."))
        return back
    user, new = _person(key)
    membership, _made = Membership.objects.update_or_create(user=user, store=store, defaults={"role": role})
    note(request, membership, str(membership))
    messages.success(request, _("%(person)s works for %(store)s.") % {"person": user, "store": store.name})
    if new:
        link = link_for(user, settings.ENV.public_url)
        messages.info(request, _("Give this link, which logs in for a day: %(link)s") % {"link": link})
    return back


@transaction.atomic
def _person(address: str) -> tuple[User, bool]:
    known = User.objects.filter(email__iexact=address, is_active=True).order_by("pk").first()
    if known is not None:
        User.objects.filter(pk=known.pk, is_staff=False).update(is_staff=True)
        return known, False
    user, made = User.objects.get_or_create(username=address[:150], defaults={"email": address, "is_staff": True})
    if made:
        user.set_unusable_password()
        user.save(update_fields=["password"])
    return user, made
