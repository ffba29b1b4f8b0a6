"""A pretended Shopify: tokens, GraphQL with its costs, webhooks, bulk operations, codes, store credit and consent.

    shop = Shopify()
    order = shop.adds_order(email="ada@shopper.example", at=shop.now)

Questions are checked against a part of Shopify's own schema (`shopify_graph`). `python -m tests.shops.shopify --port N`
lets one run by hand.
"""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, ClassVar

from apps.stores.platforms.calling import Access, Token
from tests.shops import shopify_graph as graph
from tests.shops.base import Asked, Reply, Stage
from tests.shops.shopify_codes import Codes
from tests.shops.shopify_files import Bulk, WritesFiles
from tests.shops.shopify_hooks import Hooks
from tests.shops.shopify_keys import LendsKeys
from tests.shops.shopify_things import Things

SCOPES = (
    "read_orders", "read_all_orders", "read_customers", "write_customers", "read_customer_merge", "read_products",
    "read_discounts", "write_discounts", "read_inventory", "read_fulfillments", "read_locales", "read_markets",
    "read_store_credit_accounts", "write_store_credit_account_transactions",
)  # fmt: skip
NOT_APPROVED = (
    "This app is not approved to access the {} object. See "
    "https://shopify.dev/docs/apps/launch/protected-customer-data for more details."
)
DENIED = "Access denied for {} field. Required access: `{}` access scope."
_NEEDS = {
    "orders": "read_orders", "order": "read_orders", "abandonedCheckouts": "read_orders", "customers": "read_customers",
    "customer": "read_customers", "customerByIdentifier": "read_customers", "products": "read_products",
    "product": "read_products", "shopLocales": "read_locales", "webPresences": "read_markets",
    "discountCodeBasicCreate": "write_discounts", "discountCodeFreeShippingCreate": "write_discounts",
    "discountRedeemCodeBulkAdd": "write_discounts", "discountCodeRedeemCodeBulkDelete": "write_discounts",
    "discountCodeDelete": "write_discounts", "customerEmailMarketingConsentUpdate": "write_customers",
    "storeCreditAccountCredit": "write_store_credit_account_transactions",
}  # fmt: skip


class MemoryToken:
    """A lent key kept in memory: what `StoredToken` is with a database."""

    def __init__(self) -> None:
        self._token: Token | None = None
        self._guard = threading.Lock()
        self.made = 0

    def current(self) -> Token | None:
        return self._token

    def renew(self, make: Callable[[], Token], *, instead_of: Token | None) -> Token:
        with self._guard:
            kept = self._token
            if kept is not None and (instead_of is None or kept.value != instead_of.value):
                return kept
            self.made += 1
            self._token = make()
            return self._token


@dataclass
class Bucket:
    """The cost of questions, as on a Basic plan: 2,000 points, 100 back each second."""

    most: float = 2000.0
    left: float = 2000.0
    restore: float = 100.0
    seen: float = field(default_factory=time.monotonic)

    def takes(self, cost: float) -> bool:
        now = time.monotonic()
        self.left, self.seen = min(self.most, self.left + (now - self.seen) * self.restore), now
        if cost > self.left:
            return False
        self.left -= cost
        return True

    def status(self) -> dict[str, Any]:
        return {"maximumAvailable": self.most, "currentlyAvailable": int(self.left), "restoreRate": self.restore}


