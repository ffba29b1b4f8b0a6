"""Customers, their consent, their merging, and the three privacy topics (shopify.md 11)."""

from __future__ import annotations

from typing import Literal

from apps.stores.errors import Ignored, Unreadable
from apps.stores.platforms.cleaning import aware, email, key
from apps.stores.platforms.shopify.parts import Context, gid, listed, person
from apps.stores.platforms.shopify.payloads import Customer, MailConsent
from apps.stores.platforms.shopify.records import ConsentUpdate, Merge, Privacy
from apps.stores.snapshots import (
    ConsentGiven,
    ConsentSeen,
    CustomerSeen,
    CustomersMerged,
    Person,
    PrivacyRequest,
    Snapshot,
)

State = Literal["granted", "denied", "pending", "erased"]
# `not_subscribed` is no refusal, `invalid` is about the address: neither says yes or no.
_STATES: dict[str, State] = {
    "subscribed": "granted",
    "unsubscribed": "denied",
    "pending": "pending",
    "redacted": "erased",
}


def customer(body: Customer, context: Context) -> list[Snapshot]:
    """A customer; consent only in the shapes before 2025."""
    if key(body.id) is None:
        raise Unreadable("no_key", "a customer has an id")
    if body.state is None and body.verified_email is None and body.email is None and body.default_address is None:
        raise Unreadable("wrong_shape", "expected a customer")
    return [
        CustomerSeen(
            at=aware(body.updated_at) or context.triggered_at,
            tie=(0, context.tie),
            person=person(None, body, None, None, None),
            created_at=aware(body.created_at),
            consent=_consent(body.email_marketing_consent, context),
        )
    ]


def _consent(given: MailConsent | None, context: Context) -> ConsentGiven | None:
    state = _STATES.get((given.state or "").lower()) if given is not None else None
    if given is None or state is None:
        return None
    return ConsentGiven(
        state=state,
        at=aware(given.consent_updated_at) or context.triggered_at,
        source="shopify",
        double_opt_in=state == "granted" and (given.opt_in_level or "").lower() == "confirmed_opt_in",
    )


def consent(body: ConsentUpdate, context: Context) -> list[Snapshot]:
    """The only place where newer versions tell a customer's consent."""
    who = Person(account=key(body.customer_id), email=email(body.email_address))
    if who.account is None and who.email is None:
        raise Unreadable("no_key", "consent names a person")
    given = _consent(body.email_marketing_consent, context)
    if given is None:
        raise Ignored("no yes and no no")
    return [ConsentSeen(at=given.at, tie=(0, context.tie), person=who, consent=given)]


def merge(body: Merge, context: Context) -> list[Snapshot]:
    """Two customers are one only when Shopify has finished making them so."""
    if (body.status or "").lower() != "completed":
        raise Ignored("the merge is not completed")
    kept, gone = (
        gid(body.admin_graphql_api_customer_kept_id),
        gid(body.admin_graphql_api_customer_deleted_id),
    )
    if kept is None or gone is None or kept == gone:
        raise Unreadable("no_key", "a merge names two customers")
    return [CustomersMerged(at=context.triggered_at, tie=(0, context.tie), kept=kept, gone=gone)]


def data_request(body: Privacy, context: Context) -> list[Snapshot]:
    return [_privacy(body, context, "data_request", listed(body.orders_requested))]


def redact(body: Privacy, context: Context) -> list[Snapshot]:
    if body.data_request is not None or body.orders_requested is not None:
        # Only bodies are signed: who asked to see his data did not ask to erase it.
        raise Unreadable("wrong_shape", "expected a redaction")
    return [_privacy(body, context, "redact", listed(body.orders_to_redact))]


def redact_shop(body: Privacy, context: Context) -> list[Snapshot]:
    """Erases everything: nothing but this very body may do so."""
    if key(body.shop_id) is None or not body.shop_domain:
        raise Unreadable("no_key", "a shop's redaction names the shop")
    if body.customer is not None or body.orders_to_redact is not None or body.orders_requested is not None:
        # Only bodies are signed: a person's request under the shop's topic is somebody else's
        # doing.
        raise Unreadable("wrong_shape", "a shop's redaction names no person")
    must_agree(body.shop_domain, context)
    return [PrivacyRequest(at=context.triggered_at, tie=(0, context.tie), action="redact_shop")]


def _privacy(
    body: Privacy,
    context: Context,
    action: Literal["data_request", "redact"],
    orders: tuple[str, ...],
) -> PrivacyRequest:
    must_agree(body.shop_domain, context)
    who = body.customer
    named = Person(account=key(who.id), email=email(who.email)) if who is not None else Person()
    if named == Person() and not orders:
        raise Unreadable("no_key", "a privacy request names a person or orders")
    request = key(body.data_request.id) if body.data_request is not None else None
    return PrivacyRequest(
        at=context.triggered_at,
        tie=(0, context.tie),
        action=action,
        person=named,
        orders=orders,
        request_id=request or "",
    )


def must_agree(domain: str | None, context: Context) -> None:
    """Headers are unsigned; what stops or erases must name this shop in its signed body (1.2)."""
    named = (domain or "").strip().lower()
    if any(named != other for other in (context.domain, context.shop.shop_domain.lower()) if named and other):
        raise Unreadable("wrong_shop", "the body is about another shop than its header")
