"""The agency's route: a shop's owner approves an app of another organisation (docs/shopify-agencies.md).

ShopifyAPI keeps an app's key and secret in a class, one app per process. Each call here has a class of its own, so two
shops with two apps never meet.
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from shopify import Session

from apps.stores import network
from apps.stores.errors import AccessRefused
from apps.stores.platforms.calling import Access, Token
from apps.stores.platforms.shopify.address import shop_domain
from apps.stores.platforms.shopify.client import API_VERSION
from apps.stores.platforms.shopify.tokens import exchanged, token_from
from apps.stores.troubles import Trouble

OLDEST: Final = timedelta(minutes=10)
"""How long ago Shopify may have sent the owner back. The library allows a day."""
AHEAD: Final = timedelta(minutes=5)


def _session(domain: str, client_id: str, client_secret: str = "") -> Any:
    """One shop's, with an app's key and secret on a class that nobody else has."""
    own = type("OneApp", (Session,), {"api_key": client_id, "secret": client_secret})
    return own(shop_domain(domain), API_VERSION)


def authorize_url(domain: str, *, client_id: str, scopes: Sequence[str], redirect_uri: str, state: str) -> str:
    """Where the owner is sent to approve the app. `state` is kept by the caller and compared on return."""
    if not state:
        raise ValueError("a state is what ties the answer to the one who asked")
    url: str = _session(domain, client_id).create_permission_url(list(scopes), redirect_uri, state)
    return url


def check_return(
    query: Mapping[str, str], *, client_id: str, client_secret: str, state: str, domain: str, at: datetime
) -> str:
    """The code of an owner who came back, after every check Shopify asks for. Raises AccessRefused.

    `state` and `domain` are what the caller kept when the owner left.
    """
    session = _session(domain, client_id, client_secret)
    came_from = shop_domain(query.get("shop", ""))
    if came_from != session.url:
        raise AccessRefused(Trouble.WRONG_SHOP, found=came_from, expected=session.url)
    genuine = (
        hmac.compare_digest(query.get("state", "").encode(), state.encode())
        and bool(state)
        and _is_fresh(query.get("timestamp", ""), at)
        and _is_signed(type(session), query)
    )
    if not genuine or not query.get("code"):
        raise AccessRefused(Trouble.KEYS_REFUSED, host=session.url)
    return query["code"]


def _is_fresh(timestamp: str, at: datetime) -> bool:
    """Seconds since 1970."""
    if not timestamp.isascii() or not timestamp.isdigit() or len(timestamp) > 12:
        return False
    age = at.timestamp() - int(timestamp)
    return -AHEAD.total_seconds() <= age <= OLDEST.total_seconds()


def _is_signed(app: Any, query: Mapping[str, str]) -> bool:
    """Hex HMAC over the sorted parameters: not that of webhooks."""
    signed: bool = app.validate_hmac({**query, "hmac": query.get("hmac", "").lower()})
    return signed


def exchange(access: Access, code: str, *, expiring: bool = False) -> tuple[dict[str, str], Token]:
    """The code for a key: what to keep as credentials, and the key itself. Raises ShopTrouble.

    `access` holds the app's client id and secret. A key that expires comes with one to renew it by.
    """
    given = access.credentials
    wanted = {"client_id": given["client_id"], "client_secret": given["client_secret"], "code": code}
    with network.session(loopback=access.loopback) as session:
        token = token_from(exchanged(access, session, wanted | ({"expiring": "1"} if expiring else {})))
    kept = {"client_id": given["client_id"], "client_secret": given["client_secret"]}
    return kept | ({"refresh_token": token.refresh} if token.refresh else {"token": token.value}), token
