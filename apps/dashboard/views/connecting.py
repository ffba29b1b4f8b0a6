"""Adding a shop and giving us its keys: typed, or handed over by the shop itself after a press of Approve."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext as _

from apps.accounts.models import User
from apps.accounts.roles import Deed, may
from apps.core import clock
from apps.dashboard import applying, approving, handovers
from apps.dashboard.applying import Application
from apps.dashboard.connect_form import Form, form_of
from apps.dashboard.journal import note
from apps.dashboard.liaison import platform_name
from apps.dashboard.views.doors import frame, on
from apps.dashboard.views.front import told
from apps.ingestion import joining
from apps.stores.errors import ShopTrouble
from apps.stores.models import Store
from apps.stores.platforms.base import platforms

APPROVE: Final = "approve"


def start(request: HttpRequest) -> HttpResponse:
    """The first run: which shop, who sends, and its keys."""
    user = _person(request)
    if not applying.may_add(user):
        raise Http404
    if request.method != "POST":
        given = {"address": "address", "platform": "platform", "shop_domain": "domain"}
        typed = {name: request.GET.get(key, "")[:300] for name, key in given.items()}
        return _form(request, applying.read(typed | {"from_email": user.email}))
    asked = applying.read(request.POST)
    errors = applying.errors_of(_unkeyed(request, asked))
    if errors:
        return _form(request, asked, errors=errors)
    seen = applying.see(asked)
    if seen.blocks:
        return _form(request, asked, said=seen.said, mend=seen.mend)
    if asked.platform == "shopify" and not (asked.shop_domain or applying.domain_of(asked, seen.shop)):
        nameless = {"shop_domain": _("We could not read this from your shop: it ends in .myshopify.com.")}
        return _form(request, asked, errors=nameless)
    there = applying.connected_already(asked, seen.shop, user)
    if there is not None:
        messages.info(
            request, _("%(store)s is connected already. Here you can replace its keys.") % {"store": there.name}
        )
        return redirect("dashboard:store-connect", there.pk)
    store = applying.store_for(asked, seen.shop, user, clock.now())
    note(request, store, _("added"))
    return _go_on(request, store, asked)


@on(Store, Deed.MANAGE)
def again(request: HttpRequest, store: Store) -> HttpResponse:
    """The keys of a shop that is here already: the first ones, others, or the same once more."""
    if request.method != "POST":
        return _form(request, _present(store), store=store)
    asked = _present(store, applying.read({**request.POST.dict(), "platform": store.platform}))
    errors = applying.credential_errors(_unkeyed(request, asked)) | applying.address_errors(asked)
    if errors:
        return _form(request, asked, store=store, errors=errors)
    applying.move(store, asked, clock.now())
    return _go_on(request, store, asked)


@on(Store, Deed.MANAGE)
def finish(request: HttpRequest, store: Store) -> HttpResponse:
    """Use the keys that the shop handed over. They stay until they worked, or are known to be wrong."""
    at = clock.now()
    handover = handovers.arrived(store, at)
    if handover is None:
        messages.error(request, _("The approval has expired or was used before. Approve once more."))
        return redirect("dashboard:store-connect", store.pk)
    try:
        joining.join(store, handover.way, handovers.contents(handover), at)
    except ShopTrouble as trouble:
        if trouble.retry_after is None:
            handovers.end(handover, at)
        return _refused(request, store, _present(store), trouble)
    handovers.end(handover, at)
    return _welcomed(request, store)


def back(request: HttpRequest) -> HttpResponse:
    """Where the shop sends its owner after the approval: the keys came before them, by another road."""
    state, at = request.GET.get("user_id", "")[:200], clock.now()
    handover = handovers.find(state, at)
    if handover is None or not may(request.user, Deed.MANAGE, handover.store_id):
        messages.error(request, _("The approval has expired or was used before. Approve once more."))
        return redirect("admin:index")
    store = handover.store
    if request.GET.get("success") == "1" and handover.arrived_at is not None:
        return TemplateResponse(request, "dashboard/connect_finish.html", frame(request, _("Connecting"), store=store))
    if request.GET.get("success") == "1":
        said = _("You approved, but the shop's keys did not reach us at %(address)s.") % {
            "address": settings.ENV.public_url
        }
        mend = _("The shop's server must be able to reach that address over https. Or paste keys below.")
    else:
        said, mend = _("You did not approve, so nothing was connected."), _("Approve again, or paste keys below.")
    return _form(request, _present(store), store=store, said=said, mend=mend)


def agency(request: HttpRequest) -> HttpResponse:
    """Where Shopify sends the owner after the approval. Looking checks it, pressing uses it."""
    at, query = clock.now(), request.GET.dict()
    handover = handovers.find(query.get("state", "")[:200], at)
    if handover is None or handover.user_id != request.user.pk or not may(request.user, Deed.MANAGE, handover.store_id):
        messages.error(request, _("The approval has expired or was used before. Approve once more."))
        return redirect("admin:index")
    store = handover.store
    try:
        code = approving.returned(handover, query, at)
        if request.method != "POST":
            context = frame(request, _("Connecting"), store=store, action=request.get_full_path())
            return TemplateResponse(request, "dashboard/connect_finish.html", context)
        kept = handovers.arrive(query["state"], approving.key_for(handover, code), at)
    except ShopTrouble as trouble:
        return _refused(request, store, _present(store), trouble)
    return finish(request, store.pk) if kept else redirect(page_of(store))


def _go_on(request: HttpRequest, store: Store, asked: Application) -> HttpResponse:
    """Off to the shop for its approval, or in with the keys that were typed."""
    if _approves(request, asked):
        return _leave(request, store, asked)
    if not platforms.get(store.platform).ways:
        messages.success(
            request,
            _("%(store)s is here. Give its webhook address and secret to whoever builds it.") % {"store": store.name},
        )
        return redirect(page_of(store))
    return _joined(request, store, asked, asked.way, asked.credentials)


def _leave(request: HttpRequest, store: Store, asked: Application) -> HttpResponse:
    """A page that goes on to the shop: the browser lets no form lead to another site."""
    try:
        address = approving.address_of(store, asked, _person(request), clock.now())
    except ShopTrouble as trouble:
        return _refused(request, store, asked, trouble)
    context = frame(request, _("To your shop"), store=store, address=address, platform=platform_name(store))
    return TemplateResponse(request, "dashboard/connect_leave.html", context)


def _joined(
    request: HttpRequest, store: Store, asked: Application, way: str, credentials: Mapping[str, str]
) -> HttpResponse:
    try:
        joining.join(store, way, credentials, clock.now())
    except ShopTrouble as trouble:
        return _refused(request, store, asked, trouble)
    return _welcomed(request, store)


def _refused(request: HttpRequest, store: Store, asked: Application, trouble: ShopTrouble) -> HttpResponse:
    said, mend = told(trouble)
    return _form(request, asked, store=store, said=said, mend=mend)


def _welcomed(request: HttpRequest, store: Store) -> HttpResponse:
    note(request, store, _("connected"))
    messages.success(request, _("%(store)s is connected.") % {"store": store.name})
    return redirect(page_of(store))


def _form(request: HttpRequest, asked: Application, *, store: Store | None = None, **more: Any) -> HttpResponse:
    form: Form = form_of(asked, store=store, errors=more.pop("errors", {}))
    title = _("Connect %(store)s") % {"store": store.name} if store else _("Add a shop")
    waiting = store is not None and handovers.arrived(store, clock.now()) is not None
    context = frame(request, title, form=form, store=store, waiting=waiting, **more)
    return TemplateResponse(request, "dashboard/connect.html", context)


def _present(store: Store, asked: Application | None = None) -> Application:
    """What is known of a store, with what was typed just now before it."""
    typed = asked or Application(platform=store.platform)
    return Application(
        platform=store.platform,
        address=typed.address or store.url,
        shop_domain=typed.shop_domain or store.shop_domain,
        from_email=store.from_email,
        postal_address=store.postal_address,
        way=typed.way,
        credentials=typed.credentials,
    )


def _unkeyed(request: HttpRequest, asked: Application) -> Application:
    """Who goes to the shop for its approval has typed no keys, and need not."""
    return applying.without_keys(asked) if request.POST.get("do") == APPROVE else asked


def _approves(request: HttpRequest, asked: Application) -> bool:
    return request.POST.get("do") == APPROVE or asked.way == applying.AGENCY


def page_of(store: Store) -> str:
    return reverse("admin:stores_store_change", args=[store.pk])


def _person(request: HttpRequest) -> User:
    if not isinstance(request.user, User):
        raise Http404
    return request.user
