"""Telling the shop what people told us about marketing mail (shopify.md 11).

The newest word wins on both sides: what the shop heard later is left as it is, and what it knows already is not said
again, so that the echo of our own words (customers_email_marketing_consent/update) starts nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from apps.stores.errors import AccessRefused
from apps.stores.platforms.calling import ConsentToTell, Finding
from apps.stores.platforms.shopify import questions
from apps.stores.platforms.shopify.client import Answered, Client
from apps.stores.platforms.shopify.refusals import objections, told
from apps.stores.troubles import Trouble

_STATES: Final = {"granted": "SUBSCRIBED", "denied": "UNSUBSCRIBED", "pending": "PENDING"}


def tell(client: Client, consents: Sequence[ConsentToTell]) -> list[Finding]:
    """One by one. A missing permission ends it; what the shop refuses of one person does not stop the next."""
    findings: list[Finding] = []
    for one in consents:
        try:
            refused = _told(client, one)
        except AccessRefused as trouble:
            if trouble.trouble not in (Trouble.SCOPE_MISSING, Trouble.PROTECTED_DATA):
                raise
            return [*findings, Finding(trouble=trouble.trouble, values=trouble.values)]
        if refused:
            findings.append(Finding(trouble=Trouble.CONSENT_REFUSED, values={"detail": refused}))
    return findings


def _told(client: Client, one: ConsentToTell) -> str:
    """What the shop has against it, '' when it knows now."""
    answer, customer = _known(client, one)
    if customer is None:
        # Nobody there by that name: the shop has nothing to mail either.
        return ""
    mail = customer.get("defaultEmailAddress") or {}
    if str(mail.get("emailAddress") or "").lower() != one.email.lower():
        return ""
    wanted = _STATES[one.state]
    heard = _moment(mail.get("marketingUpdatedAt"))
    if mail.get("marketingState") == wanted or (heard is not None and heard > one.at):
        return ""
    consent = _consent(one, wanted, answer.at)
    payload = client.change(
        questions.CONSENT_UPDATE, input={"customerId": customer["id"], "emailMarketingConsent": consent}
    )["customerEmailMarketingConsentUpdate"]
    if wrong := objections(payload):
        return told(wrong)
    now = ((payload or {}).get("customer") or {}).get("defaultEmailAddress") or {}
    return "" if now.get("marketingState") == wanted else f"still {now.get('marketingState')}"


def _known(client: Client, one: ConsentToTell) -> tuple[Answered, Mapping[str, Any] | None]:
    """By account, and where the account is another's by now or none, by address."""
    if one.account.isdigit():
        answer = client.ask(questions.CONSENT_BY_ID, id=f"gid://shopify/Customer/{one.account}")
        if answer["customer"] is not None:
            return answer, answer["customer"]
    answer = client.ask(questions.CONSENT_BY_EMAIL, email=one.email)
    return answer, answer["customerByIdentifier"]


def _consent(one: ConsentToTell, wanted: str, shop_time: datetime | None) -> dict[str, str]:
    at = min(one.at, shop_time) if shop_time else one.at
    consent = {"marketingState": wanted, "consentUpdatedAt": at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")}
    if wanted == "UNSUBSCRIBED":
        return consent
    # "Please confirm" is by its nature a double opt-in; Shopify insists on it.
    confirmed = one.double_opt_in or wanted == "PENDING"
    return consent | {"marketingOptInLevel": "CONFIRMED_OPT_IN" if confirmed else "SINGLE_OPT_IN"}


def _moment(value: str | None) -> datetime | None:
    return datetime.fromisoformat(value) if value else None
