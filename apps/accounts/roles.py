"""Who may do what in which shop.

An analyst reads, a marketer also changes flows and templates, an owner also the shop itself: its settings, its
team, its suppressions, and mail in doubt. A superuser is the operator of the installation and may do everything.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Any, Final, TypeVar

from django.db import models
from django.http import Http404

from apps.accounts.models import Membership
from apps.core.scoping import StoreQuerySet
from apps.stores.models import Store

M = TypeVar("M", bound=models.Model)
Role = Membership.Role


class Deed(StrEnum):
    """What a person wants to do in a shop."""

    READ = "read"
    WRITE = "write"
    MANAGE = "manage"


ALLOWED: Final[dict[Deed, frozenset[str]]] = {
    Deed.READ: frozenset(Role.values),
    Deed.WRITE: frozenset({Role.OWNER, Role.MARKETER}),
    Deed.MANAGE: frozenset({Role.OWNER}),
}


def role_in(user: Any, store: Store | int) -> str | None:
    """The role of this person in this shop, None for a stranger. The operator is everybody's owner."""
    if user.is_superuser:
        return Role.OWNER
    return roles_of(user).get(store if isinstance(store, int) else store.pk)


def roles_of(user: Any) -> dict[int, str]:
    """Shop → role, read once per request: the user object lives as long."""
    known: dict[int, str] | None = getattr(user, "_mandje_roles", None)
    if known is None:
        known = dict(Membership.objects.filter(user=user).values_list("store_id", "role"))
        user._mandje_roles = known  # noqa: SLF001 -- kept on the person of this request
    return known


def may(user: Any, deed: Deed, store: Store | int) -> bool:
    """Whether this person may do this here."""
    return role_in(user, store) in ALLOWED[deed]


def may_somewhere(user: Any, deed: Deed) -> bool:
    """Whether there is any shop in which this person may do this."""
    return user.is_superuser or any(role in ALLOWED[deed] for role in roles_of(user).values())


def visible(rows: StoreQuerySet[M], user: Any) -> StoreQuerySet[M]:
    """Only rows of the shops this person works for; the operator sees all."""
    if issubclass(rows.model, Store) and not user.is_superuser:
        return rows.filter(memberships__user=user)
    return rows.visible_to(user)


def stores_of(user: Any) -> list[Store]:
    """The shops this person works for, by name."""
    return list(visible(Store.objects.all(), user).order_by("name", "pk"))


def store_for(user: Any, key: int | str) -> Store:
    """One of this person's shops. Raises Http404, whether it is somebody else's or does not exist."""
    found = visible(Store.objects.all(), user).filter(pk=key).first() if str(key).isdecimal() else None
    if found is None:
        raise Http404
    return found
