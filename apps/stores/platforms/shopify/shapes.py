"""GraphQL's nodes in the shapes of Shopify's webhooks, so that one translation reads both."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final
from urllib.parse import urlsplit

from apps.stores.platforms.cleaning import amount
from apps.stores.platforms.shopify.parts import gid

Node = Mapping[str, Any]
_FULFILLED: Final = {"FULFILLED": "fulfilled", "PARTIALLY_FULFILLED": "partial", "RESTOCKED": "restocked"}


def _money(bag: Node | None) -> dict[str, Any] | None:
    if not bag:
        return None
    shown = bag.get("presentmentMoney") or {}
    return {"presentment_money": {"amount": shown.get("amount"), "currency_code": shown.get("currencyCode")}}


def _sum(bag: Node | None) -> str | None:
    return ((bag or {}).get("presentmentMoney") or {}).get("amount")


def _code(bag: Node | None) -> str | None:
    return ((bag or {}).get("presentmentMoney") or {}).get("currencyCode")


def _place(place: Node | None) -> dict[str, Any] | None:
    if not place:
        return None
    return {
        "first_name": place.get("firstName"),
        "last_name": place.get("lastName"),
        "country_code": place.get("countryCodeV2"),
    }


def _who(who: Node | None) -> dict[str, Any] | None:
    if not who:
        return None
    return {
        "id": gid(who.get("id")),
        "first_name": who.get("firstName"),
        "last_name": who.get("lastName"),
        "email": (who.get("defaultEmailAddress") or {}).get("emailAddress"),
        "default_address": _place(who.get("defaultAddress")),
    }


def _pairs(attributes: Sequence[Node] | None) -> list[dict[str, Any]]:
    return [{"name": one.get("key"), "value": one.get("value")} for one in attributes or ()]


def listed(connection: Node | None) -> list[Node]:
    return [one for one in (connection or {}).get("nodes") or () if one]


def _lower(word: str | None) -> str | None:
    return word.lower() if word else None


def order(node: Node) -> dict[str, Any]:
    visit = (node.get("customerJourneySummary") or {}).get("lastVisit") or {}
    return {
        "id": gid(node.get("id")),
        "name": node.get("name"),
        "email": node.get("email"),
        "checkout_token": node.get("checkoutToken"),
        "cart_token": node.get("cartToken"),
        "created_at": node.get("createdAt"),
        "updated_at": node.get("updatedAt"),
        "processed_at": node.get("processedAt"),
        "cancelled_at": node.get("cancelledAt"),
        "financial_status": _lower(node.get("displayFinancialStatus")),
        "fulfillment_status": _FULFILLED.get(node.get("displayFulfillmentStatus") or ""),
        "buyer_accepts_marketing": node.get("customerAcceptsMarketing"),
        "test": node.get("test"),
        "currency": node.get("currencyCode"),
        "presentment_currency": node.get("presentmentCurrencyCode"),
        "total_price_set": _money(node.get("totalPriceSet")),
        "subtotal_price_set": _money(node.get("subtotalPriceSet")),
        "total_discounts_set": _money(node.get("totalDiscountsSet")),
        "total_tax_set": _money(node.get("totalTaxSet")),
        "total_shipping_price_set": _money(node.get("totalShippingPriceSet")),
        "customer_locale": node.get("customerLocale"),
        "landing_site": _path_of(visit.get("landingPage")),
        "note_attributes": _pairs(node.get("customAttributes")),
        "payment_gateway_names": node.get("paymentGatewayNames"),
        "discount_codes": [{"code": code} for code in node.get("discountCodes") or ()],
        "shipping_address": _place(node.get("shippingAddress")),
        "billing_address": _place(node.get("billingAddress")),
        "customer": _who(node.get("customer")),
        "line_items": [_order_line(one) for one in listed(node.get("lineItems"))],
        "refunds": [_refund(one) for one in node.get("refunds") or ()],
        "fulfillments": [
            {"status": _lower(one.get("status")), "created_at": one.get("createdAt")}
            for one in node.get("fulfillments") or ()
        ],
    }


def _path_of(landing: str | None) -> str | None:
    """A webhook's `landing_site` is a path with its query."""
    if not landing:
        return None
    parts = urlsplit(landing)
    return (parts.path or "/") + (f"?{parts.query}" if parts.query else "")


