"""How a view finds a row: of this person's shops, with the right to do what they ask; else there is nothing."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib import admin
from django.db import models
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import path
from django.views.decorators.http import require_POST

from apps.accounts.roles import Deed, may, visible
from apps.dashboard.admin.base import store_id_of

LARGEST = 2**63 - 1
View = Callable[..., HttpResponse]


def mine(request: HttpRequest, model: type[models.Model], pk: int, deed: Deed) -> Any:
    """The row, if it is of a shop in which this person may do this. Raises Http404."""
    if pk > LARGEST:
        raise Http404
    row = visible(model.objects.all(), request.user).filter(pk=pk).first()  # type: ignore[attr-defined]
    if row is None or not may(request.user, deed, store_id_of(row)):
        raise Http404
    return row


def page(route: str, view: View, name: str) -> Any:
    """A page for staff."""
    return path(f"admin/{route}", admin.site.admin_view(view), name=name)


def verb(route: str, view: View, name: str) -> Any:
    """Something staff do; only by POST, so that no GET changes anything."""
    return path(f"admin/{route}", admin.site.admin_view(require_POST(view)), name=name)


def frame(request: HttpRequest, title: str, **context: Any) -> dict[str, Any]:
    """The theme's frame around a page of ours."""
    return {**admin.site.each_context(request), "title": title, **context}


def on(model: type[models.Model], deed: Deed) -> Callable[[Callable[..., HttpResponse]], View]:
    """A view of one row: it gets the row, not its number."""

    def decorate(view: Callable[..., HttpResponse]) -> View:
        @wraps(view)
        def found(request: HttpRequest, pk: int, **rest: Any) -> HttpResponse:
            return view(request, mine(request, model, pk, deed), **rest)

        return found

    return decorate