class Shopify(LendsKeys, WritesFiles, Stage):
    kind: ClassVar[str] = "shopify"

    def __init__(self, *, domain: str = "theepot.myshopify.com", port: int = 0) -> None:
        super().__init__(port=port)
        self.domain = domain
        self.client_id = f"client-{secrets.token_hex(4)}"
        self.client_secret = f"shpss_{secrets.token_hex(16)}"
        self.permanent = f"shpat_{secrets.token_hex(16)}"
        self.api_secret = f"shpss_{secrets.token_hex(16)}"
        self.scopes = list(SCOPES)
        self.refuses_tokens = ""
        """`shop_not_permitted` or `app_not_installed`."""
        self.answers_version = ""
        self.deprecates = ""
        self.protected = True
        """Whether the app may see protected customer data."""
        self.denied: dict[str, str] = {}
        self.bucket = Bucket()
        self.dearest = graph.DEAREST_QUESTION
        self.bulk_limit, self.bulk_looks, self.bulk_fails = 5, 1, False
        self.bulks: dict[str, Bulk] = {}
        self.keeper = MemoryToken()
        self.oauth_codes: dict[str, bool] = {}
        self._tokens: dict[str, datetime | None] = {self.permanent: None}
        self._refresh: set[str] = set()
        self._schema = graph.Schema(graph.SCHEMA.read_text())
        self.things = Things(self.domain)
        self.codes = Codes()
        self.hooks = Hooks(self.domain)

    # --- what a test does ---

    def access(self, store_id: int = 1) -> Access:
        """By client credentials, the first way."""
        return Access(
            store_id=store_id,
            url=self.url,
            shop_domain=self.domain,
            credentials={"client_id": self.client_id, "client_secret": self.client_secret},
            loopback=True,
            tokens=self.keeper,
        )

    def old_access(self, store_id: int = 1) -> Access:
        """By a permanent token of an app made in the admin."""
        credentials = {"token": self.permanent, "api_secret": self.api_secret}
        return Access(store_id=store_id, url=self.url, shop_domain=self.domain, credentials=credentials, loopback=True)

    def adds_product(self, *, title: str = "Theepot", price: str = "24.95", stock: int = 5) -> str:
        return self.things.adds_product(self.now, title=title, price=price, stock=stock)

    def adds_customer(self, *, email: str, first_name: str = "Ada", at: datetime | None = None) -> str:
        return self.things.adds_customer(at or self.now, email=email, first_name=first_name)

    def adds_order(
        self, *, email: str, at: datetime, total: str = "24.95", basket: str = "", customer: str = "", code: str = ""
    ) -> str:
        """`basket`: the token of a checkout."""
        return self.things.adds_order(email=email, at=at, total=total, basket=basket, customer=customer, code=code)

    def adds_basket(self, *, email: str, at: datetime, total: str = "24.95") -> str:
        """An abandoned checkout; answers its token."""
        return self.things.adds_basket(email=email, at=at, total=total)

    def withholds(self) -> None:
        """The app loses protected customer data."""
        self.protected = False
        for name, why in {
            "Customer.firstName": "Customer", "Customer.lastName": "Customer", "Customer.defaultAddress": "Customer",
            "Customer.defaultEmailAddress": "Customer", "Customer.defaultPhoneNumber": "Customer",
            "Order.email": "Order", "Order.shippingAddress": "Order", "Order.billingAddress": "Order",
            "AbandonedCheckout.abandonedCheckoutUrl": "AbandonedCheckout",
            "AbandonedCheckout.shippingAddress": "AbandonedCheckout",
            "AbandonedCheckout.billingAddress": "AbandonedCheckout",
        }.items():  # fmt: skip
            self.denied[name] = NOT_APPROVED.format(why)

    def revokes_tokens(self) -> None:
        """Every token handed out so far is dead."""
        self._tokens.clear()

    def consents(self, *, redirect: str = "") -> str:
        """The owner approved the app: the code Shopify sends along."""
        code = secrets.token_hex(8)
        self.oauth_codes[code] = True
        return code

    def asked_for(self, operation: str) -> list[Asked]:
        """The questions of this name, in order."""
        return [one for one in self.asked if one.path.endswith("graphql.json") and operation in _name_of(one)]

    # --- what it answers ---

    def revoked(self) -> Reply:
        message = "[API] Invalid API key or access token (unrecognized login or wrong password)"
        return Reply(401, {"errors": message})

    def busy(self) -> Reply:
        return Reply(429, {"errors": "Exceeded 2 calls per second for api client."}, headers={"Retry-After": "2.0"})

    def reply(self, asked: Asked) -> Reply:
        if asked.path == "/admin/oauth/access_token":
            return self._token(asked)
        if asked.path.startswith("/bulk/"):
            return self._bulk_file(asked)
        parts = asked.path.strip("/").split("/")
        if len(parts) == 4 and parts[:2] == ["admin", "api"] and parts[3] == "graphql.json":
            return self._graphql(asked, parts[2])
        return Reply(404, {"errors": "Not Found"})

    # --- GraphQL ---

    def _graphql(self, asked: Asked, version: str) -> Reply:
        token = asked.headers.get("x-shopify-access-token", "")
        until = self._tokens.get(token, self.now - timedelta(days=1))
        if until is not None and until <= self.now:
            return self.revoked()
        body = asked.json()
        answer = self._answered(body.get("query", ""), body.get("variables") or {})
        headers = {"X-Shopify-API-Version": self.answers_version or version}
        if self.deprecates:
            headers["X-Shopify-API-Deprecated-Reason"] = self.deprecates
        return Reply(200, answer, headers=headers)

    def _answered(self, text: str, variables: Mapping[str, Any]) -> dict[str, Any]:
        try:
            answering = graph.Answering(self._schema, graph.read(text), variables, self._denials(), bulk=False)
            cost = answering.cost()
            if cost > self.dearest:
                message = f"Query cost is {cost}, which exceeds the single query max cost limit {self.dearest}."
                raise graph.Refused(message, "MAX_COST_EXCEEDED", cost=cost, maxCost=self.dearest)
            if not self.bucket.takes(cost):
                return {"errors": [_throttled()], "extensions": self._spent(cost, None)}
            data = answering.answer(self._resolve)
            # What was asked for must be there; what is paid is what was found.
            used = min(cost, graph.things_in(data))
            self.bucket.left += cost - used
        except graph.Refused as refused:
            return {"errors": [refused.error]}
        answer: dict[str, Any] = {"data": data, "extensions": self._spent(cost, used)}
        return answer | {"errors": answering.errors} if answering.errors else answer

    def _spent(self, asked: int, used: int | None) -> dict[str, Any]:
        cost = {"requestedQueryCost": asked, "actualQueryCost": used, "throttleStatus": self.bucket.status()}
        return {"cost": cost}

    def _denials(self) -> dict[str, str]:
        missing = {}
        for name, scope in _NEEDS.items():
            if scope not in self.scopes:
                kind = "QueryRoot" if name in self._schema.objects["QueryRoot"] else "Mutation"
                missing[f"{kind}.{name}"] = DENIED.format(name, scope)
        return missing | self.denied

    def _resolve(self, name: str, args: dict[str, Any]) -> Any:
        for family in (self.things, self.codes, self.hooks):
            if (found := getattr(family, f"does_{name}", None)) is not None:
                return found(args, self)
        return getattr(self, f"_does_{name}")(args)

    def _does_shop(self, _: Any) -> Any:
        return {
            "id": "gid://shopify/Shop/61234567890", "name": "De Theepot", "myshopifyDomain": self.domain,
            "currencyCode": "EUR", "ianaTimezone": "Europe/Amsterdam", "url": "https://theepot.example",
            "primaryDomain": {"host": "theepot.example"}, "shopAddress": {"countryCodeV2": "NL"},
            "plan": {"publicDisplayName": "Basic"},
        }  # fmt: skip

    def _does_currentAppInstallation(self, _: Any) -> Any:  # noqa: N802
        return {"accessScopes": [{"handle": scope} for scope in self.scopes]}

    def _does_shopLocales(self, _: Any) -> Any:  # noqa: N802
        return [{"locale": "en", "primary": False}, {"locale": "nl", "primary": True}]

    def _does_webPresences(self, _: Any) -> Any:  # noqa: N802
        return [{"domain": {"host": "theepot.example"}}, {"domain": {"host": "theepot.be"}}, {"domain": None}]


def _throttled() -> dict[str, Any]:
    return {"message": "Throttled", "extensions": {"code": "THROTTLED"}}


def _name_of(asked: Asked) -> str:
    try:
        return graph.read(asked.json()["query"]).name
    except (ValueError, KeyError, TypeError, graph.Refused):
        return ""


def main() -> None:
    """One pretended shop with a few things in it, until interrupted."""
    import argparse

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=0)
    shop = Shopify(port=parser.parse_args().port)
    shop.adds_product()
    shop.adds_order(email="ada@shopper.example", at=shop.now)
    print(f"{shop.url}  client id {shop.client_id}  client secret {shop.client_secret}")
    try:
        threading.Event().wait()
    except KeyboardInterrupt:
        shop.close()


if __name__ == "__main__":
    main()
