"""The plugin asks for its news with the shop's secret, and gets an answer signed with the same one."""

from __future__ import annotations

import hmac
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from apps.stores.platforms.woocommerce.signature import TOLERANCE, digest

ASKED: Final = b"update.json"
SIGNATURE: Final = "X-Rcv-Signature"
_STAMP: Final = re.compile(r"\d{1,12}", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asker:
    """The shop's own plugin: it holds one of the shop's secrets."""

    stamp: str
    secret: str = field(repr=False)

    def signature(self, body: bytes) -> str:
        """Of the answer, over their timestamp: an older answer cannot be played again."""
        return digest(self.stamp.encode() + b"." + body, self.secret).decode()


def asker(headers: Mapping[str, str], secrets: Sequence[str], at: datetime) -> Asker | None:
    """Who asks, if it is the shop's plugin within five minutes of our time; header names in any case."""
    stamp, given = headers.get("X-Rcv-Timestamp", ""), headers.get(SIGNATURE, "").encode("utf-8", "replace")
    if not _STAMP.fullmatch(stamp) or abs(at.timestamp() - int(stamp)) > TOLERANCE:
        return None
    message = stamp.encode() + b"." + ASKED
    matching = [secret for secret in secrets if secret and hmac.compare_digest(digest(message, secret), given)]
    return Asker(stamp=stamp, secret=matching[0]) if matching else None
