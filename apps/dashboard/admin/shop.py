"""What came from the shop: deliveries, products, baskets and orders."""

# ruff: noqa: ARG002 -- the signatures are Django's
from __future__ import annotations

import json
from decimal import Decimal, InvalidOperation
from typing import Any, ClassVar

from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from apps.accounts.roles import Deed, may
from apps.carts.models import Cart
from apps.core import clock
from apps.dashboard.admin.base import ScopedAdmin, StoreFilter
from apps.dashboard.admin.filters import ReceivedFilter, SinceFilter, StageOfCart
from apps.dashboard.timeline import amount
from apps.dashboard.views.rows import tell_processed
from apps.dashboard.why import why_cart
from apps.ingestion.models import Delivery, DeliveryBody
from apps.ingestion.processing import process_again
from apps.mail.names import clean
from apps.orders.models import Order

SHOWN_BYTES = 200_000


@admin.register(Delivery)
class DeliveryAdmin(ScopedAdmin):
    """Webhooks as they arrived."""

    page_template = "dashboard/delivery.html"
    actions: ClassVar[tuple[str, ...] | None] = ("again",)
    list_display = ("topic", "store", "state", "received_at", "why", "size")
    list_filter = (StoreFilter, "state", ReceivedFilter, "topic")
    list_select_related = ("store",)
    ordering = ("-received_at",)
    search_fields = ("topic", "reason", "dedupe_key")

    @admin.action(description=_("Process again"))
    def again(self, request: HttpRequest, queryset: Any) -> None:
        """Those that were ticked, as far as they are of shops this person manages."""
        mine = [row.pk for row in queryset.only("pk", "store_id") if may(request.user, Deed.MANAGE, row.store_id)]
        tell_processed(request, process_again(mine, clock.now()))

    @admin.display(description=_("reason"))
    def why(self, delivery: Delivery) -> str:
        return clean(delivery.reason, 80)

    def page_context(self, request: HttpRequest, row: Any) -> dict[str, Any]:
        return {
            "delivery": row,
            "body": body_of(row),
            "headers": sorted(row.headers.items()),
            "apart": row.quarantined.all()[:50],
            "may_manage": may(request.user, Deed.MANAGE, row.store_id),
        }


def body_of(delivery: Delivery) -> str | None:
    """The body for reading: JSON laid out, anything else as text; None when it is gone."""
    kept = DeliveryBody.objects.filter(delivery=delivery).first()
    if kept is None:
        return None
    data = bytes(kept.data)
    if len(data) <= SHOWN_BYTES:
        try:
            return json.dumps(json.loads(data), indent=2, ensure_ascii=False)
        except (ValueError, RecursionError):
            pass
    return data[:SHOWN_BYTES].decode("utf-8", "replace")


@admin.register(Cart)
class CartAdmin(ScopedAdmin):
    """Baskets, with what came of each."""

    page_template = "dashboard/cart.html"
    list_display = ("__str__", "store", "customer", "status", "worth", "last_activity_at", "abandoned_at")
    list_filter = (StoreFilter, "status", StageOfCart, SinceFilter, "reached_checkout")
    list_select_related = ("store", "customer")
    ordering = ("-last_activity_at",)
    search_fields = ("customer__email", "keys__value")

    @admin.display(description=_("total"), ordering="total")
    def worth(self, cart: Cart) -> str:
        return amount(cart.total, cart.currency)

    def page_context(self, request: HttpRequest, row: Any) -> dict[str, Any]:
        return {
            "cart": row,
            "total": amount(row.total, row.currency),
            "lines": [_line(line, row.currency) for line in row.lines],
            "story": why_cart(row, clock.now()),
        }


def _line(line: dict[str, Any], currency: str) -> dict[str, str]:
    try:
        total = amount(Decimal(str(line.get("total"))), currency)
    except InvalidOperation:
        total = ""
    return {"title": line.get("title", ""), "quantity": line.get("quantity", ""), "total": total}


@admin.register(Order)
class OrderAdmin(ScopedAdmin):
    """Orders as the platform last described them."""

    list_display = ("__str__", "store", "customer", "stage", "worth", "placed_at")
    list_filter = (StoreFilter, "stage", "test")
    list_select_related = ("store", "customer")
    ordering = ("-placed_at",)
    search_fields = ("number", "customer__email")
    fields = (
        "number", "store", "customer", "stage", "status", "worth", "returned", "placed_at", "paid_at", "fulfilled_at",
        "delivered_at", "cancelled_at", "payment_method", "contents",
    )  # fmt: skip

    @admin.display(description=_("total"), ordering="total")
    def worth(self, order: Order) -> str:
        return amount(order.total, order.currency)

    @admin.display(description=_("refunded"))
    def returned(self, order: Order) -> str:
        return amount(order.refunded, order.currency)

    @admin.display(description=_("order lines"))
    def contents(self, order: Order) -> str:
        return ", ".join(f"{line.quantity.normalize():f} × {line.title}" for line in order.lines.order_by("position"))
