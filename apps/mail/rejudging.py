"""Asking the gate again, from nothing but what was stored with a message.

The same inputs give the same verdict: reason, moment and basis. What differs was decided otherwise than the gate
decides now, and `differs` says in which word.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

import msgspec

from apps.mail.gate import Asked, Verdict, judge
from apps.mail.verdicts import KEPT, decided
from apps.stores.rules import Rules

# The inputs as they are stored, read back with the very types the gate has for them.
_Stored: Final = msgspec.defstruct(
    "_Stored",
    [
        (field.name, field.type) if field.required else (field.name, field.type, field.default)
        for field in msgspec.structs.fields(Asked)
        if field.name in KEPT
    ],
    kw_only=True,
    frozen=True,
)


class NotKept(LookupError):
    """The message was never judged, or its verdict is older than this way of keeping it."""


def asked_then(stored: Mapping[str, Any]) -> tuple[Asked, datetime]:
    """What the gate saw, and when; from a message's `verdict`. Raises NotKept."""
    try:
        inputs = dict(stored["inputs"])
        rules = Rules.read(inputs.pop("rules"))
        seen = msgspec.convert(inputs, type=_Stored)
        at = msgspec.convert(stored["at"], type=datetime)
    except (KeyError, TypeError, ValueError) as wrong:
        raise NotKept(f"not kept whole: {type(wrong).__name__}") from None
    values = {name: getattr(seen, name) for name in KEPT}
    return Asked(id=0, store_id=0, customer_id=None, rules=rules, **values), at


def rejudge(stored: Mapping[str, Any]) -> Verdict:
    """The verdict on the stored inputs at the stored moment. Raises NotKept."""
    asked, at = asked_then(stored)
    return judge(asked, at)


def differs(stored: Mapping[str, Any]) -> dict[str, tuple[Any, Any]]:
    """(then, now) of each word of the decision that is not the same; empty when it is. Raises NotKept."""
    then = stored["decided"]
    now = msgspec.json.decode(msgspec.json.encode(decided(rejudge(stored))))
    return {name: (then.get(name), now.get(name)) for name in {*then, *now} if then.get(name) != now.get(name)}
