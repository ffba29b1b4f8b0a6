"""How a pretended WooCommerce answers: the state it has, its doors, who may enter, and what is behind each."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from tests.shops.base import Asked, Reply, Stage
from tests.shops.woocommerce_bodies import Thing, recorded
from tests.shops.woocommerce_keys import Keys, Refused, check
from tests.shops.woocommerce_rest import (
    COLLECTIONS,
    Problem,
    batched,
    changes_webhook,
    deletes,
    listed,
    makes_coupon,
    makes_webhook,
    shown,
    topics,
)

_NOWHERE = b"<!DOCTYPE html><html><body><h1>Oops! That page can't be found.</h1></body></html>"


class Counter(Stage):
    """The shop as it is asked. `orders`, `products` (variations among them), `coupons`… hold what it has, by id."""

    kind: ClassVar[str] = "woocommerce"

    def __init__(self, *, version: str = "11.0.1", zone: str = "Europe/Amsterdam", companion: str = "") -> None:
        super().__init__()
        self.version, self.zone = version, zone
        self.companion = companion
        """The version of our plugin, '' when it is not active."""
        self.companion_status: Thing = {"configured": True, "off": False, "last_push": None, "last_error": ""}
        self.permalinks = "pretty"
        self.https = False
        """Whether PHP knows that it is asked over TLS; over plain http only OAuth opens."""
        self.strips_authorization = False
        self.open_index = True
        self.keys = Keys()
        self.country, self.currency = "NL", "EUR"
        self.plugins: dict[str, tuple[str, str]] = {}
        self.features: list[str] = ["custom_order_tables"]
        self.alters_coupon: Callable[[Thing], None] = lambda made: None  # noqa: ARG005  what a plugin does to it
        self.orders: dict[int, Thing] = {}
        self.customers: dict[int, Thing] = {}
        self.products: dict[int, Thing] = {}
        self.reviews: dict[int, Thing] = {}
        self.coupons: dict[int, Thing] = {}
        self.webhooks: dict[int, Thing] = {}
        self.pings: list[str] = []
        self._numbers = 100

    def number(self) -> int:
        """Ids rise, over all kinds of things."""
        self._numbers += 1
        return self._numbers

    def at_least(self, *wanted: int) -> bool:
        return tuple(int(part) for part in self.version.split(".")) >= wanted

    # --- what it answers ---

    def revoked(self) -> Reply:
        return Reply(401, recorded("error.bad-secret"))

    def frozen(self) -> Reply:
        """WordPress while it updates itself."""
        page = b"<html><body>Briefly unavailable for scheduled maintenance.</body></html>"
        return Reply(503, body=page, headers={"Retry-After": "600", "Content-Type": "text/html"})

    def reply(self, asked: Asked) -> Reply:
        plain = asked.query.get("rest_route")
        if plain is not None and asked.path in ("/", "/index.php"):
            route = plain.strip("/")
        elif self.permalinks == "pretty" and asked.path.startswith("/wp-json"):
            route = asked.path.removeprefix("/wp-json").strip("/")
        else:
            return Reply(404, body=_NOWHERE, headers={"Content-Type": "text/html; charset=UTF-8"})
        try:
            return self._answers(asked, route)
        except Problem as problem:
            return problem.reply()
        except Refused as refused:
            return Problem(401, refused.code, str(refused.message)).reply()

    def _answers(self, asked: Asked, route: str) -> Reply:
        if not route:
            return self._index()
        if not route.startswith(("wc/", "rcv/")) or (route.startswith("rcv/") and not self.companion):
            raise Problem(404, "rest_no_route", "No route was found matching the URL and request method.")
        # Before 11.1 WooCommerce knew its own questions by these letters in the address.
        ours = (
            self.at_least(11, 1) or asked.path.startswith("/wp-json") or "wp-json/wc" in "".join(asked.query.values())
        )
        header = "" if self.strips_authorization else asked.headers.get("authorization", "")
        if not ours:
            raise Problem(401, "woocommerce_rest_cannot_view", "Sorry, you cannot list resources.")
        # What PHP believes of the line goes into the signature, not what the line is.
        home = f"{'https' if self.https else 'http'}://{self.url.partition('://')[2]}"
        check(self.keys, asked, home=home, https=self.https, header=header, now=self.now)
        if route == "rcv/v1/status":
            return Reply(200, {"version": self.companion, **self.companion_status})
        return self._thing(asked, route.removeprefix("wc/v3/"))

    def _index(self) -> Reply:
        if not self.open_index:
            raise Problem(401, "rest_not_logged_in", "You are not currently logged in.")
        body = recorded("index") | {"url": self.url, "home": self.url, "timezone_string": self.zone, "gmt_offset": 1}
        if self.companion:
            body["namespaces"].append("rcv/v1")
        return Reply(200, body)

    def _thing(self, asked: Asked, route: str) -> Reply:
        if route in self._facts():
            return Reply(200, self._facts()[route]())
        base, _, last = route.rpartition("/")
        if base.endswith("/variations") or last == "variations":
            return self._variations(asked, route)
        noun = route if route in COLLECTIONS else base
        if noun not in COLLECTIONS or (noun == base and not last.isdigit() and last != "batch"):
            raise Problem(404, "rest_no_route", "No route was found matching the URL and request method.")
        things = self._things(noun)
        if noun == route:
            return self._whole(asked, noun, things)
        if last == "batch":
            return Reply(200, batched(self, things, COLLECTIONS[noun].noun, asked.json() or {}))
        return self._single(asked, noun, things, int(last))

    def _things(self, noun: str) -> dict[int, Thing]:
        return {
            "orders": self.orders, "customers": self.customers, "products": self.products, "coupons": self.coupons,
            "products/reviews": self.reviews, "webhooks": self.webhooks,
        }[noun]  # fmt: skip

    def _whole(self, asked: Asked, noun: str, things: dict[int, Thing]) -> Reply:
        if asked.method == "GET":
            self._forget_unknown_topics()
            rows = [one for one in things.values() if noun != "products" or not one.get("parent_id")]
            return listed(self, COLLECTIONS[noun], rows, asked, noun)
        making = {"coupons": makes_coupon, "webhooks": makes_webhook}.get(noun)
        if making is None or asked.method != "POST":
            raise Problem(404, "rest_no_route", "No route was found matching the URL and request method.")
        return Reply(201, shown(making(self, asked.json())))

    def _forget_unknown_topics(self) -> None:
        """A webhook whose plugin is off is answered without its topic; it comes back with the plugin."""
        for hook in self.webhooks.values():
            kept = hook.setdefault("~topic", hook["topic"])
            if hook["topic"]:
                kept = hook["~topic"] = hook["topic"]
            hook["topic"] = kept if kept in topics(self) else ""

    def _single(self, asked: Asked, noun: str, things: dict[int, Thing], number: int) -> Reply:
        kind = COLLECTIONS[noun].noun
        if asked.method == "DELETE":
            return Reply(200, shown(deletes(things, kind, number, force=asked.query.get("force") in ("true", "1"))))
        if asked.method in ("PUT", "POST") and noun == "webhooks":
            return Reply(200, shown(changes_webhook(self, number, asked.json())))
        if number not in things:
            raise Problem(404, f"woocommerce_rest_{kind}_invalid_id", "Invalid ID.")
        return Reply(200, shown(things[number]))

    def _variations(self, asked: Asked, route: str) -> Reply:
        parent = int(route.split("/")[1])
        rows = [one for one in self.products.values() if one.get("parent_id") == parent]
        return listed(self, COLLECTIONS["products"], rows, asked, route)

    def _facts(self) -> dict[str, Callable[[], Any]]:
        return {
            "system_status": self._system_status,
            "orders/statuses": lambda: recorded("orders.statuses"),
            "data/currencies/current": lambda: recorded("currency.current") | {"code": self.currency},
            "settings/general/woocommerce_default_country": lambda: {
                "id": "woocommerce_default_country", "type": "select", "value": self.country, "group_id": "general",
            },
        }  # fmt: skip

    def _system_status(self) -> Thing:
        body: Thing = recorded("system_status")
        body["environment"] |= {
            "version": self.version,
            "home_url": self.url,
            "site_url": self.url,
            "language": "nl_NL",
        }
        body["settings"] |= {"currency": self.currency, "enabled_features": list(self.features)}
        active = {"woocommerce/woocommerce.php": ("WooCommerce", self.version), **self.plugins}
        if self.companion:
            active["mandje/mandje.php"] = ("Mandje", self.companion)
        first = body["active_plugins"][0]
        body["active_plugins"] = [
            first | {"plugin": file, "name": name, "version": version} for file, (name, version) in active.items()
        ]
        return body
