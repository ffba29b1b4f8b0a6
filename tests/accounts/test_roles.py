"""Who may do what in which shop."""

from __future__ import annotations

import pytest
from django.http import Http404

from apps.accounts.models import Membership, User
from apps.accounts.roles import Deed, may, may_somewhere, role_in, store_for, stores_of
from apps.stores.models import Store

TABLE = {
    "owner": {Deed.READ, Deed.WRITE, Deed.MANAGE},
    "marketer": {Deed.READ, Deed.WRITE},
    "analyst": {Deed.READ},
}


@pytest.fixture
def stores(db: None) -> list[Store]:
    return [Store.objects.create(platform="shopify", name=name, url="https://x.nl") for name in ("Ada's", "Cy's")]


@pytest.mark.parametrize("role", TABLE)
def test_each_role_may_what_the_table_says_and_only_in_its_shop(stores: list[Store], role: str) -> None:
    person = User.objects.create_user("bo")
    Membership.objects.create(user=person, store=stores[0], role=role)

    assert {deed for deed in Deed if may(person, deed, stores[0])} == TABLE[role]
    assert not any(may(person, deed, stores[1]) for deed in Deed)
    assert may_somewhere(person, Deed.MANAGE) == (role == "owner")


def test_a_stranger_works_for_nobody(stores: list[Store]) -> None:
    person = User.objects.create_user("eve")

    assert stores_of(person) == []
    assert role_in(person, stores[0]) is None
    with pytest.raises(Http404):
        store_for(person, stores[0].pk)


def test_the_operator_owns_every_shop(stores: list[Store]) -> None:
    person = User.objects.create_superuser("root")

    assert stores_of(person) == stores
    assert may(person, Deed.MANAGE, stores[1])
    assert store_for(person, stores[1].pk) == stores[1]


@pytest.mark.parametrize("key", ["x", "", "99999", "1 OR 1=1"])
def test_what_is_no_shop_is_not_found(stores: list[Store], key: str) -> None:
    with pytest.raises(Http404):
        store_for(User.objects.create_superuser("root"), key)
