"""The demo shop's own page: where a restore link leads when there is no real shop behind it."""

from __future__ import annotations

import base64
import binascii
import hmac
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

import msgspec
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from apps.core import clock
from apps.dashboard.demo.catalogue import BY_ID, PRODUCTS, Product, picture, shipping
from apps.stores.models import Store
from apps.stores.secrets_ring import newest

MOST_LINES: Final = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One thing as the page shows it."""

    product: Product
    image: str
    quantity: int
    total: Decimal


@require_safe
def show(request: HttpRequest) -> HttpResponse:
    """The basket of a signed restore link, else the shelf. It logs nobody in and shows no name."""
    store = Store.objects.filter(is_demo=True).order_by("pk").first()
    token = request.GET.get("rcv", "")[:20_000]
    lines = restored(token, newest(store, clock.now())) if store and token else []
    rows = [_row(product, quantity) for product, quantity in lines or [(p, 1) for p in PRODUCTS]]
    subtotal = sum((row.total for row in rows), Decimal("0.00"))
    context = {
        "rows": rows,
        "restored": bool(lines),
        "forged": bool(token) and not lines,
        "shipping": shipping(subtotal),
        "total": subtotal + shipping(subtotal),
    }
    return render(request, "demo/shop.html", context, status=404 if context["forged"] else 200)


def restored(token: str, secret: str) -> list[tuple[Product, int]]:
    """The lines of a restore link, checked as the companion does; empty when it is not ours."""
    payload, _, signature = token.partition(".")
    expected = hmac.digest(secret.encode(), b"restore." + payload.encode("utf-8", "replace"), "sha256")
    if not secret or not hmac.compare_digest(expected.hex().encode(), signature.encode("utf-8", "replace")):
        return []
    try:
        claims: Any = msgspec.json.decode(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    except (msgspec.DecodeError, binascii.Error, ValueError):
        return []
    items = claims.get("i", []) if isinstance(claims, dict) else []
    return [(BY_ID[item[0]], int(item[2])) for item in items[:MOST_LINES] if item[0] in BY_ID]


def _row(product: Product, quantity: int) -> Row:
    image = picture(settings.ENV.public_url, product)
    return Row(product=product, image=image, quantity=quantity, total=product.price * quantity)
