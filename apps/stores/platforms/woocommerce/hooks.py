"""Our webhooks in a WooCommerce shop: which there should be, which there are, and putting that right.

Ours are known by their address: it ends with the key of this store at our door. The name says which secret they were
made with (a short digest of it), since no answer ever shows a secret.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit

from apps.stores.errors import AnswerUnreadable
from apps.stores.platforms.calling import Door, Finding, Hook
from apps.stores.platforms.woocommerce.client import Refused, Shop
from apps.stores.troubles import Trouble

TOPICS: Final = (
    "order.created", "order.updated", "order.deleted", "order.restored", "customer.created", "customer.updated",
    "customer.deleted", "product.created", "product.updated", "product.deleted", "product.restored",
    "coupon.updated", "coupon.deleted",
)  # fmt: skip
COMPANION_TOPIC: Final = "rcv_cart.updated"
"""Holds our address and secret for the companion; WooCommerce itself delivers nothing under it (woocommerce.md 5.3)."""
_TOPIC: Final = re.compile(r"[a-z_]{1,40}\.[a-z_]{1,60}")
_MOST_PAGES: Final = 50
PORTS: Final = (None, 80, 443, 8080)
"""WordPress calls no others, and counts each webhook it did not send as failed (1.1)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class There:
    """One webhook as the shop lists it. `topic` is '' while the plugin it belongs to is off."""

    number: int
    topic: str
    status: str
    url: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Mended:
    """What stands now, and what had to be done for it."""

    hooks: tuple[Hook, ...]
    findings: tuple[Finding, ...]


def mend(shop: Shop, door: Door, *, companion: bool, known: bool) -> Mended:
    """One healthy webhook of ours for each topic. Twice changes nothing; another's are left alone.

    `known`: they were there once, so that one that is missing was lost.
    """
    wanted = (*TOPICS, COMPANION_TOPIC) if companion else TOPICS
    ours = [one for one in _listed(shop) if _key(one.url) == _key(door.url)]
    hooks, findings = [], [] if shop.loopback else never_called(door)
    for topic in wanted:
        hook, found = _mended(shop, door, topic, [one for one in ours if one.topic == topic], known=known)
        hooks.append(hook)
        findings += found
    # Without a topic it waits for its plugin; with one that we do not listen to it is from an older Mandje.
    for one in ours:
        if one.topic and one.topic not in (*wanted, COMPANION_TOPIC):
            findings.append(_removed(shop, one))
    return Mended(hooks=tuple(hooks), findings=tuple(findings))


def never_called(door: Door) -> list[Finding]:
    """A door of ours that WordPress refuses to call, however healthy its webhooks look."""
    port = urlsplit(door.url).port
    if port in PORTS:
        return []
    return [Finding(trouble=Trouble.HOOK_REFUSED, values={"topic": "*", "detail": f"port {port}"}, blocks=True)]


def _mended(shop: Shop, door: Door, topic: str, there: list[There], *, known: bool) -> tuple[Hook, list[Finding]]:
    there = sorted(there, key=lambda one: (one.status == "disabled", not _is_right(one, door), one.number))
    findings = [_removed(shop, one) for one in there[1:]]
    if not there:
        hook, refused = _made(shop, door, topic)
        lost = Finding(trouble=Trouble.HOOK_MISSING, values={"topic": topic}, mended=True)
        # The companion's comes with the companion, whenever that is.
        said = refused or (lost if known and topic != COMPANION_TOPIC else None)
        return hook, [*findings, *([said] if said else [])]
    kept = there[0]
    if kept.status == "disabled":
        # Its count of failures would survive: the next failure alone would switch it off again (1.1).
        shop.write("DELETE", f"webhooks/{kept.number}", force="true")
        hook, refused = _made(shop, door, topic)
        values = {"topic": topic, "address": urlsplit(door.url).hostname or ""}
        mended = Finding(trouble=Trouble.HOOK_DISABLED, values=values, mended=refused is None)
        return hook, [*findings, mended, *([refused] if refused else [])]
    if not _is_right(kept, door):
        shop.write("PUT", f"webhooks/{kept.number}", {**_body(door, topic), "status": "active"})
        findings.append(Finding(trouble=Trouble.HOOK_CHANGED, values={"topic": topic}, mended=True))
    return Hook(topic=topic, external_id=str(kept.number)), findings


def _made(shop: Shop, door: Door, topic: str) -> tuple[Hook, Finding | None]:
    try:
        told = shop.write("POST", "webhooks", _body(door, topic)).json()
    except Refused as refused:
        return _refused(topic, refused.code)
    made = _there(told)
    if made is None or made.topic != topic or made.url != door.url or made.status != "active":
        return _refused(topic, "made otherwise than asked")
    return Hook(topic=topic, external_id=str(made.number)), None


def _refused(topic: str, detail: str) -> tuple[Hook, Finding]:
    finding = Finding(trouble=Trouble.HOOK_REFUSED, values={"topic": topic, "detail": detail})
    return Hook(topic=topic, external_id="", healthy=False), finding


def _removed(shop: Shop, one: There) -> Finding:
    shop.write("DELETE", f"webhooks/{one.number}", force="true")
    return Finding(trouble=Trouble.HOOK_CHANGED, values={"topic": one.topic}, mended=True)


def _body(door: Door, topic: str) -> dict[str, str]:
    # Made under wc/v3, so its bodies are of v3.
    return {"name": _name(door, topic), "topic": topic, "delivery_url": door.url, "secret": door.secret}


def _name(door: Door, topic: str) -> str:
    mark = hashlib.sha256(f"webhook name\0{door.secret}".encode()).hexdigest()[:8]
    return f"Mandje {topic} {mark}"


def _is_right(one: There, door: Door) -> bool:
    return one.status == "active" and one.url == door.url and one.name == _name(door, one.topic)


def _key(url: str) -> str:
    """What in an address at a door names the store: also after that door moved to another host."""
    try:
        return urlsplit(url).path.rstrip("/").rpartition("/")[2]
    except ValueError:
        return ""


def _listed(shop: Shop) -> Iterator[There]:
    """All webhooks, oldest first; pages do not shift much while we look."""
    for page in range(1, _MOST_PAGES + 1):
        rows = shop.read("webhooks", per_page=100, page=page, orderby="id", order="asc").json()
        if not isinstance(rows, list):
            raise AnswerUnreadable(Trouble.UNEXPECTED_ANSWER, host=shop.host, detail="webhooks: another shape")
        yield from _known(rows)
        if len(rows) < 100:
            return


def _known(rows: Iterable[Any]) -> Iterator[There]:
    for row in rows:
        if (one := _there(row)) is not None:
            yield one


def _there(row: Any) -> There | None:
    if not isinstance(row, dict) or not isinstance(row.get("id"), int):
        return None
    topic = str(row.get("topic") or "")
    return There(
        number=row["id"],
        topic=topic if _TOPIC.fullmatch(topic) else "",
        status=str(row.get("status")),
        url=str(row.get("delivery_url") or ""),
        name=str(row.get("name") or ""),
    )
