"""Asking a shop itself for keys: where its owner approves, and what comes back from there."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from django.conf import settings
from django.urls import reverse

from apps.accounts.models import User
from apps.dashboard import handovers
from apps.dashboard.applying import AGENCY, Application
from apps.dashboard.models import Handover
from apps.stores.models import Store
from apps.stores.platforms.calling import Access
from apps.stores.platforms.shopify import oauth
from apps.stores.platforms.shopify.installing import NEEDED, USEFUL
from apps.stores.platforms.woocommerce import handover as wc_auth

APP_NAME: Final = "Mandje"
SCOPES: Final = (*NEEDED, *USEFUL)
KEYS: Final = "keys"
"""The way of a shop that hands over the same keys as an owner would paste."""


def address_of(store: Store, asked: Application, user: User, at: datetime) -> str:
    """Where the owner of this shop approves. Raises ShopTrouble when it cannot be asked like that."""
    return _shopify(store, asked, user, at) if asked.way == AGENCY else _woocommerce(store, user, at)


def _woocommerce(store: Store, user: User, at: datetime) -> str:
    state = handovers.begin(store, user, KEYS, at)
    return wc_auth.authorize_url(
        store.url,
        app_name=APP_NAME,
        state=state,
        return_url=_ours(reverse("dashboard:connect-back")),
        callback_url=_ours(reverse("handed-woocommerce", args=[state])),
        loopback=settings.ENV.allow_loopback_shops,
    )


def _shopify(store: Store, asked: Application, user: User, at: datetime) -> str:
    state = handovers.begin(store, user, AGENCY, at, keep=asked.credentials)
    return oauth.authorize_url(
        store.shop_domain,
        client_id=asked.credentials["client_id"],
        scopes=SCOPES,
        redirect_uri=_ours(reverse("dashboard:connect-shopify")),
        state=state,
    )


def returned(handover: Handover, query: Mapping[str, str], at: datetime) -> str:
    """The code with which an owner came back from Shopify. Raises ShopTrouble for one who did not."""
    kept = handovers.contents(handover)
    return oauth.check_return(
        query,
        client_id=kept.get("client_id", ""),
        client_secret=kept.get("client_secret", ""),
        state=query.get("state", ""),
        domain=handover.store.shop_domain,
        at=at,
    )


def key_for(handover: Handover, code: str) -> Mapping[str, str]:
    """The code for a key. Raises ShopTrouble. The app's own keys stand in the handover until it ends."""
    store = handover.store
    access = Access(
        store_id=store.pk,
        url=store.url,
        shop_domain=store.shop_domain,
        credentials=handovers.contents(handover),
        loopback=settings.ENV.allow_loopback_shops,
    )
    return oauth.exchange(access, code)[0]


def _ours(path: str) -> str:
    return f"{settings.ENV.public_url}{path}"
