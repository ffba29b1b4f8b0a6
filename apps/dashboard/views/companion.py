"""Handing out the WordPress plugin: to the owner, and to the shop itself when there is a new version."""

from __future__ import annotations

import msgspec
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from apps.accounts.roles import Deed
from apps.core import clock
from apps.dashboard import companion
from apps.dashboard.views.doors import on
from apps.stores import secrets_ring
from apps.stores.models import Store
from apps.stores.platforms.woocommerce.plugin import SIGNATURE, VERSION, asker, packed


@on(Store, Deed.MANAGE)
def download(request: HttpRequest, store: Store) -> HttpResponse:
    """The plugin for this shop, ready to upload in WordPress."""
    if store.platform != companion.PLATFORM:
        raise Http404
    plugin = companion.plugin_of(store, clock.now())
    if not plugin.secret:
        messages.error(request, _("Give this shop a webhook secret first: the plugin signs with it."))
        return redirect("admin:stores_store_change", store.pk)
    return _zip(packed(plugin))


@require_safe
def update(request: HttpRequest, key: str) -> HttpResponse:
    """What is new. Whoever holds the shop's secret also hears where its package is, and its settings."""
    store, at = _store(key), clock.now()
    ring = secrets_ring.load(store.platform, store.key)
    asking = asker(request.headers, ring.secrets if ring else (), at)
    told = companion.news_for_the_shop(store, at) if asking else companion.news(store)
    answer = HttpResponse(msgspec.json.encode(told), content_type="application/json")
    answer["Cache-Control"] = "no-store"
    if asking:
        answer[SIGNATURE] = asking.signature(answer.content)
    return answer


@require_safe
def package(_request: HttpRequest, key: str, token: str) -> HttpResponse:
    """The zip, for a while, at an address only the shop was told."""
    store = _store(key)
    if not companion.may_fetch(store, token):
        raise Http404
    return _zip(packed(companion.plugin_of(store, clock.now())))


def _store(key: str) -> Store:
    store = Store.objects.filter(key=key, platform=companion.PLATFORM).first()
    if store is None:
        raise Http404
    return store


def _zip(content: bytes) -> HttpResponse:
    answer = HttpResponse(content, content_type="application/zip")
    answer["Content-Disposition"] = f'attachment; filename="mandje-{VERSION}.zip"'
    # It holds the shop's secret.
    answer["Cache-Control"] = "no-store"
    return answer
