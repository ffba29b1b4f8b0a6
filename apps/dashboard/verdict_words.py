"""The gate's verdict in words: what was decided, and on which facts."""

# ruff: noqa: ARG001 -- one signature for all that are asked
from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from django.db.models import TextChoices
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from apps.carts.models import Cart
from apps.consent.models import ConsentRecord
from apps.customers.models import Hold
from apps.dashboard.explaining import when
from apps.mail.models import Message
from apps.stores.models import Store


@dataclass(frozen=True, slots=True)
class Fact:
    """One thing the gate looked at."""

    label: str
    value: str


Say = Callable[[Any, Store], str]


def _moment(value: Any, store: Store) -> str:
    return when(value, store)


def _plain(value: Any, store: Store) -> str:
    return "" if value is None else str(value)


def _one_of(choices: type[TextChoices]) -> Say:
    def say(value: Any, store: Store) -> str:
        return str(dict(choices.choices).get(value, value or ""))

    return say


def _yes(value: Any, store: Store) -> str:
    return _("yes") if value else _("no")


# In the order in which the gate asks.
_FACTS: Final[tuple[tuple[str, Any, Say], ...]] = (
    ("store_status", gettext_lazy("shop"), _one_of(Store.Status)),
    ("has_address", gettext_lazy("usable address"), _yes),
    ("suppressed_all", gettext_lazy("nothing may be sent"), _yes),
    ("suppressed", gettext_lazy("no marketing"), _yes),
    ("ordered", gettext_lazy("ordered since"), _yes),
    ("basket", gettext_lazy("basket"), _one_of(Cart.Status)),
    ("unmailable", gettext_lazy("basket lacks"), _plain),
    ("wanted_at", gettext_lazy("wanted at"), _moment),
    ("valid_until", gettext_lazy("of use until"), _moment),
    ("feed", gettext_lazy("order feed"), _one_of(Store.Feed)),
    ("feed_at", gettext_lazy("orders last asked"), _moment),
    ("looked", gettext_lazy("shop asked about this basket"), _moment),
    ("zone", gettext_lazy("time zone"), _plain),
    ("night_only", gettext_lazy("obeys only the night"), _yes),
    ("person_country", gettext_lazy("person's country"), _plain),
    ("shop_country", gettext_lazy("shop's country"), _plain),
)


def verdict_lines(message: Message) -> list[Fact]:
    """What the gate decided last, and every input it saw."""
    verdict, store = message.verdict or {}, message.store
    inputs = verdict.get("inputs") or {}
    if not verdict:
        return []
    lines = [Fact(_("decided at"), when(verdict.get("at"), store)), Fact(_("verdict"), _decided(verdict))]
    for name, label, say in _FACTS:
        if name in inputs and (text := say(inputs[name], store)):
            lines.append(Fact(str(label), text))
    return lines + _nested(inputs, store)


def _decided(verdict: dict[str, Any]) -> str:
    word = (verdict.get("decided") or {}).get("verdict", "")
    return {"allowed": _("may go"), "held": _("not now"), "refused": _("not at all")}.get(word, str(word))


def _nested(inputs: dict[str, Any], store: Store) -> list[Fact]:
    rules, permission = inputs.get("rules") or {}, inputs.get("permission") or {}
    lines = []
    if permission:
        at = when(permission.get("at"), store)
        state = _one_of(ConsentRecord.State)(permission.get("state"), store)
        lines.append(Fact(_("permission"), " · ".join(filter(None, (state if at else _("none"), at)))))
    if "caps" in rules:
        lines.append(Fact(_("at most"), rules["caps"] or _("off")))
    if hold := inputs.get("hold"):
        kind = _one_of(Hold.Kind)(hold.get("kind"), store)
        lines.append(Fact(_("on hold"), " · ".join(filter(None, (kind, when(hold.get("began_at"), store))))))
    if "left_at" in inputs:
        left = ", ".join(when(moment, store) for moment in inputs["left_at"][:5])
        lines.append(Fact(_("mails before"), left or _("none")))
    return lines


_BASIS: Final = {
    "consent": gettext_lazy("consent"),
    "doi_consent": gettext_lazy("confirmed consent (double opt-in)"),
    "existing_customer": gettext_lazy("existing customer who was told and could object"),
    "negotiation": gettext_lazy("negotiation of a sale"),
    "opt_out_regime": gettext_lazy("country where mail is allowed until someone objects"),
    "service": gettext_lazy("service"),
    "request": gettext_lazy("the person's own request"),
    "internal": gettext_lazy("internal test"),
}


def evidence_lines(message: Message) -> list[Fact]:
    """The legal basis with its proof, as it was when the mail left."""
    if not message.basis:
        return []
    lines = [
        Fact(_("legal basis"), str(_BASIS.get(message.basis, message.basis))),
        Fact(_("policy of"), message.policy_version),
    ]
    return lines + [Fact(name, _said(name, value, message.store)) for name, value in _proof(message)]


def _proof(message: Message) -> list[tuple[str, Any]]:
    wanted = ("state", "state_at", "source", "text", "text_origin", "order", "order_paid_at", "order_notice", "law")
    return [(name, message.evidence[name]) for name in wanted if message.evidence.get(name) not in (None, "")]


def _said(name: str, value: Any, store: Store) -> str:
    return when(value, store) if name.endswith("_at") else str(value)
