"""What a pretended Shopify has: products, customers, orders and checkouts, as its GraphQL tells them."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from tests.shops.shopify_graph import Word
from tests.shops.shopify_search import Reads, searched

CURRENCY = "EUR"


def gid(kind: str, value: object) -> str:
    return f"gid://shopify/{kind}/{value}"


def number(value: str | None) -> str:
    return (value or "").rpartition("/")[2]


def stamp(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def amount(value: str | Decimal) -> str:
    """As GraphQL writes it: `182.0`, `24.95`."""
    return str(float(value))


def money(value: str | Decimal, currency: str = CURRENCY) -> dict[str, Any]:
    one = {"amount": amount(value), "currencyCode": currency}
    return {"shopMoney": one, "presentmentMoney": one}


_ORDERS: Reads = {
    "updated_at": lambda one: one["updatedAt"],
    "created_at": lambda one: one["createdAt"],
    "checkout_token": lambda one: one["checkoutToken"],
    "cart_token": lambda one: one["cartToken"],
    "customer_id": lambda one: number(one["customer"]["id"]) if one["customer"] else None,
    "email": lambda one: one["email"],
    "id": lambda one: number(one["id"]),
}
_DATED: Reads = {
    "updated_at": lambda one: one["updatedAt"],
    "created_at": lambda one: one["createdAt"],
    "id": lambda one: number(one["id"]),
}
_CUSTOMERS: Reads = {name: _DATED[name] for name in ("updated_at", "id")} | {
    "email": lambda one: (one["defaultEmailAddress"] or {}).get("emailAddress")
}
_BASKETS: Reads = _DATED | {"email_state": lambda one: one["_email_state"], "name": lambda one: one["name"]}
_SORTS = {"UPDATED_AT": "updatedAt", "CREATED_AT": "createdAt"}


class Things:
    def __init__(self, domain: str) -> None:
        self.domain = domain
        self.orders: dict[str, dict[str, Any]] = {}
        self.customers: dict[str, dict[str, Any]] = {}
        self.products: dict[str, dict[str, Any]] = {}
        self.baskets: dict[str, dict[str, Any]] = {}
        """By their checkout token."""
        self.credits: dict[str, list[dict[str, Any]]] = {}
        """Store credit transactions by customer, oldest first."""
        self._next = 5_890_000_000_001

    def _id(self) -> int:
        self._next += 1
        return self._next

    # --- putting things in ---

    def adds_product(self, at: datetime, *, title: str, price: str, stock: int) -> str:
        product, variant = self._id(), self._id()
        picture = {"preview": {"image": {"url": f"https://cdn.shopify.com/s/files/1/{product}.jpg"}}}
        self.products[str(product)] = {
            "id": gid("Product", product), "title": title, "handle": title.lower().replace(" ", "-"),
            "status": "ACTIVE", "productType": "Thee", "vendor": "Theepot", "tags": ["thee"], "updatedAt": stamp(at),
            "createdAt": stamp(at), "publishedAt": stamp(at), "category": None, "isGiftCard": False,
            "featuredMedia": picture,
            "metafield": lambda args: self.ratings(str(product)).get(args["key"]),
            "priceRangeV2": {"maxVariantPrice": {"amount": amount(price), "currencyCode": CURRENCY}},
            "variants": [
                {
                    "id": gid("ProductVariant", variant), "title": "Default Title", "price": price,
                    "compareAtPrice": None, "updatedAt": stamp(at), "inventoryPolicy": "DENY",
                    "inventoryQuantity": stock, "media": [picture],
                }
            ],
        }  # fmt: skip
        return str(product)

    def ratings(self, product: str) -> dict[str, Any]:
        """The standard metafields that review apps fill (shopify.md 12)."""
        rating = self.products[product].get("_rating")
        if rating is None:
            return {}
        value = f'{{"value":"{rating[0]}","scale_min":"1.0","scale_max":"5.0"}}'
        return {"rating": {"value": value}, "rating_count": {"value": str(rating[1])}}

    def rates(self, product: str, rating: str, count: int) -> None:
        self.products[product]["_rating"] = (rating, count)

    def adds_customer(self, at: datetime, *, email: str, first_name: str) -> str:
        key = self._id()
        self.customers[str(key)] = {
            "id": gid("Customer", key), "firstName": first_name, "lastName": "Buyer", "createdAt": stamp(at),
            "updatedAt": stamp(at), "state": "DISABLED", "verifiedEmail": True,
            "defaultEmailAddress": {
                "emailAddress": email, "marketingState": "NOT_SUBSCRIBED", "marketingOptInLevel": None,
                "marketingUpdatedAt": None,
            } if email else None,
            "defaultPhoneNumber": None,
            "defaultAddress": {"firstName": first_name, "lastName": "Buyer", "countryCodeV2": "NL",
                               "address1": "Gracht 1"},
            "storeCreditAccounts": lambda _: self._accounts(str(key)),
        }  # fmt: skip
        return str(key)

    def customer_of(self, email: str) -> str:
        """The account with this address, '' when there is none."""
        for key, one in self.customers.items():
            if email and ((one["defaultEmailAddress"] or {}).get("emailAddress") or "").lower() == email.lower():
                return key
        return ""

    def adds_order(self, *, email: str, at: datetime, total: str, basket: str, customer: str, code: str) -> str:
        key = self._id()
        who = self.customers.get(customer or self.customer_of(email))
        checkout = self.baskets.get(basket)
        if checkout is not None:
            checkout["completedAt"] = stamp(at)
        lines = checkout["_lines"] if checkout else [self._line(total)]
        self.orders[str(key)] = {
            "id": gid("Order", key), "name": f"#{1000 + len(self.orders)}", "email": email or None,
            "createdAt": stamp(at), "updatedAt": stamp(at), "processedAt": stamp(at), "cancelledAt": None,
            "test": False, "checkoutToken": basket or None, "cartToken": checkout["_cart"] if checkout else None,
            "customerLocale": "nl-NL", "customerAcceptsMarketing": False, "displayFinancialStatus": "PAID",
            "displayFulfillmentStatus": "UNFULFILLED", "currencyCode": CURRENCY, "presentmentCurrencyCode": CURRENCY,
            "totalPriceSet": money(total), "subtotalPriceSet": money(total), "totalDiscountsSet": money("0"),
            "totalTaxSet": money("0"), "totalShippingPriceSet": money("0"),
            "discountCodes": [code] if code else [], "paymentGatewayNames": ["ideal"], "customAttributes": [],
            "customerJourneySummary": None, "customer": who,
            "shippingAddress": {"firstName": "Ada", "lastName": "Buyer", "countryCodeV2": "NL"},
            "billingAddress": None, "refunds": [], "fulfillments": [], "lineItems": [dict(one) for one in lines],
        }  # fmt: skip
        return str(key)

    def _line(self, total: str) -> dict[str, Any]:
        product = next(iter(self.products.values()), None)
        return {
            "id": gid("LineItem", self._id()), "name": product["title"] if product else "Theepot",
            "title": product["title"] if product else "Theepot", "variantTitle": None, "sku": "POT", "quantity": 1,
            "isGiftCard": False, "product": product, "variant": product["variants"][0] if product else None,
            "originalUnitPriceSet": money(total), "discountedTotalPriceSet": money(total), "discountAllocations": [],
            "customAttributes": [],
        }  # fmt: skip

    def adds_basket(self, *, email: str, at: datetime, total: str, email_state: str = "not_sent") -> str:
        key, token, cart = self._id(), secrets.token_hex(16), f"hWN{secrets.token_hex(10)}"
        who = self.customers.get(self.customer_of(email) or self.adds_customer(at, email=email, first_name="Ada"))
        url = f"https://{self.domain}/61234567890/checkouts/ac/{cart}/recover?key={secrets.token_hex(16)}&locale=nl"
        lines = [self._line(total)]
        self.baskets[token] = {
            "id": gid("AbandonedCheckout", key), "name": f"#{key}", "createdAt": stamp(at), "updatedAt": stamp(at),
            "completedAt": None, "abandonedCheckoutUrl": url, "totalPriceSet": money(total),
            "subtotalPriceSet": money(total), "totalDiscountSet": money("0"), "totalTaxSet": None, "customer": who,
            "shippingAddress": None, "billingAddress": None, "lineItems": lines, "_cart": cart, "_lines": lines,
            "_email_state": email_state,
        }  # fmt: skip
        return token

    def _accounts(self, customer: str) -> list[dict[str, Any]]:
        given = self.credits.get(customer)
        # Oldest first, as the schema's default order; `reverse` turns it.
        return [] if given is None else [{"id": gid("StoreCreditAccount", customer), "transactions": given}]

    # --- answering ---

    def does_orders(self, args: dict[str, Any], _: Any) -> Any:
        return _sorted(searched(args.get("query"), list(self.orders.values()), _ORDERS), args)

    def does_customers(self, args: dict[str, Any], _: Any) -> Any:
        return _sorted(searched(args.get("query"), list(self.customers.values()), _CUSTOMERS), args)

    def does_products(self, args: dict[str, Any], _: Any) -> Any:
        return _sorted(searched(args.get("query"), list(self.products.values()), _DATED), args)

    def does_abandonedCheckouts(self, args: dict[str, Any], _: Any) -> Any:  # noqa: N802
        return _sorted(searched(args.get("query"), list(self.baskets.values()), _BASKETS), args)

    def does_order(self, args: dict[str, Any], _: Any) -> Any:
        return self.orders.get(number(args["id"]))

    def does_customer(self, args: dict[str, Any], _: Any) -> Any:
        return self.customers.get(number(args["id"]))

    def does_product(self, args: dict[str, Any], _: Any) -> Any:
        return self.products.get(number(args["id"]))

    def does_customerByIdentifier(self, args: dict[str, Any], _: Any) -> Any:  # noqa: N802
        return self.customers.get(self.customer_of(args["identifier"].get("emailAddress") or ""))

    def does_storeCreditAccountCredit(self, args: dict[str, Any], shop: Any) -> Any:  # noqa: N802
        customer, wanted = number(args["id"]), args["creditInput"]
        given, code = wanted["creditAmount"], ""
        if customer not in self.customers:
            code = "OWNER_NOT_FOUND"
        elif Decimal(given["amount"]) <= 0:
            code = "NEGATIVE_OR_ZERO_AMOUNT"
        elif wanted.get("expiresAt") and datetime.fromisoformat(wanted["expiresAt"]) <= shop.now:
            code = "EXPIRES_AT_IN_PAST"
        if code:
            wrong = {"field": ["creditInput"], "message": code.replace("_", " ").lower(), "code": code}
            return {"storeCreditAccountTransaction": None, "userErrors": [wrong]}
        made = {
            "__typename": "StoreCreditAccountCreditTransaction",
            "id": gid("StoreCreditAccountCreditTransaction", self._id()),
            "createdAt": stamp(shop.now), "expiresAt": wanted.get("expiresAt"),
            "amount": {"amount": amount(given["amount"]), "currencyCode": given["currencyCode"]},
            "account": {"id": gid("StoreCreditAccount", customer)},
        }  # fmt: skip
        self.credits.setdefault(customer, []).append(made)
        return {"storeCreditAccountTransaction": made, "userErrors": []}

    def does_customerEmailMarketingConsentUpdate(self, args: dict[str, Any], shop: Any) -> Any:  # noqa: N802
        wanted, customer = (
            args["input"]["emailMarketingConsent"],
            self.customers.get(number(args["input"]["customerId"])),
        )
        state, level, at = wanted["marketingState"], wanted.get("marketingOptInLevel"), wanted.get("consentUpdatedAt")
        if customer is None:
            return _consent_refused("customerId", "Customer not found")
        if state not in ("SUBSCRIBED", "UNSUBSCRIBED", "PENDING"):
            return _consent_refused("marketingState", f"Cannot specify {state} as a marketing state input")
        if state != "UNSUBSCRIBED" and level is None:
            return _consent_refused("marketingOptInLevel", "Marketing opt in level must exist")
        if state == "PENDING" and level != "CONFIRMED_OPT_IN":
            message = "Marketing opt in level must be confirmed opt-in for pending consent state"
            return _consent_refused("marketingOptInLevel", message)
        if at is not None and datetime.fromisoformat(at) > shop.now:
            return _consent_refused("consentUpdatedAt", "Consent updated at must be in the past")
        customer["defaultEmailAddress"] |= {
            "marketingState": str(state), "marketingOptInLevel": level, "marketingUpdatedAt": at or stamp(shop.now)
        }  # fmt: skip
        customer["updatedAt"] = stamp(shop.now)
        return {"customer": customer, "userErrors": []}


def _consent_refused(member: str, message: str) -> dict[str, Any]:
    wrong = {"field": ["input", "emailMarketingConsent", member], "message": message, "code": "INVALID"}
    return {"customer": None, "userErrors": [wrong]}


def _sorted(things: list[dict[str, Any]], args: dict[str, Any]) -> list[dict[str, Any]]:
    by = _SORTS.get(str(args.get("sortKey") or Word("ID")))
    return sorted(things, key=lambda one: (one[by], one["id"])) if by else things
