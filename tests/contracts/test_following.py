"""Every table that says something of a person says how it follows them (decision 2)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from django.db.models import Field, Model

ADDRESSES = {"email", "email_key", "address", "address_hash"}
STAFF = {"accounts.User"}
"""Their own address, given to work here: not a shopper's."""


def _models() -> list[type[Model]]:
    from django.apps import apps

    return list(apps.get_models())


def _followed() -> dict[str, Any]:
    from apps.core.following import all_followed

    return all_followed()


def _is_person_key(field: Field[Any, Any]) -> bool:
    from apps.customers.models import Customer

    return field.related_model is Customer or field.attname.endswith("customer_id")


def _person_keys() -> Iterator[tuple[str, str]]:
    for model in _models():
        for field in model._meta.concrete_fields:
            if _is_person_key(field):
                yield model._meta.label, field.attname


def test_every_person_key_says_how_it_follows() -> None:
    followed = _followed()

    silent = [
        f"{label}.{column}"
        for label, column in _person_keys()
        if label not in followed or column not in followed[label].columns
    ]

    assert not silent, f"say in the app's following.py how these move, are copied and erased: {silent}"


def test_the_walk_finds_the_keys_that_are_no_foreign_keys() -> None:
    assert {("events.Event", "customer_id"), ("carts.Cart", "told_customer_id")} <= set(_person_keys())


def test_what_hangs_on_a_followed_row_has_said_so_too() -> None:
    followed = _followed()

    silent = [
        f"{model._meta.label}.{field.name}"
        for model in _models()
        for field in model._meta.concrete_fields
        if field.related_model is not None
        and field.related_model._meta.label in followed
        and model._meta.label not in followed
    ]

    assert not silent, f"what becomes of these when the row above them is copied or erased? {silent}"


def test_every_table_with_an_address_has_said_so() -> None:
    silent = [
        model._meta.label
        for model in _models()
        if ADDRESSES & {field.name for field in model._meta.concrete_fields}
        and model._meta.label not in {*_followed(), *STAFF}
    ]

    assert not silent


def test_every_entry_names_a_table_that_exists() -> None:
    assert set(_followed()) <= {model._meta.label for model in _models()}


@pytest.mark.django_db
def test_every_entry_moves_copies_and_erases_nobody_without_complaint() -> None:
    from datetime import UTC, datetime

    from apps.core.following import Erasing
    from apps.customers.models import Customer
    from apps.stores.models import Store

    store = Store.objects.create(platform="woocommerce", name="Shop", url="https://shop.example")
    one, other = Customer.objects.create(store=store), Customer.objects.create(store=store)
    gone = Erasing(store_id=store.pk, at=datetime(2026, 3, 2, tzinfo=UTC), customers=(other.pk,))

    for label, entry in _followed().items():
        entry.move(store.pk, one.pk, other.pk)
        assert isinstance(entry.export(one.pk), list), label
    for entry in reversed(_followed().values()):
        entry.erase(gone)


@pytest.mark.django_db
def test_whatever_points_at_a_basket_follows_when_two_are_one() -> None:
    from apps.carts.models import Cart, CartKey
    from apps.carts.recording import _on_join

    pointing = {
        model._meta.app_label
        for model in _models()
        for field in model._meta.concrete_fields
        if field.related_model is Cart and model is not CartKey
    }

    assert pointing <= {mover.__module__.split(".")[1] for mover in _on_join}
