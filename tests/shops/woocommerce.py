"""A pretended WooCommerce: behaves as documented and recorded (woocommerce.md), lives on loopback.

By hand: `python -m tests.shops.woocommerce --port 8089`.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import ssl
import threading
import uuid
from datetime import datetime
from http.server import ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from apps.stores.platforms.calling import Access
from apps.stores.platforms.woocommerce import signature
from tests.shops.woocommerce_bodies import Thing, customer, order, product, review, stamps, variation
from tests.shops.woocommerce_counter import Counter
from tests.shops.woocommerce_rest import Problem, noted, shown

MOST_FAILURES = 6


class WooCommerceShop(Counter):
    """The shop, and what happens in it."""

    def access(self, store_id: int = 1) -> Access:
        credentials = {"consumer_key": self.keys.key, "consumer_secret": self.keys.secret}
        return Access(store_id=store_id, url=self.url, credentials=credentials, loopback=True)

    def moves_to(self, port: int) -> None:
        """To a port of our own choosing."""
        handler = self._server.RequestHandlerClass
        self.close()
        self._server = ThreadingHTTPServer(("127.0.0.1", port), handler)
        self._server.daemon_threads = True
        self.port, self.url = port, f"http://127.0.0.1:{port}"
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()

    def speaks_tls(self, certificate: str) -> None:
        """From now on over https, with this certificate and key (one PEM file)."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        self.url, self.https = f"https://127.0.0.1:{self.port}", True

    def adds_product(
        self, *, title: str = "Theepot", price: str = "24.95", stock: int = 5, at: datetime | None = None, **more: Any
    ) -> str:
        with self._guard:
            made = product(
                self.number(), home=self.url, zone=self.zone, title=title, price=price, stock=stock, at=at or self.now
            )
            self.products[made["id"]] = made | more
            return str(made["id"])

    def adds_variation(self, parent: str, *, option: str, price: str = "24.95", stock: int = 5) -> str:
        with self._guard:
            whole = self.products[int(parent)]
            made = variation(self.number(), whole, zone=self.zone, option=option, price=price, stock=stock, at=self.now)
            self.products[made["id"]] = made
            whole |= {"type": "variable", "variations": [*whole["variations"], made["id"]]}
            return str(made["id"])

    def adds_customer(self, *, email: str, first_name: str = "Ada", at: datetime | None = None, **more: Any) -> str:
        with self._guard:
            made = customer(self.number(), zone=self.zone, email=email, first_name=first_name, at=at or self.now)
            self.customers[made["id"]] = made | more
            return str(made["id"])

    def adds_order(
        self,
        *,
        email: str,
        at: datetime,
        total: str = "24.95",
        basket: str = "",
        customer: str = "",
        code: str = "",
        status: str = "processing",
        **more: Any,
    ) -> str:
        """`basket` is the companion's id of it; `status` pending, failed or checkout-draft makes a basket of it."""
        with self._guard:
            number = self.number()
            first = next(iter(self.products.values()), None)
            made = order(
                number,
                home=self.url,
                zone=self.zone,
                email=email,
                at=at,
                total=total,
                status=status,
                line=first,
                **more,
            )
            made["customer_id"] = int(customer or 0)
            if basket:
                made["meta_data"] = noted([("_rcv_cart", basket)])
            if code:
                made["coupon_lines"] = [{"id": 1, "code": code.lower(), "discount": "1", "discount_tax": "0"}]
                self.uses(code)
            self.orders[number] = made
            return str(number)

    def adds_review(self, product: str, *, email: str, rating: int = 5, text: str = "Mooi", at: datetime | None = None,
                    status: str = "approved") -> str:  # fmt: skip
        with self._guard:
            made = review(
                self.number(), self.products[int(product)], zone=self.zone, email=email, text=text, rating=rating,
                at=at or self.now, status=status,
            )  # fmt: skip
            self.reviews[made["id"]] = made
            return str(made["id"])

    def changes(self, things: dict[int, Thing], number: str, *, at: datetime | None = None, **fields: Any) -> None:
        """Somebody edits it in the shop; it is newer from then on."""
        with self._guard:
            things[int(number)] |= {**fields, **stamps("date_modified", at or self.now, self.zone)}

    def pays(self, number: str, *, at: datetime | None = None) -> None:
        paid = stamps("date_paid", at or self.now, self.zone)
        self.changes(self.orders, number, at=at, status="processing", needs_payment=False, **paid)

    def trashes(self, number: str) -> None:
        self.changes(self.orders, number, status="trash")

    def uses(self, code: str, times: int = 1) -> None:
        """An order takes the coupon: counted as soon as it is pending."""
        for one in self.coupons.values():
            if one["code"] == code.lower():
                one["usage_count"] += times

    def delivers(self, topic: str, number: str) -> tuple[bytes, dict[str, str]]:
        """The webhook as it would come: body and headers, signed with the secret it was made with.

        Raises LookupError when nobody listens. Nothing is sent: the test posts it, or withholds it.
        """
        with self._guard:
            hook = next(one for one in self.webhooks.values() if one["topic"] == topic and one["status"] == "active")
            body = json.dumps(self._told(topic, int(number)), ensure_ascii=True).replace("/", "\\/").encode()
        headers = {
            "User-Agent": f"WooCommerce/{self.version} Hookshot (WordPress/7.0.4)",
            "Content-Type": "application/json",
            "X-WC-Webhook-Source": f"{self.url}/",
            "X-WC-Webhook-Topic": topic,
            "X-WC-Webhook-Resource": topic.partition(".")[0],
            "X-WC-Webhook-Event": topic.partition(".")[2],
            "X-WC-Webhook-Signature": signature.digest(body, hook["~secret"]).decode(),
            "X-WC-Webhook-ID": str(hook["id"]),
            "X-WC-Webhook-Delivery-ID": hashlib.md5(
                f"{hook['id']}{int(self.now.timestamp())}".encode(), usedforsecurity=False
            ).hexdigest(),
        }
        return body, headers

    def _told(self, topic: str, number: int) -> Thing:
        noun, _, event = topic.partition(".")
        things = {"order": self.orders, "customer": self.customers, "product": self.products, "coupon": self.coupons}[
            noun
        ]
        if event == "deleted":
            return {"id": number}
        if number not in things:
            return Problem(404, f"woocommerce_rest_shop_{noun}_invalid_id", "Invalid ID.").body
        return shown(things[number])

    def fails_to_deliver(self, topic: str, times: int = 1) -> None:
        """The receiver does not answer: counted, and at the seventh in a row switched off, without a word."""
        with self._guard:
            for hook in self.webhooks.values():
                if hook["topic"] == topic:
                    hook["~failures"] += times
                    if hook["~failures"] > MOST_FAILURES:
                        hook["status"] = "disabled"

    def approves(self, authorize_url: str) -> tuple[str, bytes]:
        """The owner presses Approve on the page of wc-auth: where the shop posts the keys, and what."""
        query = {name: values[0] for name, values in parse_qs(urlsplit(authorize_url).query).items()}
        body = {
            "key_id": 7, "user_id": query["user_id"], "consumer_key": self.keys.key,
            "consumer_secret": self.keys.secret, "key_permissions": query["scope"],
        }  # fmt: skip
        return query["callback_url"], json.dumps(body).encode()


def main() -> None:
    """A shop to look at: its address and keys are printed; it has a few things and goes on until Ctrl-C."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--companion", default="", help="version of our plugin in the shop")
    wanted = parser.parse_args()
    shop = WooCommerceShop(companion=wanted.companion)
    if wanted.port:
        shop.moves_to(wanted.port)
    shop.adds_product()
    shop.adds_customer(email=f"ada.{uuid.uuid4().hex[:4]}@shopper.example")
    shop.adds_order(email="ada@shopper.example", at=shop.now)
    print(shop.url, shop.keys.key, shop.keys.secret, sep="\n")
    threading.Event().wait()


if __name__ == "__main__":
    main()
