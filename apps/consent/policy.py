"""May we write to this person? The law of their country, applied to what is known of them.

Directive 2002/58/EC article 13, GDPR articles 4(11), 7(1) and 21, and the national acts named
in `policies.toml`. Nothing here reads a clock or a database: the same facts always give the
same answer, and the answer carries the facts it was given on.
"""

from __future__ import annotations

import calendar
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Any, Final, assert_never

Plain = dict[str, str | int | bool | None]

POLICIES: Final = Path(__file__).with_name("policies.toml")
# Platforms write some countries otherwise than ISO 3166.
ALIASES: Final = {"UK": "GB", "EL": "GR"}
# Only these follow from a sale that was being negotiated.
NEGOTIATION_KINDS: Final = frozenset({"abandoned_checkout", "abandoned_cart", "unpaid_order"})


class NonBuyer(StrEnum):
    """What a person who never bought must have done."""

    CONSENT = "consent"
    DOUBLE_OPT_IN = "double_opt_in"
    NEGOTIATION = "negotiation"
    OPT_OUT_REGIME = "opt_out_regime"


class Purpose(StrEnum):
    MARKETING = "marketing"
    SERVICE = "service"
    CONFIRMATION = "confirmation"


class State(StrEnum):
    """Where the person's permission stands."""

    GRANTED = "granted"
    DENIED = "denied"
    PENDING = "pending"
    NONE = "none"
    ERASED = "erased"


class Source(StrEnum):
    """Where the permission came from, which decides what it can prove."""

    OWN_BOX = "own_box"  # our own box: unticked by construction
    OWN_PAGE = "own_page"  # the preference page or a double opt-in link
    PLATFORM_BOX = "platform_box"  # the platform's box; only the owner knows how it is drawn
    IMPORTED = "imported"  # a list from elsewhere


UNPROVED_SOURCES: Final = frozenset({Source.PLATFORM_BOX, Source.IMPORTED})


class BasisCode(StrEnum):
    CONSENT = "consent"
    DOI_CONSENT = "doi_consent"
    EXISTING_CUSTOMER = "existing_customer"
    NEGOTIATION = "negotiation"
    OPT_OUT_REGIME = "opt_out_regime"
    SERVICE = "service"
    REQUEST = "request"


class NoBasisCode(StrEnum):
    """Why there is no basis; `core.reasons` says each in a sentence."""

    NO_CONSENT = "no_consent"
    DENIED = "denied"
    ERASED = "erased"
    CONSENT_PENDING = "consent_pending"
    NEEDS_DOUBLE_OPT_IN = "needs_double_opt_in"
    NOT_ATTESTED = "not_attested"
    NOTICE_UNKNOWN = "notice_unknown"
    CONSENT_UNDATED = "consent_undated"
    CUSTOMER_NOT_TOLD = "customer_not_told"
    CUSTOMER_LAPSED = "customer_lapsed"
    NOT_REQUESTED = "not_requested"


