"""Consent, merging and privacy."""

from __future__ import annotations

import pytest

from apps.stores.errors import Ignored, Unreadable
from apps.stores.snapshots import CustomersMerged, PrivacyRequest
from tests.stores.platforms.shopify_shop import (
    DOMAIN,
    RECORDED,
    body_of,
    seen,
)


@pytest.mark.parametrize("state", ["not_subscribed", "invalid", None, "SOMETHING"])
def test_neither_yes_nor_no_is_no_consent(state: str | None) -> None:
    body = {
        "customer_id": 1,
        "email_address": "a@b.example",
        "email_marketing_consent": {"state": state},
    }

    with pytest.raises(Ignored):
        seen("customers_email_marketing_consent/update", body)


def test_older_versions_tell_consent_with_the_customer() -> None:
    consent = {
        "state": "subscribed",
        "opt_in_level": "confirmed_opt_in",
        "consent_updated_at": "2024-10-01T00:00:00Z",
    }
    old = body_of("2024-10/customers_update", email_marketing_consent=consent)

    (one,) = seen("customers/update", old)

    assert (one.consent.state, one.consent.double_opt_in) == ("granted", True)
    assert seen("customers/update", body_of("customers_update"))[0].consent is None


def test_a_merge_counts_when_it_is_done() -> None:
    done = body_of("customers_merge", status="completed")

    assert seen("customers/merge", done) == [
        CustomersMerged(at=None, tie=seen("customers/merge", done)[0].tie, kept="1", gone="2")
    ]
    with pytest.raises(Ignored):
        seen("customers/merge", body_of("customers_merge"))


@pytest.mark.parametrize(
    ("topic", "name"),
    [
        ("customers/data_request", "scenarios/privacy/01_customers_data_request"),
        ("customers/redact", "scenarios/privacy/02_customers_redact"),
        ("customers/redact", "scenarios/privacy/03_customers_redact_email_only"),
        ("app/uninstalled", "scenarios/privacy/04_app_uninstalled"),
        ("shop/redact", "scenarios/privacy/05_shop_redact"),
        ("shop/update", "scenarios/privacy/04_app_uninstalled"),
    ],
)
def test_what_stops_or_erases_names_the_shop_of_its_header(topic: str, name: str) -> None:
    body = RECORDED[name].body

    assert len(seen(topic, body, {"x-shopify-shop-domain": DOMAIN}, shop_domain=DOMAIN)) == 1
    for headers, facts in (
        ({"x-shopify-shop-domain": "other.myshopify.com"}, {}),
        ({}, {"shop_domain": "other.myshopify.com"}),
    ):
        with pytest.raises(Unreadable, match="wrong_shop"):
            seen(topic, body, headers, **facts)


@pytest.mark.parametrize(
    ("topic", "name"),
    [
        ("shop/redact", "scenarios/privacy/02_customers_redact"),
        ("customers/redact", "scenarios/privacy/01_customers_data_request"),
        ("app/uninstalled", "orders_create"),
        ("app/uninstalled", "scenarios/privacy/05_shop_redact"),
        ("orders/delete", "orders_create"),
        ("orders/delete", "refunds_create"),
        ("customers/delete", "customers_create"),
        ("orders/create", "customers_create"),
        ("orders/create", "products_create"),
        ("customers/create", "products_create"),
        ("checkouts/update", "carts_update"),
    ],
)
def test_a_stolen_body_does_nothing_under_another_topic(topic: str, name: str) -> None:
    if (topic, name) == ("checkouts/update", "carts_update"):
        # A cart under a checkout's name is at worst a basket without a person.
        assert seen(topic, RECORDED[name].body)[0].person.email is None
        return
    with pytest.raises(Unreadable):
        seen(topic, RECORDED[name].body)


def test_a_redaction_may_know_only_an_address() -> None:
    (one,) = seen("customers/redact", RECORDED["scenarios/privacy/03_customers_redact_email_only"].body)

    assert isinstance(one, PrivacyRequest)
    assert (one.person.account, one.person.email) == (None, "late.email@example.com")
