"""Shops and who works for them."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib import admin, messages
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm

from apps.accounts.models import Membership, User
from apps.accounts.roles import Deed, may, visible
from apps.core import clock
from apps.dashboard import settings_form
from apps.dashboard.admin.base import ScopedAdmin, StoreFilter
from apps.dashboard.setting_words import LABELS
from apps.dashboard.storefront import facts_of
from apps.dashboard.views.liaison import card_context, checklist_context
from apps.stores.models import Store


@admin.register(Store)
class StoreAdmin(ScopedAdmin):
    """A shop: its state, its webhook address and every setting it has."""

    page_template = "dashboard/store.html"
    list_display = ("name", "platform", "status", "order_feed", "last_delivery_at")
    list_display_links = ("name",)
    search_fields = ("name", "url", "shop_domain")

    @admin.display(description=_("order feed"))
    def order_feed(self, store: Store) -> str:
        return store.get_feed_display()

    def page(self, request: HttpRequest, row: Any, **more: Any) -> HttpResponse:
        if request.method != "POST":
            return super().page(request, row, **more)
        if not may(request.user, Deed.MANAGE, row):
            raise Http404
        changed, errors = settings_form.save(row, request.POST, clock.now())
        if errors:
            messages.error(request, gettext("Nothing was saved: see what is wrong below."))
            return super().page(request, row, groups=settings_form.groups(row, clock.now(), request.POST, errors))
        if changed:
            self.log_change(request, row, ", ".join(changed))
            messages.success(request, gettext("Saved: %(names)s.") % {"names": _labels(changed)})
        return redirect(request.path)

    def page_context(self, request: HttpRequest, row: Any) -> dict[str, Any]:
        at = clock.now()
        return {
            "store": row,
            "groups": settings_form.groups(row, at),
            "may_manage": may(request.user, Deed.MANAGE, row),
            "may_write": may(request.user, Deed.WRITE, row),
            **facts_of(row, at),
            **checklist_context(request, row, at),
            **card_context(request, row, at),
        }


def _labels(names: list[str]) -> str:
    return ", ".join(str(LABELS.get(name, name)) for name in names)


@admin.register(Membership)
class MembershipAdmin(ScopedAdmin):
    """The team: who works in which shop, as what."""

    list_display = ("user", "store", "role")
    list_filter = (StoreFilter, "role")
    list_select_related = ("user", "store")
    list_filter_submit = False
    fields = ("user", "store", "role")
    readonly_fields = ("user", "store")
    change_list_template = "dashboard/team.html"

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return obj is not None and may(request.user, Deed.MANAGE, obj.store_id)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nobody puts themselves out: a shop keeps an owner."""
        return obj is not None and obj.user_id != request.user.pk and may(request.user, Deed.MANAGE, obj.store_id)

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        mine = [store for store in visible(Store.objects.all(), request.user) if may(request.user, Deed.MANAGE, store)]
        more = {"owned": mine, "roles": Membership.Role.choices, **(extra_context or {})}
        answer: HttpResponse = super().changelist_view(request, more)
        return answer


@admin.register(User)
class UserAdmin(DjangoUserAdmin, ModelAdmin):  # type: ignore[misc,type-arg]
    """The operator's list of people."""

    form, add_form, change_password_form = UserChangeForm, UserCreationForm, AdminPasswordChangeForm
    list_display = ("username", "email", "is_superuser", "is_active", "last_login")
    list_filter = ("is_superuser", "is_active")
    fieldsets = (
        (None, {"fields": ("username", "password", "first_name", "last_name", "email", "language")}),
        (_("Access"), {"fields": ("is_active", "is_staff", "is_superuser")}),
    )
    filter_horizontal: ClassVar[tuple[str, ...]] = ()

    def has_module_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.is_active and request.user.is_superuser)