@dataclass(frozen=True, slots=True, kw_only=True)
class Permission:
    """What the person said last. `text_in_force` identifies the notice that stood there then."""

    state: State = State.NONE
    at: datetime | None = None
    source: Source = Source.PLATFORM_BOX
    double_opt_in: bool = False
    attested: bool = False
    text_in_force: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PaidOrder:
    """The last paid order, and the opt-out notice that was shown with it."""

    external_id: str
    paid_at: datetime
    notice: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What the owner may choose; strict by default."""

    allow_uk_negotiation: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """All that a decision may depend on: `kind` is what the mail is about, such as its preset,
    `capture_notice` the opt-out notice shown where the address was left."""

    at: datetime
    purpose: Purpose
    kind: str
    person_country: str | None = None
    shop_country: str | None = None
    permission: Permission = Permission()
    last_paid_order: PaidOrder | None = None
    capture_notice: str | None = None
    options: Options = Options()

    def plain(self) -> Plain:
        """The facts as they are stored with a message: no name, no address."""
        order, said = self.last_paid_order, self.permission
        return {
            "at": self.at.isoformat(),
            "purpose": self.purpose.value,
            "kind": self.kind,
            "person_country": self.person_country,
            "shop_country": self.shop_country,
            "state": said.state.value,
            "state_at": said.at.isoformat() if said.at else None,
            "source": said.source.value,
            "double_opt_in": said.double_opt_in,
            "attested": said.attested,
            "text": said.text_in_force,
            # Platforms do not send the text of their box: the store's record of it stands in.
            "text_origin": "as configured" if said.source in UNPROVED_SOURCES else "as shown",
            "order": order.external_id if order else None,
            "order_paid_at": order.paid_at.isoformat() if order else None,
            "order_notice": order.notice if order else None,
            "capture_notice": self.capture_notice,
            "allow_uk_negotiation": self.options.allow_uk_negotiation,
        }


@dataclass(frozen=True, slots=True)
class Basis:
    """The message may go, and the evidence proves why."""

    code: BasisCode
    policy_version: str
    evidence: Plain


@dataclass(frozen=True, slots=True)
class NoBasis:
    code: NoBasisCode
    policy_version: str
    facts: Plain


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    country: str
    non_buyer: NonBuyer
    customer_exception: bool
    law: str
    notes: str
    months: int = 24


@dataclass(frozen=True, slots=True)
class Policy:
    version: str
    reviewed_by: str
    default: Row
    rows: Mapping[str, Row]

    def row_for(self, person_country: str | None, shop_country: str | None) -> Row:
        """The person's country, else the shop's; one that is not in the table is the strictest."""
        for written in (person_country, shop_country):
            if code := (written or "").strip().upper():
                return self.rows.get(ALIASES.get(code, code), self.default)
        return self.default


def load_policy(path: Path = POLICIES) -> Policy:
    """Read and check the table; a row with an unknown word stops the start."""
    data = tomllib.loads(path.read_text(encoding="utf-8"))
    rows = {country: _row(country, fields) for country, fields in data["country"].items()}
    return Policy(data["version"], data["reviewed_by"], _row("default", data["default"]), rows)


def decide(facts: Facts, policy: Policy | None = None) -> Basis | NoBasis:
    """The basis on which this mail may go, or why there is none."""
    policy = policy or CURRENT
    row = policy.row_for(facts.person_country, facts.shop_country)
    plain = facts.plain() | {"row": row.country, "rule": row.non_buyer.value, "law": row.law}
    code = _verdict(facts, row)
    if isinstance(code, NoBasisCode):
        return NoBasis(code, policy.version, plain)
    return Basis(code, policy.version, plain)


def _verdict(facts: Facts, row: Row) -> BasisCode | NoBasisCode:
    if facts.permission.state is State.ERASED:
        return NoBasisCode.ERASED
    match facts.purpose:
        case Purpose.SERVICE:
            return BasisCode.SERVICE
        case Purpose.CONFIRMATION:
            return _confirmation(facts.permission)
        case Purpose.MARKETING:
            return _marketing(facts, row)
        case never:
            assert_never(never)


def _confirmation(permission: Permission) -> BasisCode | NoBasisCode:
    """A double opt-in mail answers a request that still waits for it, and nothing else."""
    if permission.state is State.PENDING:
        return BasisCode.REQUEST
    return NoBasisCode.DENIED if permission.state is State.DENIED else NoBasisCode.NOT_REQUESTED


def _marketing(facts: Facts, row: Row) -> BasisCode | NoBasisCode:
    """Consent proves most, so it is tried first; a denial ends it everywhere (GDPR 21(3))."""
    if facts.permission.state is State.DENIED:
        return NoBasisCode.DENIED
    consent, customer = _consent(facts.permission, row), _customer(facts, row)
    if isinstance(consent, BasisCode):
        return consent
    if isinstance(customer, BasisCode):
        return customer
    if row.non_buyer is NonBuyer.OPT_OUT_REGIME:
        return BasisCode.OPT_OUT_REGIME
    if _negotiated(facts, row):
        return BasisCode.NEGOTIATION
    # What is nearest to a basis is what the owner can mend.
    return customer or consent if consent is NoBasisCode.NO_CONSENT else consent


def _consent(permission: Permission, row: Row) -> BasisCode | NoBasisCode:
    """GDPR 7(1): who, when, under which text, and by an act of their own (C-673/17 Planet49)."""
    if permission.state is not State.GRANTED:
        pending = permission.state is State.PENDING
        return NoBasisCode.CONSENT_PENDING if pending else NoBasisCode.NO_CONSENT
    if permission.source in UNPROVED_SOURCES and not permission.attested:
        return NoBasisCode.NOT_ATTESTED
    if permission.at is None:
        return NoBasisCode.CONSENT_UNDATED
    if permission.text_in_force is None:
        return NoBasisCode.NOTICE_UNKNOWN
    if row.non_buyer is NonBuyer.DOUBLE_OPT_IN and not permission.double_opt_in:
        return NoBasisCode.NEEDS_DOUBLE_OPT_IN
    return BasisCode.DOI_CONSENT if permission.double_opt_in else BasisCode.CONSENT


def _customer(facts: Facts, row: Row) -> BasisCode | NoBasisCode | None:
    """Directive 2002/58/EC 13(2): bought, told then, could object then; it wears off."""
    order = facts.last_paid_order
    if not row.customer_exception or order is None:
        return None
    if facts.at > months_later(order.paid_at, row.months):
        return NoBasisCode.CUSTOMER_LAPSED
    return NoBasisCode.CUSTOMER_NOT_TOLD if order.notice is None else BasisCode.EXISTING_CUSTOMER


def _negotiated(facts: Facts, row: Row) -> bool:
    """PECR 22(3): negotiations for a sale, with the opt-out offered when the address was left."""
    allowed = row.non_buyer is NonBuyer.NEGOTIATION and facts.options.allow_uk_negotiation
    return allowed and facts.capture_notice is not None and facts.kind in NEGOTIATION_KINDS


def months_later(at: datetime, months: int) -> datetime:
    """Calendar months, the last day where the month is shorter."""
    year, month = divmod(at.year * 12 + at.month - 1 + months, 12)
    day = min(at.day, calendar.monthrange(year, month + 1)[1])
    return at.replace(year=year, month=month + 1, day=day)


def _row(country: str, fields: dict[str, Any]) -> Row:
    return Row(**fields | {"country": country, "non_buyer": NonBuyer(fields["non_buyer"])})


CURRENT: Final = load_policy()
