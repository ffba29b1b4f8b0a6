"""How a pretended Shopify lends keys: by an app's own credentials, for an owner's approval, and anew."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from datetime import datetime, timedelta
from urllib.parse import parse_qsl

from tests.shops.base import Asked, Reply, Stage


class LendsKeys(Stage):
    """The part of a shop at /admin/oauth/access_token."""

    client_id: str
    client_secret: str
    scopes: list[str]
    refuses_tokens: str
    oauth_codes: dict[str, bool]
    _tokens: dict[str, datetime | None]
    _refresh: set[str]

    def _token(self, asked: Asked) -> Reply:
        given = _form(asked)
        if refused := self._refusal(given):
            return refused
        match given.get("grant_type"):
            case "client_credentials":
                return Reply(
                    200, {"access_token": self._lend(86399), "scope": ",".join(self.scopes), "expires_in": 86399}
                )
            case "refresh_token":
                return self._refreshed(given.get("refresh_token", ""))
            case None:
                return self._exchanged(given)
        return _oauth_error("unsupported_grant_type", "?")

    def _refusal(self, given: Mapping[str, str]) -> Reply | None:
        if given.get("client_id") != self.client_id:
            return _oauth_error("application_cannot_be_found", "Application cannot be found.")
        if given.get("client_secret") != self.client_secret:
            return _oauth_error("invalid_client", "Client authentication failed.")
        if self.refuses_tokens:
            return _oauth_error(self.refuses_tokens, "Client credentials cannot be performed on this shop.")
        return None

    def _lend(self, seconds: int) -> str:
        token = f"shpat_{secrets.token_hex(16)}"
        self._tokens[token] = self.now + timedelta(seconds=seconds)
        return token

    def _exchanged(self, given: Mapping[str, str]) -> Reply:
        if not self.oauth_codes.pop(given.get("code", ""), False):
            return _oauth_error("invalid_request", "The authorization code was not found or was already used.")
        scope = ",".join(self.scopes)
        if given.get("expiring") == "1":
            return self._expiring(scope)
        token = f"shpat_{secrets.token_hex(16)}"
        self._tokens[token] = None
        return Reply(200, {"access_token": token, "scope": scope})

    def _expiring(self, scope: str) -> Reply:
        refresh = f"shprt_{secrets.token_hex(16)}"
        self._refresh.add(refresh)
        return Reply(
            200,
            {
                "access_token": self._lend(3600),
                "scope": scope,
                "expires_in": 3600,
                "refresh_token": refresh,
                "refresh_token_expires_in": 7776000,
            },
        )

    def _refreshed(self, refresh: str) -> Reply:
        if refresh not in self._refresh:
            return _oauth_error("invalid_grant", "This request requires an active refresh_token")
        self._refresh.discard(refresh)
        return self._expiring(",".join(self.scopes))


def _oauth_error(code: str, message: str) -> Reply:
    return Reply(400, {"error": code, "error_description": message})


def _form(asked: Asked) -> dict[str, str]:
    if asked.headers.get("content-type", "").startswith("application/json"):
        return dict(asked.json())
    return dict(parse_qsl(asked.body.decode()))
