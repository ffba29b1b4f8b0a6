"""Telling a Shopify shop what people told us about marketing mail."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from apps.stores.platforms.calling import ConsentToTell, Finding
from apps.stores.platforms.shopify import nodes
from apps.stores.snapshots import CustomerSeen
from apps.stores.troubles import Trouble
from tests.shops.shopify import Shopify
from tests.stores.platforms.shopify_calls import ADA, BEN, FACTS, recorded, shopify

THEN = datetime(2026, 11, 20, 9, tzinfo=UTC)


@pytest.fixture
def ada(theepot: Shopify) -> str:
    return theepot.adds_customer(email=ADA)


def says(
    shop: Shopify, state: Any, *, account: str = "", email: str = ADA, at: datetime = THEN, **more: Any
) -> list[Finding]:
    return shopify.tell(shop.access(), [ConsentToTell(account=account, email=email, state=state, at=at, **more)])


def known(shop: Shopify, account: str) -> dict[str, Any]:
    return shop.things.customers[account]["defaultEmailAddress"]


def updates(shop: Shopify) -> int:
    return len(shop.asked_for("ConsentUpdate"))


@pytest.mark.parametrize(
    ("state", "more", "expected"),
    [
        ("granted", {}, ("SUBSCRIBED", "SINGLE_OPT_IN")),
        ("granted", {"double_opt_in": True}, ("SUBSCRIBED", "CONFIRMED_OPT_IN")),
        ("pending", {}, ("PENDING", "CONFIRMED_OPT_IN")),
        ("denied", {}, ("UNSUBSCRIBED", None)),
    ],
)
def test_the_shop_learns_what_a_person_told_us(
    theepot: Shopify, ada: str, state: str, more: dict[str, Any], expected: tuple[str, str | None]
) -> None:
    assert says(theepot, state, account=ada, **more) == []

    mail = known(theepot, ada)
    assert (mail["marketingState"], mail["marketingOptInLevel"]) == expected
    assert mail["marketingUpdatedAt"] == "2026-11-20T09:00:00Z"


def test_a_person_without_an_account_here_is_found_by_address(theepot: Shopify, ada: str) -> None:
    assert says(theepot, "denied", email="ADA@shopper.example") == []

    assert known(theepot, ada)["marketingState"] == "UNSUBSCRIBED"


def test_nobody_by_that_address_is_nothing_to_tell(theepot: Shopify) -> None:
    assert says(theepot, "denied", email=BEN) == []
    assert updates(theepot) == 0


def test_an_account_that_moved_to_another_address_is_left_alone(theepot: Shopify, ada: str) -> None:
    """Consent belongs to an address; that of the account is another's wish by now."""
    assert says(theepot, "granted", account=ada, email="former@shopper.example") == []

    assert updates(theepot) == 0


def test_our_own_words_coming_back_start_nothing(theepot: Shopify, ada: str) -> None:
    says(theepot, "denied", account=ada)
    (echo,) = nodes.customer(
        {"id": f"gid://shopify/Customer/{ada}", "state": "DISABLED", "defaultEmailAddress": known(theepot, ada)}, FACTS
    )
    assert isinstance(echo, CustomerSeen)
    assert echo.consent is not None
    assert (echo.consent.state, echo.consent.at) == ("denied", THEN)

    says(theepot, "denied", account=ada)

    assert updates(theepot) == 1


def test_what_the_shop_heard_later_stands(theepot: Shopify, ada: str) -> None:
    known(theepot, ada).update(marketingState="SUBSCRIBED", marketingUpdatedAt="2026-11-21T09:00:00Z")

    assert says(theepot, "denied", account=ada) == []

    assert known(theepot, ada)["marketingState"] == "SUBSCRIBED"
    assert updates(theepot) == 0


def test_a_clock_ahead_of_the_shops_does_not_speak_of_the_future(theepot: Shopify, ada: str) -> None:
    assert says(theepot, "granted", account=ada, at=datetime.now(UTC) + timedelta(minutes=10)) == []

    assert datetime.fromisoformat(known(theepot, ada)["marketingUpdatedAt"]) <= theepot.now


def test_what_the_shop_refuses_is_said_and_the_next_person_is_told(theepot: Shopify, ada: str) -> None:
    ben = theepot.adds_customer(email=BEN)
    del theepot.things.customers[ada]["id"]
    theepot.things.customers[ada]["id"] = "gid://shopify/Customer/999"
    consents = [
        ConsentToTell(account=account, email=email, state="denied", at=THEN)
        for account, email in ((ada, ADA), (ben, BEN))
    ]

    (refused,) = shopify.tell(theepot.access(), consents)

    assert refused == Finding(trouble=Trouble.CONSENT_REFUSED, values={"detail": "Customer not found"})
    assert known(theepot, ben)["marketingState"] == "UNSUBSCRIBED"


def test_a_shop_that_did_not_do_as_it_said_is_found_out(
    theepot: Shopify, ada: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        theepot.things,
        "does_customerEmailMarketingConsentUpdate",
        lambda *_: {"customer": theepot.things.customers[ada], "userErrors": []},
    )

    (refused,) = says(theepot, "denied", account=ada)

    assert refused.values == {"detail": "still NOT_SUBSCRIBED"}


def test_without_the_permission_it_is_said_once(theepot: Shopify, ada: str) -> None:
    theepot.scopes.remove("write_customers")
    consents = [ConsentToTell(account=ada, email=ADA, state="denied", at=THEN)] * 3

    findings = shopify.tell(theepot.access(), consents)

    assert findings == [Finding(trouble=Trouble.SCOPE_MISSING, values={"scope": "write_customers"})]
    assert updates(theepot) == 1


def test_the_recorded_refusal_of_a_pending_consent_cannot_happen_to_us(theepot: Shopify, ada: str) -> None:
    recorded_error = recorded("customerEmailMarketingConsentUpdate.pending_error")
    (error,) = recorded_error["data"]["customerEmailMarketingConsentUpdate"]["userErrors"]
    assert "must be confirmed opt-in" in error["message"]

    assert says(theepot, "pending", account=ada, double_opt_in=False) == []
