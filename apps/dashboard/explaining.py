"""A reason with its values filled in: what was kept with the message, and what can be looked up beside it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.utils import formats
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _

from apps.consent.models import Suppression
from apps.core.reasons import explain
from apps.flows.models import Flow, Version
from apps.mail.models import Message
from apps.orders.models import Order
from apps.segments.parts import conditions
from apps.segments.words import words_of_plain
from apps.stores.models import Store


@dataclass(frozen=True, slots=True)
class Because:
    """Why something did not happen, and what can be done."""

    sentence: str
    mend: str


def because(code: str, values: Mapping[str, object]) -> Because:
    """The sentence of a reason; a code from a newer version is shown as it is."""
    try:
        sentence, mend = explain(code, values)
    except ValueError:
        return Because(sentence=code, mend="")
    return Because(sentence=sentence, mend=mend)


def because_of(message: Message) -> Because:
    """Why this mail was not sent, or waits."""
    return because(message.reason, _values(message))


def when(moment: object, store: Store) -> str:
    """A moment in the shop's own time and the reader's language."""
    found = parse_datetime(moment) if isinstance(moment, str) else moment
    if not isinstance(found, datetime):
        return ""
    return formats.date_format(found.astimezone(ZoneInfo(store.time_zone)), "DATETIME_FORMAT")


def _values(message: Message) -> dict[str, object]:
    verdict = message.verdict or {}
    decided, inputs = verdict.get("decided") or {}, verdict.get("inputs") or {}
    store = message.store
    values: dict[str, Any] = {
        "store": store.name,
        "at": when(verdict.get("at"), store),
        "until": when(decided.get("until") or message.due_at, store),
        "since": when((inputs.get("hold") or {}).get("began_at"), store),
        "due": when(message.wanted_at, store),
        "valid_until": when(message.valid_until, store),
        "detail": message.response or inputs.get("unmailable") or _("unknown"),
        "answer": message.response,
        "products": message.response or _("unknown"),
        "template": message.template_slug,
        "window": store.rules.get("window", ""),
        "count": len(inputs.get("left_at") or ()),
        "period": (inputs.get("rules") or {}).get("caps", ""),
        "message": message.origin,
        "line": "?",
    }
    return values | _of_kind(message, decided.get("facts") or {})


def _of_kind(message: Message, facts: dict[str, Any]) -> dict[str, object]:
    """What only this kind of reason speaks of."""
    match message.reason:
        case "order_placed":
            return _order(message)
        case "suppressed_marketing" | "suppressed_everything":
            return _suppression(message)
        case reason if reason.startswith("no_basis"):
            return _basis(message, facts)
        case "enrollment_ended" | "flow_off":
            return {"at": when(message.ended_at, message.store), "flow": _flow_of(message), "cause": ""}
        case "no_longer_fits":
            return {"flow": _flow_of(message), "condition": _asked_by(message)}
        case _:
            return _moment_of(message)


def _moment_of(message: Message) -> dict[str, object]:
    """The moment this reason speaks of, where it is not the verdict's."""
    moments = {
        "cart_emptied": message.cart and message.cart.last_activity_at,
        "newer_basket": message.ended_at,
        "campaign_stopped": message.ended_at,
        "feed_stale": message.store.orders_polled_at,
        "stale_feed": message.store.orders_polled_at,
    }
    moment = moments.get(message.reason)
    return {"at": when(moment, message.store)} if moment else {}


def _flow_of(message: Message) -> str:
    """The name of the flow that asked for it; a message knows only its run."""
    run = message.origin.partition("/")[0].removeprefix("run:")
    found = Flow.objects.of(message.store_id).filter(enrollments=int(run)).first() if run.isdecimal() else None
    return found.name if found else message.purpose


def _asked_by(message: Message) -> str:
    """What the version of its run asks of a person, in words."""
    run = message.origin.partition("/")[0].removeprefix("run:")
    found = Version.objects.of(message.store_id).filter(enrollments=int(run)).first() if run.isdecimal() else None
    asked = (found.definition.get("filter") or []) if found else []
    of_persons = [one for one in asked if (next(iter(one)) if isinstance(one, dict) else one) in conditions]
    return _(" and ").join(words_of_plain(one) for one in of_persons) or "…"


def _order(message: Message) -> dict[str, object]:
    orders = Order.objects.of(message.store_id).filter(customer=message.customer_id, silences=True)
    since = orders.filter(placed_at__gte=message.since) if message.since else orders
    found = since.order_by("placed_at").first()
    return {"order": found.number, "at": when(found.placed_at, message.store)} if found else {}


def _suppression(message: Message) -> dict[str, object]:
    if message.customer is None or message.customer.address_hash is None:
        return {}
    hashed = bytes(message.customer.address_hash)
    found = Suppression.objects.of(message.store_id).filter(address_hash=hashed).first()
    if found is None:
        return {}
    return {"at": when(found.at, message.store), "cause": found.get_reason_display()}


def _basis(message: Message, facts: dict[str, Any]) -> dict[str, object]:
    return {
        "country": facts.get("person_country") or facts.get("shop_country") or message.store.country,
        "law": facts.get("law") or "",
        "at": when(facts.get("state_at") or facts.get("order_paid_at"), message.store),
        "source": facts.get("source") or "",
        "order": facts.get("order") or "",
    }
