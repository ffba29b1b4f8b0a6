"""Who may ask: WooCommerce's three ways to show a key, as its own code checks them (woocommerce.md 2.1)."""

from __future__ import annotations

import base64
import hashlib
import hmac
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from urllib.parse import quote

from tests.shops.base import Asked

WINDOW = timedelta(minutes=15)
_OAUTH = ("oauth_consumer_key", "oauth_timestamp", "oauth_nonce", "oauth_signature", "oauth_signature_method")
READING = ("GET", "HEAD")


@dataclass
class Keys:
    """One API key of the shop and what it may."""

    key: str = "ck_" + "1a" * 20
    secret: str = "cs_" + "2b" * 20
    permissions: str = "read_write"
    revoked: bool = False
    nonces: dict[str, int] = field(default_factory=dict)


class Refused(Exception):
    """The shop's answer to a key it does not take: code, message."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(code)
        self.code, self.message = code, message


def check(keys: Keys, asked: Asked, *, home: str, https: bool, header: str, now: datetime) -> None:
    """Raises Refused as WooCommerce does: nobody at all, or somebody with the wrong key, or without the permission."""
    if not (https and _basic(keys, asked, header)) and not _oauth(keys, asked, home, now):
        verb = "cannot_view" if asked.method in READING else "cannot_create"
        raise Refused(f"woocommerce_rest_{verb}", "Sorry, you cannot list resources.")
    needed = "read" if asked.method in READING else "write"
    if needed not in keys.permissions:
        raise _error(f"The API key provided does not have {needed} permissions.")


def _error(message: str) -> Refused:
    return Refused("woocommerce_rest_authentication_error", message)


def _basic(keys: Keys, asked: Asked, header: str) -> bool:
    key, secret = asked.query.get("consumer_key", ""), asked.query.get("consumer_secret", "")
    if not (key and secret) and header.startswith("Basic "):
        key, _, secret = base64.b64decode(header[6:]).decode().partition(":")
    if not (key and secret) or keys.revoked or not hmac.compare_digest(key, keys.key):
        return False
    if not hmac.compare_digest(secret, keys.secret):
        raise _error("Consumer secret is invalid.")
    return True


def _oauth(keys: Keys, asked: Asked, home: str, now: datetime) -> bool:
    """OAuth 1.0a with one leg: signature over method, address and every parameter, a time and a nonce used once."""
    given = {name: asked.query[name] for name in _OAUTH if asked.query.get(name)}
    if not given:
        return False
    if len(given) < len(_OAUTH):
        raise Refused("woocommerce_rest_authentication_missing_parameter", "Missing OAuth parameters")
    if keys.revoked or given["oauth_consumer_key"] != keys.key:
        raise _error("Consumer key is invalid.")
    if not hmac.compare_digest(_signature(keys, asked, home), given["oauth_signature"].replace(" ", "+")):
        raise _error("Invalid signature - provided signature does not match.")
    stamp = int(given["oauth_timestamp"])
    if abs(now.timestamp() - stamp) > WINDOW.total_seconds():
        raise _error("Invalid timestamp.")
    if given["oauth_nonce"] in keys.nonces:
        raise _error("Invalid nonce - nonce has already been used.")
    keys.nonces[given["oauth_nonce"]] = stamp
    return True


def _signature(keys: Keys, asked: Asked, home: str) -> str:
    # `get_home_url(null, path)` has no slash of its own: a question at "/" is signed over the bare home address.
    address = home + ("" if asked.path == "/" else asked.path)
    params = sorted((name, value) for name, value in asked.query.items() if name != "oauth_signature")
    pairs = [quote(f"{quote(name, safe='')}={quote(value, safe='')}", safe="") for name, value in params]
    text = f"{asked.method}&{quote(address, safe='')}&{'%26'.join(pairs)}"
    algorithm = {"HMAC-SHA256": hashlib.sha256, "HMAC-SHA1": hashlib.sha1}.get(asked.query["oauth_signature_method"])
    if algorithm is None:
        raise _error("Invalid signature - signature method is invalid.")
    return base64.b64encode(hmac.new(f"{keys.secret}&".encode(), text.encode(), algorithm).digest()).decode()
