"""A store never sees another's rows: the one manager that requires a store."""

from __future__ import annotations

from typing import Any, Self, TypeVar

from django.db import models

M = TypeVar("M", bound=models.Model)


class StoreQuerySet(models.QuerySet[M]):
    """Rows that belong to a store; `store_path` leads from the row to it."""

    def of(self, store: models.Model | int) -> Self:
        """Only this store's rows."""
        path = getattr(self.model, "store_path", "store")
        return self.filter(**{path: store})

    def visible_to(self, user: Any) -> Self:
        """Only rows of stores this member of staff works for; a superuser sees all."""
        if user.is_superuser:
            return self.all()
        path = getattr(self.model, "store_path", "store")
        # The store itself is its own row, not one that leads to it.
        prefix = "" if path == "pk" else f"{path}__"
        return self.filter(**{f"{prefix}memberships__user": user})
