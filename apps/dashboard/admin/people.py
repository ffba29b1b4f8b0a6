"""Customers, what they allowed, and what they asked."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from apps.accounts.roles import Deed, may
from apps.consent.models import Suppression
from apps.core import clock
from apps.customers import holding
from apps.customers.models import Customer, PrivacyTask
from apps.dashboard.admin.base import ScopedAdmin, StoreFilter
from apps.dashboard.timeline import amount, timeline
from apps.dashboard.why import why


@admin.register(Customer)
class CustomerAdmin(ScopedAdmin):
    """One person, in one line of time."""

    page_template = "dashboard/customer.html"
    list_display = ("__str__", "full_name", "store", "orders_count", "last_order_at", "created_at")
    list_filter = (StoreFilter, "country")
    list_select_related = ("store",)
    search_fields = ("email", "first_name", "last_name")
    ordering = ("-created_at",)

    @admin.display(description=_("name"))
    def full_name(self, customer: Customer) -> str:
        return f"{customer.first_name} {customer.last_name}".strip()

    def page_context(self, request: HttpRequest, row: Any) -> dict[str, Any]:
        permission = getattr(row, "permission", None)
        return {
            "customer": row,
            "stories": why(row, clock.now()),
            "moments": timeline(row),
            "permission": permission,
            "holds": holding.standing(row, clock.now()),
            "may_manage": may(request.user, Deed.MANAGE, row.store_id),
            "totals": [amount(total.spent, total.currency) for total in row.totals.all()],
        }


@admin.register(Suppression)
class SuppressionAdmin(ScopedAdmin):
    """Addresses that get no more mail. Only a hash is kept, so the person is found by theirs."""

    page_template = "dashboard/suppression.html"
    list_display = ("who", "store", "scope", "reason", "at", "lifted_at")
    list_filter = (StoreFilter, "scope", "reason")
    list_select_related = ("store",)
    ordering = ("-at",)

    @admin.display(description=_("customer"))
    def who(self, row: Suppression) -> str:
        found = customer_of(row)
        return str(found) if found else str(_("erased or unknown"))

    def page_context(self, request: HttpRequest, row: Any) -> dict[str, Any]:
        liftable = row.scope == Suppression.Scope.MARKETING and row.lifted_at is None
        return {
            "suppression": row,
            "customer": customer_of(row),
            "may_lift": liftable and may(request.user, Deed.MANAGE, row.store_id),
            "liftable": liftable,
        }


def customer_of(row: Suppression) -> Customer | None:
    """The person behind the hash, as long as their row knows it."""
    return Customer.objects.of(row.store_id).filter(address_hash=bytes(row.address_hash)).first()


@admin.register(PrivacyTask)
class PrivacyTaskAdmin(ScopedAdmin):
    """Who asked what about their data, and by when it must be done."""

    list_display = ("action", "store", "asked_at", "deadline", "done_at")
    list_filter = (StoreFilter, "action")
    list_select_related = ("store",)
    ordering = ("-asked_at",)
