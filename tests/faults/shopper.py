"""What people do in a shop, as the signed deliveries its platform pushes through the real door."""

from __future__ import annotations

import json
import threading
import time
import uuid
from collections.abc import Iterable, Iterator
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from apps.ingestion.posting import NobodyAnswers, Postman
from apps.stores.platforms.woocommerce import signature
from config.defaults import ROOT

FIXTURES = ROOT / "fixtures" / "woocommerce"
OK = 200
PATIENCE = 60.0


def _recorded(name: str) -> dict[str, Any]:
    body: dict[str, Any] = json.loads(json.loads((FIXTURES / name).read_text())["body"])
    return body


BASKET = _recorded("companion/cart.updated.block-guest.http.json")
ORDER = _recorded("order.created.block-guest.http.json")


@dataclass(frozen=True, slots=True, kw_only=True)
class Shop:
    """A shop of the engine under test, and how to reach its door."""

    id: int
    key: str
    secret: str
    base: str

    @property
    def url(self) -> str:
        return f"{self.base}/webhooks/woocommerce/{self.key}/"

    def people(self, count: int) -> list[str]:
        """Addresses nobody else uses."""
        return [f"s{self.id}-{number}@shopper.example" for number in range(count)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Parcel:
    """One delivery, and of whom it is."""

    email: str
    topic: str
    body: bytes


def basket(email: str) -> Parcel:
    """Somebody fills a basket, gives an address with consent, and walks away."""
    told = deepcopy(BASKET)
    event, at = told["events"][0], _now()
    event["id"] = str(uuid.uuid4())
    event["data"] |= {
        "cart": uuid.uuid4().hex,
        "email": email,
        "at": at,
        "locale": "nl_NL",
        "consent": {"state": "granted", "at": at, "source": "block_checkout"},
    }
    return Parcel(email=email, topic="cart.updated", body=json.dumps(told).encode())


def order(email: str) -> Parcel:
    """The same person buys."""
    number, at = uuid.uuid4().int % 10**9, _now().rstrip("Z")
    told = deepcopy(ORDER) | {"id": number, "number": str(number), "order_key": f"wc_order_{number}"}
    told |= dict.fromkeys(("date_created", "date_modified", "date_created_gmt", "date_modified_gmt"), at)
    told["billing"]["email"] = email
    return Parcel(email=email, topic="order.created", body=json.dumps(told).encode())


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


@dataclass(slots=True)
class Posting:
    """How a round of deliveries was answered."""

    answers: dict[str, int] = field(default_factory=dict)
    """Address → the last answer; 0 is none."""
    refused: int = 0
    """Answers that were not 200, also of tries that were repeated."""
    slowest: float = 0.0

    @property
    def stored(self) -> list[str]:
        return [email for email, status in self.answers.items() if status == OK]


class Round(threading.Thread):
    """Several keep-alive lines that post at once; `insist` tries again until the door says 200."""

    def __init__(self, shop: Shop, parcels: Iterable[Parcel], *, insist: bool = True, pace: float = 0.0) -> None:
        super().__init__(daemon=True)
        self.shop, self.insist, self.pace = shop, insist, pace
        self.result = Posting()
        self._left: Iterator[Parcel] = iter(list(parcels))
        self._turn = threading.Lock()

    def run(self) -> None:
        lines = [threading.Thread(target=self._post_all, daemon=True) for _ in range(3)]
        for line in lines:
            line.start()
        for line in lines:
            line.join()

    def wait(self) -> Posting:
        """The answers, once all have been given."""
        self.join()
        return self.result

    def _post_all(self) -> None:
        with Postman(self.shop.url, timeout=10) as postman:
            while (parcel := self._next()) is not None:
                self._post(postman, parcel)
                time.sleep(self.pace)

    def _next(self) -> Parcel | None:
        with self._turn:
            return next(self._left, None)

    def _post(self, postman: Postman, parcel: Parcel) -> None:
        until = time.monotonic() + PATIENCE
        while True:
            begun = time.monotonic()
            status = self._try(postman, parcel)
            with self._turn:
                self.result.answers[parcel.email] = status
                self.result.refused += status != OK
                self.result.slowest = max(self.result.slowest, time.monotonic() - begun)
            if status == OK or not self.insist or time.monotonic() > until:
                return
            time.sleep(0.2)

    def _try(self, postman: Postman, parcel: Parcel) -> int:
        headers = signature.sign(parcel.topic, parcel.body, self.shop.secret, datetime.now(UTC), {})
        try:
            return postman.post(headers, parcel.body)
        except NobodyAnswers:
            return 0


def post(shop: Shop, parcels: Iterable[Parcel]) -> Posting:
    """Post them all and wait for the answers."""
    going = Round(shop, parcels)
    going.start()
    return going.wait()
