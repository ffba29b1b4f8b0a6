"""What the shop's errors mean (shopify.md 7 and 8): GraphQL answers them at HTTP 200, beside what it did give."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any, Final

from apps.stores.errors import AccessRefused, AnswerUnreadable, ShopClosed, ShopUnreachable
from apps.stores.platforms.calling import Finding
from apps.stores.troubles import Trouble

_WITHHELD: Final = re.compile(r"protected[ -]customer[ -]data|not approved to access", re.IGNORECASE)
_SCOPE: Final = re.compile(r"`(\w+)` access scope|approval for (\w+) scope|`(\w+)`")
_ADDRESS: Final = re.compile(r"\S*@\S*")
# As the Dev Dashboard calls them, under Protected customer data.
_SHOWN: Final = {
    "email": "Email",
    "defaultEmailAddress": "Email",
    "defaultPhoneNumber": "Phone",
    "firstName": "Name",
    "lastName": "Name",
    "defaultAddress": "Address",
    "shippingAddress": "Address",
    "billingAddress": "Address",
    "abandonedCheckoutUrl": "recovery links",
}


class TooDear(AnswerUnreadable):
    """One question may cost so much, and this one costs more: ask for less at once."""

    def __init__(self, cost: float, most: float, **values: str) -> None:
        super().__init__(Trouble.UNEXPECTED_ANSWER, retry_after=None, detail="MAX_COST_EXCEEDED", **values)
        self.share = most / cost if cost > most > 0 else 0.5
        """Of what was asked for, how much fits."""


def plain(message: str) -> str:
    """An error's words without what may be a person's address."""
    return _ADDRESS.sub("…", " ".join(message.split()))[:200]


def raise_for_code(error: Any, *, host: str) -> None:
    """All but a refusal to show something, which leaves the rest standing. Raises ShopTrouble."""
    extensions = (error.get("extensions") if isinstance(error, dict) else None) or {}
    match extensions.get("code"):
        case "ACCESS_DENIED":
            return
        case "MAX_COST_EXCEEDED":
            raise TooDear(_number(extensions, "cost"), _number(extensions, "maxCost"), host=host)
        case "SHOP_INACTIVE":
            raise ShopClosed(Trouble.SHOP_CLOSED, host=host, platform="Shopify")
        case "INTERNAL_SERVER_ERROR" | "TIMEOUT":
            raise ShopUnreachable(Trouble.SHOP_ERROR, host=host, status="200", retry_after=timedelta(minutes=1))
    said = error.get("message") if isinstance(error, dict) else error
    if _WITHHELD.search(str(said)):
        return
    raise AnswerUnreadable(Trouble.UNEXPECTED_ANSWER, host=host, detail=plain(str(said)))


def _number(extensions: Mapping[str, Any], name: str) -> float:
    value = extensions.get(name)
    return float(value) if isinstance(value, (int, float)) else 0.0


def denial(error: Mapping[str, Any]) -> Finding:
    """What the app may not see or do, and what to switch on."""
    message = str(error.get("message") or "")
    path = [one for one in error.get("path") or () if isinstance(one, str)]
    if _WITHHELD.search(message):
        what = path[-1] if path else "customers"
        return Finding(trouble=Trouble.PROTECTED_DATA, values={"what": _SHOWN.get(what, what)})
    named = _SCOPE.search(message)
    scope = next((one for one in named.groups() if one), "") if named else ""
    return Finding(trouble=Trouble.SCOPE_MISSING, values={"scope": scope or (path[0] if path else "?")})


def refused(denied: Finding) -> AccessRefused:
    """The same as a trouble, where nothing at all was given."""
    return AccessRefused(denied.trouble, retry_after=None, **denied.values)


def objections(payload: Mapping[str, Any] | None) -> Sequence[Mapping[str, Any]]:
    """The `userErrors` of a mutation: it was understood and not done."""
    errors = (payload or {}).get("userErrors") or []
    return [one for one in errors if isinstance(one, dict)]


def told(errors: Sequence[Mapping[str, Any]]) -> str:
    """What they say, in one line."""
    return "; ".join(plain(str(one.get("message") or one.get("code") or "?")) for one in errors)[:200]
