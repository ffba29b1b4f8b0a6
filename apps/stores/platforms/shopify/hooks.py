"""Our webhooks in a shop: what is missing is made, what was changed is put back (shopify.md 1.3 and 1.4)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import urlsplit

from apps.stores.platforms.calling import Door, Finding, Hook
from apps.stores.platforms.shopify import questions
from apps.stores.platforms.shopify.client import API_VERSION, Client
from apps.stores.platforms.shopify.refusals import objections, told
from apps.stores.platforms.shopify.translate import TOPICS
from apps.stores.troubles import Trouble

COMPLIANCE: Final = frozenset({"customers/data_request", "customers/redact", "shop/redact"})
"""Cannot be asked for by API: they are typed into the app's settings."""
# Of use where the app may; without, nothing is said about them.
OPTIONAL: Final = {
    "customers/merge": "read_customer_merge",
    "fulfillments/create": "read_fulfillments",
    "fulfillments/update": "read_fulfillments",
    "fulfillment_events/create": "read_fulfillments",
}
MOST_PAGES: Final = 50
_THERE_ALREADY: Final = "already been taken"
_WITHHELD: Final = "protected customer data"


@dataclass(slots=True)
class Outcome:
    """The webhooks there are, and what was found about them."""

    hooks: list[Hook] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)


def closed() -> Outcome:
    """Where our own address is none that Shopify delivers to, nothing is asked for."""
    values = {"topic": "*", "detail": "our own address must be public and begin with https"}
    return Outcome(findings=[Finding(trouble=Trouble.HOOK_REFUSED, values=values, blocks=True)])


def wanted_topics(scopes: Sequence[str]) -> list[str]:
    """What we can read and the app may be told."""
    return [one for one in sorted(TOPICS - COMPLIANCE) if OPTIONAL.get(one, "") in ("", *scopes)]


def enum_of(topic: str) -> str:
    """`orders/create` → `ORDERS_CREATE`."""
    return topic.replace("/", "_").replace(".", "_").upper()


def mend(client: Client, door: Door, scopes: Sequence[str], *, first_time: bool) -> Outcome:
    """Every topic once, at our address, whole. Twice changes nothing."""
    there = list(_all(client))
    outcome = Outcome()
    for topic in wanted_topics(scopes):
        name = enum_of(topic)
        same = [one for one in there if one["topic"] == name]
        ours = next((one for one in same if one["uri"] == door.url), None)
        if ours is not None and _is_whole(ours):
            outcome.hooks.append(Hook(topic=topic, external_id=ours["id"]))
        elif old := ours or _moved(same, door):
            _put_back(client, door, topic, old, outcome)
        else:
            _make(client, door, topic, outcome, first_time=first_time)
    outcome.findings += _versions(there, door)
    return outcome


def _all(client: Client) -> Iterator[Mapping[str, Any]]:
    after = None
    for _ in range(MOST_PAGES):
        found = client.ask(questions.HOOKS, after=after)["webhookSubscriptions"]
        yield from found["nodes"]
        if not found["pageInfo"]["hasNextPage"]:
            return
        after = found["pageInfo"]["endCursor"]


def _is_whole(one: Mapping[str, Any]) -> bool:
    """A filter would hide what we must see; chosen fields would let equal bodies vanish."""
    return one["format"] == "JSON" and not one.get("filter") and not one.get("includeFields")


def _moved(same: Sequence[Mapping[str, Any]], door: Door) -> Mapping[str, Any] | None:
    """The same door at an address we had before."""
    path = urlsplit(door.url).path
    return next((one for one in same if urlsplit(str(one["uri"])).path == path), None)


def _as_it_should_be(door: Door) -> dict[str, Any]:
    return {"uri": door.url, "format": "JSON"}


def _put_back(client: Client, door: Door, topic: str, old: Mapping[str, Any], outcome: Outcome) -> None:
    hook = _as_it_should_be(door) | {"filter": "", "includeFields": []}
    payload = client.change(questions.HOOK_UPDATE, id=old["id"], hook=hook)["webhookSubscriptionUpdate"]
    wrong = objections(payload)
    outcome.hooks.append(Hook(topic=topic, external_id=old["id"], healthy=not wrong))
    if wrong:
        outcome.findings.append(_refused(topic, wrong))
    else:
        outcome.findings.append(Finding(trouble=Trouble.HOOK_CHANGED, values={"topic": topic}, mended=True))


def _make(client: Client, door: Door, topic: str, outcome: Outcome, *, first_time: bool) -> None:
    payload = client.change(questions.HOOK_CREATE, topic=enum_of(topic), hook=_as_it_should_be(door))[
        "webhookSubscriptionCreate"
    ]
    wrong = objections(payload)
    made = (payload or {}).get("webhookSubscription")
    if wrong and any(_THERE_ALREADY in str(one.get("message")) for one in wrong):
        # Somebody was faster, or the list lags behind: it is there.
        outcome.hooks.append(Hook(topic=topic, external_id=""))
    elif wrong or not made:
        _note_refusal(topic, wrong, outcome)
    else:
        outcome.hooks.append(Hook(topic=topic, external_id=made["id"]))
        if not first_time:
            outcome.findings.append(Finding(trouble=Trouble.HOOK_MISSING, values={"topic": topic}, mended=True))


def _note_refusal(topic: str, wrong: Sequence[Mapping[str, Any]], outcome: Outcome) -> None:
    """Protected data is one thing to switch on, however many topics wait for it."""
    if any(_WITHHELD in str(one.get("message")) for one in wrong):
        finding = Finding(trouble=Trouble.PROTECTED_DATA, values={"what": "webhooks about customers"}, blocks=True)
    else:
        finding = _refused(topic, wrong)
    if finding not in outcome.findings:
        outcome.findings.append(finding)


def _refused(topic: str, wrong: Sequence[Mapping[str, Any]]) -> Finding:
    detail = told(wrong) or "no reason given"
    return Finding(trouble=Trouble.HOOK_REFUSED, values={"topic": topic, "detail": detail})


def _versions(there: Sequence[Mapping[str, Any]], door: Door) -> list[Finding]:
    """The version of a webhook's body is the app's setting, for all of them."""
    ours = [one for one in there if one["uri"] == door.url]
    got = {(one.get("apiVersion") or {}).get("handle") or API_VERSION for one in ours} - {API_VERSION}
    return [
        Finding(trouble=Trouble.API_VERSION_FELL_BACK, values={"asked": API_VERSION, "got": version})
        for version in sorted(got)
    ]
