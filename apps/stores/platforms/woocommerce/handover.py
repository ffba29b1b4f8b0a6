"""Connecting by one click: WooCommerce's own page makes the keys and posts them to us (woocommerce.md 2.1).

The post is not signed. What makes it ours is the state: unguessable, of one store, for a few minutes, used once, kept
by whoever asks. Whatever the post says, the keys are tried on the store's own address before they are kept.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import urlencode, urlsplit

import msgspec

from apps.stores.errors import AccessRefused, AddressForbidden, Unreadable
from apps.stores.network import permitted
from apps.stores.troubles import Trouble

LARGEST: Final = 4096
SCOPE: Final = "read_write"
KEY: Final = r"ck_[0-9a-f]{40}"
SECRET: Final = r"cs_[0-9a-f]{40}"  # noqa: S105  a pattern
_STATE: Final = re.compile(r"[A-Za-z0-9_-]{20,128}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Handed:
    """The keys a shop hands over, and the state that says for which store."""

    state: str = field(repr=False)
    credentials: Mapping[str, str] = field(repr=False)


class _Posted(msgspec.Struct, frozen=True):
    consumer_key: str
    consumer_secret: str
    key_permissions: str
    user_id: str | int
    key_id: int | str = 0


def authorize_url(
    shop_url: str, *, state: str, return_url: str, callback_url: str, app_name: str = "Mandje", loopback: bool = False
) -> str:
    """The page in the shop where its owner approves. `callback_url` must be https and answer exactly 200.

    Raises AddressForbidden for a shop we would not call, or an address of ours that WooCommerce would not.
    """
    if not _STATE.fullmatch(state):
        raise ValueError("state: expected 20 to 128 letters, digits, - or _")
    if urlsplit(callback_url).scheme != "https" and not loopback:
        raise AddressForbidden(Trouble.NOT_HTTPS, host=urlsplit(callback_url).hostname or "")
    base = permitted(shop_url, loopback=loopback).partition("#")[0].partition("?")[0].rstrip("/")
    query = {
        "app_name": app_name, "scope": SCOPE, "user_id": state, "return_url": return_url, "callback_url": callback_url,
    }  # fmt: skip
    return f"{base}/wc-auth/v1/authorize?{urlencode(query)}"


def received(body: bytes) -> Handed:
    """What was posted to us. Raises Unreadable for anything else, AccessRefused for keys that may not write."""
    if len(body) > LARGEST:
        raise Unreadable("too_large", f"more than {LARGEST} bytes")
    try:
        posted = msgspec.json.decode(body, type=_Posted)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise Unreadable("wrong_shape", "expected the keys of wc-auth") from None
    state = str(posted.user_id)
    if not _STATE.fullmatch(state):
        raise Unreadable("wrong_shape", "user_id is no state of ours")
    if not re.fullmatch(KEY, posted.consumer_key) or not re.fullmatch(SECRET, posted.consumer_secret):
        raise Unreadable("wrong_shape", "no keys of WooCommerce")
    if posted.key_permissions != SCOPE:
        raise AccessRefused(Trouble.KEYS_READ_ONLY)
    return Handed(
        state=state,
        credentials={"consumer_key": posted.consumer_key, "consumer_secret": posted.consumer_secret},
    )


def came_back(query: Mapping[str, str]) -> tuple[str, bool]:
    """The owner's browser returns: the state, and whether they approved. The state is '' when it is none."""
    state = query.get("user_id", "")
    return (state if _STATE.fullmatch(state) else "", query.get("success") == "1")
