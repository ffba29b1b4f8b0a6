"""The key with which a shop is asked, by each way of connecting (shopify.md 9).

client_credentials: an app of the shop's own organisation lends a key for a day.
token: an app made in the shop's admin before 2026 has one for good.
oauth: an agency's app was given one when the owner approved it, for good or with a key to renew it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import requests

from apps.stores import network
from apps.stores.errors import AccessRefused, AnswerUnreadable, ShopClosed
from apps.stores.platforms.calling import Access, Token, TokenKeeper
from apps.stores.platforms.shopify.address import base_of
from apps.stores.platforms.shopify.refusals import plain
from apps.stores.troubles import Trouble

LARGEST_TOKEN: Final = 64 * 1024
# A fifth of the life of a key: renewed before it dies under a question.
_MARGINS: Final = {"client_credentials": timedelta(hours=24) / 5, "refresh_token": timedelta(hours=1) / 5}
# Shopify says why as JSON or on a page ("Oauth error shop_not_permitted: …"): the words are the same.
_WHY: Final = (
    (b"shop_not_permitted", Trouble.OTHER_ORGANISATION),
    (b"app_not_installed", Trouble.APP_NOT_INSTALLED),
    (b"not installed", Trouble.APP_NOT_INSTALLED),
    (b"invalid_client", Trouble.KEYS_REFUSED),
    (b"application_cannot_be_found", Trouble.KEYS_REFUSED),
    (b"invalid_grant", Trouble.KEYS_REFUSED),
    (b"invalid_request", Trouble.KEYS_REFUSED),
    (b"refresh_token", Trouble.KEYS_REFUSED),
)


class Keys:
    """The key of one shop for the length of a call. Shows nothing of it."""

    def __init__(self, access: Access, session: requests.Session) -> None:
        self._access, self._session = access, session
        self._keeper: TokenKeeper = access.tokens or _Here()

    def __repr__(self) -> str:
        return "<Keys>"

    def current(self) -> str:
        """A key that should work. Raises ShopTrouble."""
        given = self._access.credentials
        if given.get("token"):
            return given["token"]
        if not given.get("client_id") or not given.get("client_secret"):
            raise AccessRefused(Trouble.NO_KEYS)
        kept = self._keeper.current()
        if kept is not None and not _ageing(kept, _MARGINS[self._grant]):
            return kept.value
        return self._renew(kept)

    def renewed(self, refused: str) -> str:
        """Another one after the shop refused this; '' where there is no other. Raises ShopTrouble."""
        if self._access.credentials.get("token"):
            return ""
        kept = self._keeper.current()
        if kept is not None and kept.value != refused:
            return kept.value
        return self._renew(kept)

    def _renew(self, kept: Token | None) -> str:
        return self._keeper.renew(lambda: self._made(kept), instead_of=kept).value

    @property
    def _grant(self) -> str:
        return "refresh_token" if self._access.credentials.get("refresh_token") else "client_credentials"

    def _made(self, kept: Token | None) -> Token:
        given = self._access.credentials
        wanted = {name: given[name] for name in ("client_id", "client_secret")} | {"grant_type": self._grant}
        if self._grant == "refresh_token":
            # Each renewal gives another key for the next one: the newest is kept with the token.
            wanted["refresh_token"] = (kept.refresh if kept is not None else "") or given["refresh_token"]
        return token_from(exchanged(self._access, self._session, wanted))


class _Here:
    """Where nobody keeps keys, one lives as long as the call."""

    def __init__(self) -> None:
        self._token: Token | None = None

    def current(self) -> Token | None:
        return self._token

    def renew(self, make: Callable[[], Token], *, instead_of: Token | None) -> Token:
        if self._token is None or self._token is instead_of:
            self._token = make()
        return self._token


def _ageing(token: Token, margin: timedelta) -> bool:
    if token.expires_at is None:
        return False
    # The age of a key is a matter of the machines' clocks: a test that travels in time must not lose its shop.
    return token.expires_at - datetime.now(UTC) < margin


def exchanged(access: Access, session: requests.Session, wanted: Mapping[str, str]) -> Mapping[str, Any]:
    """What the shop gives for these. Raises ShopTrouble."""
    answer = network.ask(
        session,
        "POST",
        f"{base_of(access)}/admin/oauth/access_token",
        loopback=access.loopback,
        seconds=network.READ_SECONDS,
        limit=LARGEST_TOKEN,
        json=dict(wanted),
        headers={"Accept": "application/json"},
    )
    if answer.status != 200:
        raise _refusal(answer)
    given = answer.json()
    if not isinstance(given, dict) or not isinstance(given.get("access_token"), str):
        raise AnswerUnreadable(Trouble.UNEXPECTED_ANSWER, host=answer.host, detail="no access token")
    return given


def _refusal(answer: network.Answer) -> AccessRefused | ShopClosed | AnswerUnreadable:
    network.raise_for_status(answer)
    if answer.status in (402, 423):
        return ShopClosed(Trouble.SHOP_CLOSED, host=answer.host, platform="Shopify")
    if answer.status == 404:
        return AnswerUnreadable(Trouble.NO_API_HERE, host=answer.host, platform="Shopify")
    said = answer.body[:4000]
    why = next((trouble for word, trouble in _WHY if word in said), None)
    if why is None and answer.status in (401, 403):
        why = Trouble.KEYS_REFUSED
    if why is None:
        return AnswerUnreadable(Trouble.UNEXPECTED_ANSWER, host=answer.host, detail=plain(f"HTTP {answer.status}"))
    return AccessRefused(why, host=answer.host)


def token_from(given: Mapping[str, Any]) -> Token:
    """`{access_token, scope, expires_in, refresh_token}` → a token that knows when it dies."""
    seconds = given.get("expires_in")
    lasts = isinstance(seconds, (int, float)) and not isinstance(seconds, bool) and seconds > 0
    until = datetime.now(UTC) + timedelta(seconds=float(seconds)) if lasts and seconds else None
    refresh = given.get("refresh_token")
    scopes = given.get("scope")
    return Token(
        value=given["access_token"],
        expires_at=until,
        scopes=tuple(scopes.split(",")) if isinstance(scopes, str) and scopes else (),
        refresh=refresh if isinstance(refresh, str) else "",
    )
