"""The one admin from which all others come: a person's own shops, and nothing beside them."""

# ruff: noqa: ARG002 -- the signatures are Django's
from __future__ import annotations

from typing import Any, ClassVar, Final

from django.contrib import admin
from django.contrib.admin.utils import unquote
from django.db import models
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin

from apps.accounts.roles import Deed, may, may_somewhere, stores_of, visible
from apps.stores.models import Store


class StoreFilter(admin.SimpleListFilter):
    """Of which shop; only this person's are named."""

    title = _("store")
    parameter_name = "store"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(str(store.pk), store.name) for store in stores_of(request.user)]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        value = self.value()
        if value is None:
            return queryset
        return queryset.of(int(value)) if value.isdecimal() and len(value) < 19 else queryset.none()


@admin.display(description=_("store"), ordering="store")
def shop_of(row: Any) -> Store:
    return row.store  # type: ignore[no-any-return]


_STORE_COLUMN: Final[dict[str, Any]] = {"store": shop_of}


class ScopedAdmin(ModelAdmin):  # type: ignore[misc]  # unfold has no types
    """Lists and shows; what is changed is changed by the verbs of a page.

    A row of another shop is not found, whatever the address, the filter or the action.
    """

    operator_only: ClassVar[bool] = False
    page_template: ClassVar[str] = ""
    list_per_page = 50
    show_full_result_count = False
    list_filter_submit = False
    compressed_fields = True
    actions: ClassVar[tuple[str, ...] | None] = None
    add_deed: ClassVar[Deed | None] = None

    def get_list_display(self, request: HttpRequest) -> Any:
        """Its `store` column is headed by our word for it: a key's own name is in no language but English."""
        own = super().get_list_display(request)
        return [name if hasattr(self, name) else _STORE_COLUMN.get(name, name) for name in own]

    def get_queryset(self, request: HttpRequest) -> Any:
        found = super().get_queryset(request)
        return found if self.operator_only else visible(found, request.user)

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        user = request.user
        if not (user.is_active and user.is_staff):
            return False
        if self.operator_only or obj is None:
            return user.is_superuser if self.operator_only else may_somewhere(user, Deed.READ)
        return may(user, Deed.READ, store_id_of(obj))

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Any:
        # A number no column holds is as unknown as any other.
        if object_id.lstrip("-").isdecimal() and len(object_id) > 18:
            return None
        return super().get_object(request, object_id, from_field)

    def _get_obj_does_not_exist_redirect(self, request: HttpRequest, opts: Any, object_id: str) -> HttpResponse:
        raise Http404

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        rows: Any = getattr(db_field.remote_field.model, "objects", None)
        if hasattr(rows, "visible_to"):
            kwargs["queryset"] = visible(rows.all(), request.user)
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        if not self.page_template:
            answer: HttpResponse = super().change_view(request, object_id, form_url, extra_context)
            return answer
        row = self.get_object(request, unquote(object_id))
        if row is None or not self.has_view_permission(request, row):
            raise Http404
        return self.page(request, row)

    def page(self, request: HttpRequest, row: Any, **more: Any) -> HttpResponse:
        """A page of our own in the theme's frame."""
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "original": row,
            "title": str(row),
            "has_view_permission": True,
            "inline_admin_formsets": [],
            "media": self.media,
            **self.page_context(request, row),
            **more,
        }
        return TemplateResponse(request, self.page_template, context)

    def page_context(self, request: HttpRequest, row: Any) -> dict[str, Any]:
        return {}


def store_id_of(row: models.Model) -> int:
    """The shop a row belongs to, along its `store_path`."""
    found: Any = row
    for name in str(getattr(row, "store_path", "store")).split("__"):
        found = getattr(found, name)
    return found.pk if isinstance(found, Store) else int(found)
