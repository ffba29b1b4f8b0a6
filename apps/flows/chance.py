"""A lot that falls the same every time: who gets which variant, and which text.

A keyed hash of what is drawn for whom: nothing is stored, so nothing can be lost, and retries, re-entries and other
versions of the flow give the same answer as long as the weights stay. Nobody outside can predict it.
"""

from __future__ import annotations

import hmac
from collections.abc import Sequence
from hashlib import sha256
from itertools import accumulate
from typing import Final

from django.conf import settings

_RANGE: Final = 2**64


def drawn(what: str, flow_id: int, name: str, customer_id: int, weights: Sequence[int]) -> int:
    """Which of the ways this person goes, each as likely as its weight."""
    told = f"{what}|{flow_id}|{name}|{customer_id}".encode()
    # The address key is never turned over, so neither are the lots.
    number = int.from_bytes(hmac.digest(settings.ENV.address_key.encode(), told, sha256)[:8], "big")
    reached = number * sum(weights) // _RANGE
    return next(place for place, until in enumerate(accumulate(weights)) if reached < until)
