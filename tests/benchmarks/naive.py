"""Deliveries into rows as one writes it at first: the ORM, one delivery at a time, `update_or_create` for each row."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.db.models import Count, Max, Min, Sum

if TYPE_CHECKING:
    from apps.customers.models import Customer
    from apps.ingestion.models import Delivery
    from apps.orders.models import Order
    from apps.stores.models import Store


def process(store: Store) -> None:
    """Every waiting delivery of this shop, oldest first."""
    from apps.ingestion.models import Delivery

    for delivery in Delivery.objects.filter(store=store, state="waiting").order_by("id"):
        with transaction.atomic():
            _record(store, json.loads(bytes(delivery.body.data)))
            _done(delivery)


def _done(delivery: Delivery) -> None:
    delivery.state, delivery.due_at = "done", None
    delivery.attempts += 1
    delivery.save()


def _record(store: Store, body: dict[str, Any]) -> None:
    customer = _customer(store, body)
    order = _order(store, customer, body)
    _lines(order, body["line_items"])
    order.keys.update_or_create(store=store, kind="order", value=str(body["id"]))
    _events(store, customer, order)
    _totals(customer, order.currency)


def _customer(store: Store, body: dict[str, Any]) -> Customer:
    from apps.core.secrets import hash_of
    from apps.customers.models import Customer, CustomerKey

    person = body["billing"]
    key = person["email"].lower()
    names = {"first_name": person["first_name"], "last_name": person["last_name"], "country": person["country"]}
    customer, _ = Customer.objects.update_or_create(
        store=store, email_key=key, defaults={"email": key, "address_hash": hash_of(store.pk, key), **names}
    )
    if body["customer_id"]:
        CustomerKey.objects.update_or_create(
            store=store, kind="account", value=str(body["customer_id"]), defaults={"customer": customer}
        )
    return customer


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text).replace(tzinfo=UTC) if text else None


def _order(store: Store, customer: Customer, body: dict[str, Any]) -> Order:
    from apps.orders.models import Order

    modified = _moment(body["date_modified_gmt"])
    order, _ = Order.objects.update_or_create(
        store=store,
        external_id=str(body["id"]),
        defaults={
            "number": body["number"], "customer": customer, "email_key": customer.email_key, "stage": "paid",
            "status": body["status"], "created_at": _moment(body["date_created_gmt"]), "currency": body["currency"],
            "placed_at": _moment(body["date_created_gmt"]), "paid_at": _moment(body["date_paid_gmt"]),
            "total": Decimal(body["total"]), "amounts": {"shipping": body["shipping_total"]}, "silences": True,
            "counts": True, "modified_at": modified, "modified_stamp": body["date_modified_gmt"],
            "payment_method": body["payment_method"],
        },
    )  # fmt: skip
    return order


def _lines(order: Order, items: list[dict[str, Any]]) -> None:
    for position, item in enumerate(items):
        order.lines.update_or_create(
            position=position,
            defaults={
                "product": str(item["product_id"]), "variant": str(item["variation_id"]), "title": item["name"],
                "quantity": item["quantity"], "unit_price": Decimal(str(item["price"])), "total": item["total"],
            },
        )  # fmt: skip


def _events(store: Store, customer: Customer, order: Order) -> None:
    """Events are never changed, so these are only made."""
    from apps.events.models import Announcement, Event

    for kind, moment in (("order.placed", order.placed_at), ("order.paid", order.paid_at)):
        event, _ = Event.objects.get_or_create(
            store_id=store.pk, kind=kind, source_key=order.external_id,
            defaults={
                "customer_id": customer.pk, "subject": f"order:{order.pk}", "occurred_at": moment,
                "data": {"order": order.pk, "total": str(order.total), "currency": order.currency},
            },
        )  # fmt: skip
        if kind == "order.placed":
            Announcement.objects.get_or_create(event=event, defaults={"due_at": moment})


def _totals(customer: Customer, currency: str) -> None:
    orders = customer.orders.filter(counts=True)
    found = orders.aggregate(
        n=Count("id"), first=Min("placed_at"), last=Max("placed_at"), paid=Max("paid_at"), spent=Sum("total")
    )
    customer.orders_count, customer.first_order_at = found["n"], found["first"]
    customer.last_order_at, customer.last_paid_at = found["last"], found["paid"]
    customer.save()
    customer.totals.update_or_create(currency=currency, defaults={"orders": found["n"], "spent": found["spent"] or 0})
