"""Looking at a shop from outside, as anybody may: a handful of small questions within ten seconds, then no more."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as TooLate
from dataclasses import dataclass, replace
from typing import Any, Final, TypeVar
from urllib.parse import urljoin, urlsplit

from apps.dashboard.ownshop.address import host_of, shop_address
from apps.dashboard.ownshop.head import Head, read_head
from apps.dashboard.ownshop.shelf import ASKED, Thing, currency_of, first, of_shopify, of_woocommerce, words
from apps.stores import network
from apps.stores.errors import AnswerUnreadable, ShopTrouble, ShopUnreachable
from apps.stores.troubles import Trouble

T = TypeVar("T")

SECONDS: Final = 10.0
ONE_QUESTION: Final = 3.0
MOST_QUESTIONS: Final = 6
PAGE_BYTES: Final = 512 * 1024
FEED_BYTES: Final = 2 * network.MEGABYTE
AT_ONCE: Final = 4
"""In one process: more would let strangers take all its threads."""
MYSHOPIFY: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,60}\.myshopify\.com")


@dataclass(frozen=True, slots=True, kw_only=True)
class Shop:
    """A shop as a passer-by sees it. Texts are cleaned, colours are colours, addresses are of the web."""

    url: str
    name: str
    platform: str = ""
    """`shopify`, `woocommerce`, or '' when it is neither."""
    logo: str = ""
    colour: str = ""
    language: str = ""
    country: str = ""
    currency: str = ""
    shop_domain: str = ""
    things: tuple[Thing, ...] = ()

    @property
    def host(self) -> str:
        return host_of(self.url)


class Busy(Exception):
    """Too many are looking at once."""


_pool = ThreadPoolExecutor(max_workers=AT_ONCE, thread_name_prefix="look")
_looking: set[Future[Any]] = set()


def look(typed: str, *, loopback: bool) -> Shop:
    """The shop at this address. Raises ShopTrouble with what the owner can do, Busy when too many look.

    A name server that does not answer cannot be told to hurry, so the look has a thread of its own.
    """
    address = shop_address(typed, loopback=loopback)
    _looking.difference_update([done for done in _looking if done.done()])
    if len(_looking) >= AT_ONCE:
        raise Busy
    asked = _pool.submit(_Look(loopback).at, address)
    _looking.add(asked)
    try:
        return asked.result(timeout=SECONDS + 1)
    except TooLate:
        raise ShopUnreachable(Trouble.TIMED_OUT, host=host_of(address), seconds=f"{SECONDS:g}") from None


class _Look:
    """One visit: how many questions were asked, and how much time is left."""

    def __init__(self, loopback: bool) -> None:
        self.loopback = loopback
        self.stop = time.monotonic() + SECONDS
        self.asked = 0
        self.caller = network.session(loopback=loopback)

    def at(self, address: str) -> Shop:
        with self.caller:
            url, head = self._front(address)
            shop = Shop(
                url=url,
                name=head.name(host_of(url)),
                logo=head.logo(f"{url}/", loopback=self.loopback),
                colour=head.colour(),
                language=head.language,
                currency=head.currency,
                shop_domain=head.shop_domain,
            )
            roads = (
                (self._woocommerce, self._shopify)
                if _looks_like_wordpress(head)
                else (self._shopify, self._woocommerce)
            )
            return self._with_things(shop, head, roads)

    def _with_things(self, shop: Shop, head: Head, roads: tuple[Callable[[Shop, Head], Shop | None], ...]) -> Shop:
        for road in roads:
            found = road(shop, head)
            if found is not None:
                return found
        return shop

    def _front(self, address: str) -> tuple[str, Head]:
        """The shop's page, after one step to where it sends us: that is a new address, judged like any other."""
        try:
            answer = self._page(address)
        except AnswerUnreadable as moved:
            if moved.trouble is not Trouble.REDIRECTED or not moved.location:
                raise
            address = shop_address(moved.location, loopback=self.loopback)
            answer = self._page(address)
        network.raise_for_status(answer)
        root = urlsplit(address)
        return f"{root.scheme}://{root.netloc}{root.path}".rstrip("/"), read_head(answer.body)

    def _shopify(self, shop: Shop, head: Head) -> Shop | None:
        root = urlsplit(shop.url)
        base = f"{root.scheme}://{root.netloc}"
        answer = self._feed(f"{base}/products.json?limit={ASKED}")
        things = of_shopify(answer, base, loopback=self.loopback)
        if not isinstance(answer, dict) or "products" not in answer or not (things or head.shopify):
            return None
        about = self._feed(f"{base}/meta.json")
        about = about if isinstance(about, dict) else {}
        currency = currency_of(about.get("currency")) or shop.currency
        return replace(
            shop,
            platform="shopify",
            url=base,
            name=words(about.get("name")) or shop.name,
            currency=currency,
            country=_country(about.get("country")),
            shop_domain=_domain(about.get("myshopify_domain")) or shop.shop_domain,
            things=first(replace(thing, currency=currency) for thing in things),
        )

    def _woocommerce(self, shop: Shop, head: Head) -> Shop | None:
        for root, place in _store_apis(shop.url, head):
            answer = self._feed(place)
            if isinstance(answer, list):
                things = first(of_woocommerce(answer, f"{root}/", loopback=self.loopback))
                currency = next((thing.currency for thing in things if thing.currency), shop.currency)
                return replace(shop, platform="woocommerce", url=root, currency=currency, things=things)
        return replace(shop, platform="woocommerce") if head.woocommerce and head.api else None

    def _page(self, address: str) -> network.Answer:
        return self._question(
            lambda seconds: network.beginning(
                self.caller, f"{address}/", loopback=self.loopback, seconds=seconds, size=PAGE_BYTES
            )
        )

    def _feed(self, address: str) -> Any:
        """The JSON that stands there, None when there is none: the next road is tried."""
        try:
            answer = self._question(
                lambda seconds: network.ask(
                    self.caller, "GET", address, loopback=self.loopback, seconds=seconds, limit=FEED_BYTES
                )
            )
            return answer.json() if answer.status == 200 else None
        except ShopTrouble:
            return None

    def _question(self, ask: Callable[[float], network.Answer]) -> network.Answer:
        left = self.stop - time.monotonic()
        self.asked += 1
        if left <= 0 or self.asked > MOST_QUESTIONS:
            raise ShopUnreachable(Trouble.TIMED_OUT, seconds=f"{SECONDS:g}")
        return ask(max(0.5, min(ONE_QUESTION, left / 2)))


def _looks_like_wordpress(head: Head) -> bool:
    return bool(head.api) or (head.woocommerce and not head.shopify)


def _store_apis(url: str, head: Head) -> list[tuple[str, str]]:
    """Where the shop's root and its Store API can stand: as the page says, else under the address as typed.

    With plain permalinks only the second form answers.
    """
    root = _said_root(url, head) or url
    query = f"per_page={ASKED}"
    return [
        (root, f"{root}/wp-json/wc/store/v1/products?{query}"),
        (root, f"{root}/?rest_route=/wc/store/v1/products&{query}"),
    ]


def _said_root(url: str, head: Head) -> str:
    """WordPress names its API in the page; another host's is not believed."""
    try:
        said = urljoin(f"{url}/", head.api) if head.api else ""
        same = urlsplit(said).netloc == urlsplit(url).netloc
    except ValueError:
        return ""
    root = said.partition("?")[0].partition("/wp-json")[0].removesuffix("index.php").rstrip("/")
    return root if same else ""


def _country(said: Any) -> str:
    return said if isinstance(said, str) and len(said) == 2 and said.isalpha() and said.isupper() else ""


def _domain(said: Any) -> str:
    return said if isinstance(said, str) and MYSHOPIFY.fullmatch(said) else ""