def _order_line(line: Node) -> dict[str, Any]:
    return {
        "product_id": gid((line.get("product") or {}).get("id")),
        "variant_id": gid((line.get("variant") or {}).get("id")),
        "name": line.get("name"),
        "title": line.get("title"),
        "variant_title": line.get("variantTitle"),
        "quantity": line.get("quantity"),
        "sku": line.get("sku"),
        "price_set": _money(line.get("originalUnitPriceSet")),
        "discount_allocations": [
            {"amount_set": _money(one.get("allocatedAmountSet"))} for one in line.get("discountAllocations") or ()
        ],
        "gift_card": line.get("isGiftCard"),
        "properties": _pairs(line.get("customAttributes")),
    }


def _refund(one: Node) -> dict[str, Any]:
    back = one.get("totalRefundedSet")
    paid = {"kind": "refund", "status": "success", "amount": _sum(back), "currency": _code(back)}
    return {
        "id": gid(one.get("id")),
        "created_at": one.get("createdAt"),
        "processed_at": one.get("processedAt"),
        # Nothing paid back is a refund of goods alone: no transaction, as in its webhook.
        "transactions": [paid] if amount(_sum(back)) else [],
    }


def customer(node: Node) -> dict[str, Any]:
    mail = node.get("defaultEmailAddress") or {}
    consent = {
        "state": _lower(mail.get("marketingState")),
        "opt_in_level": _lower(mail.get("marketingOptInLevel")),
        "consent_updated_at": mail.get("marketingUpdatedAt"),
    }
    return (_who(node) or {}) | {
        "state": _lower(node.get("state")),
        "verified_email": node.get("verifiedEmail"),
        "created_at": node.get("createdAt"),
        "updated_at": node.get("updatedAt"),
        # A yes or no without its moment could not be weighed against ours.
        "email_marketing_consent": consent if consent["consent_updated_at"] else None,
    }


def product(node: Node) -> dict[str, Any]:
    variants = listed(node.get("variants"))
    pictures: list[dict[str, Any]] = [{"src": _picture(node.get("featuredMedia"))}]
    pictures += [
        {"src": address, "variant_ids": [gid(one.get("id"))]}
        for one in variants
        if (address := next((found for media in listed(one.get("media")) if (found := _picture(media))), None))
    ]
    return {
        "id": gid(node.get("id")),
        "title": node.get("title"),
        "handle": node.get("handle"),
        "status": _lower(node.get("status")),
        "product_type": node.get("productType"),
        "tags": node.get("tags"),
        "vendor": node.get("vendor"),
        "updated_at": node.get("updatedAt"),
        "published_at": node.get("publishedAt"),
        "category": node.get("category"),
        "images": pictures,
        "variants": [_variant(one) for one in variants],
    }


def _picture(media: Node | None) -> str | None:
    return (((media or {}).get("preview") or {}).get("image") or {}).get("url")


def _variant(one: Node) -> dict[str, Any]:
    return {
        "id": gid(one.get("id")),
        "title": one.get("title"),
        "price": one.get("price"),
        "compare_at_price": one.get("compareAtPrice"),
        "updated_at": one.get("updatedAt"),
        "inventory_policy": _lower(one.get("inventoryPolicy")),
        "inventory_quantity": one.get("inventoryQuantity"),
    }


def basket(node: Node) -> dict[str, Any]:
    total = node.get("totalPriceSet")
    return {
        "name": node.get("name"),
        "created_at": node.get("createdAt"),
        "updated_at": node.get("updatedAt"),
        "completed_at": node.get("completedAt"),
        "presentment_currency": _code(total),
        "total_price": _sum(total),
        "subtotal_price": _sum(node.get("subtotalPriceSet")),
        "total_discounts": _sum(node.get("totalDiscountSet")),
        "total_tax": _sum(node.get("totalTaxSet")),
        "abandoned_checkout_url": node.get("abandonedCheckoutUrl"),
        "customer": _who(node.get("customer")),
        "shipping_address": _place(node.get("shippingAddress")),
        "billing_address": _place(node.get("billingAddress")),
        "line_items": [_basket_line(one) for one in listed(node.get("lineItems"))],
    }


def _basket_line(line: Node) -> dict[str, Any]:
    return {
        "product_id": gid((line.get("product") or {}).get("id")),
        "variant_id": gid((line.get("variant") or {}).get("id")),
        "title": line.get("title"),
        "variant_title": line.get("variantTitle"),
        "quantity": line.get("quantity"),
        "sku": line.get("sku"),
        "price": _sum(line.get("originalUnitPriceSet")),
        "line_price": _sum(line.get("discountedTotalPriceSet")),
        "gift_card": (line.get("product") or {}).get("isGiftCard"),
        "properties": _pairs(line.get("customAttributes")),
    }
