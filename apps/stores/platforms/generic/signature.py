"""Standard Webhooks (github.com/standard-webhooks/standard-webhooks, spec 1.0): id, timestamp and body are signed.

Its own library reads the clock by itself and parses the body while checking; ours takes the moment it is given and
looks at bytes alone.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Mapping
from datetime import datetime
from typing import Final

from apps.stores.errors import SignatureRefused
from apps.stores.platforms.base import Admitted, Keyring, Request

TOLERANCE: Final = 300
"""Seconds a timestamp may be off."""
PREFIX: Final = "whsec_"

_STAMP = re.compile(r"\d{1,12}", re.ASCII)
_ID = re.compile(r"[\x21-\x7e]{1,100}", re.ASCII)
# For the list of deliveries only; what the message is, its body says.
_TYPE = re.compile(rb'"type"\s*:\s*"([a-z_.]{1,60})"')


def key_of(secret: str) -> bytes:
    """The key's bytes: base64 after `whsec_`, else the secret as it stands."""
    if secret.startswith(PREFIX):
        try:
            return base64.b64decode(secret.removeprefix(PREFIX), validate=True)
        except (binascii.Error, ValueError):
            pass
    return secret.encode("utf-8", "surrogatepass")


def digest(message_id: str, stamp: str, body: bytes, secret: str) -> bytes:
    signed = f"{message_id}.{stamp}.".encode() + body
    return base64.b64encode(hmac.digest(key_of(secret), signed, "sha256"))


def authenticate(request: Request, ring: Keyring) -> Admitted:
    headers = request.headers
    message_id, stamp = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "").strip()
    if not _ID.fullmatch(message_id) or not _STAMP.fullmatch(stamp):
        raise SignatureRefused("webhook-id and webhook-timestamp are missing")
    if abs(request.at.timestamp() - int(stamp)) > TOLERANCE:
        raise SignatureRefused("the timestamp is not of these five minutes")
    given = [word[3:] for word in headers.get("webhook-signature", "").split() if word.startswith("v1,")][:10]
    # Every pair is tried whatever the outcome, so that time tells nothing.
    matches = [
        hmac.compare_digest(digest(message_id, stamp, request.body, secret), one.encode("utf-8", "replace"))
        for secret in ring.secrets
        if secret
        for one in given
    ]
    if not any(matches):
        raise SignatureRefused("the signature is not this store's")
    named = _TYPE.search(request.body[:4096])
    return Admitted(
        topic=named[1].decode() if named else "message",
        # The same id comes again when the shop repeats itself; an id is at most a hundred signs.
        dedupe_key=hashlib.sha256(message_id.encode()).hexdigest(),
        external_id=message_id,
        headers={"webhook-id": message_id, "user-agent": headers.get("user-agent", "")[:300]},
    )


def sign(topic: str, body: bytes, secret: str, at: datetime, headers: Mapping[str, str]) -> dict[str, str]:
    """The headers a shop sends. The id of a recorded delivery is kept, else made of its content."""
    given = {name.lower(): value for name, value in headers.items()}
    message_id = given.get("webhook-id") or f"msg_{hashlib.sha256(topic.encode() + body).hexdigest()[:32]}"
    stamp = str(int(at.timestamp()))
    return {
        "Content-Type": "application/json",
        "webhook-id": message_id,
        "webhook-timestamp": stamp,
        "webhook-signature": f"v1,{digest(message_id, stamp, body, secret).decode()}",
    }
