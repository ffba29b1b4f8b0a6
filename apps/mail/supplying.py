"""Products for the mails of a batch: the one a mail is about, what goes with it, favourites, news, best sellers."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

import msgspec

from apps.mail import catalogue
from apps.mail.baskets import BasketLine
from apps.mail.bought import Bought, OrderRow
from apps.mail.catalogue import Good
from apps.mail.facts import Subject
from apps.mail.shops import Shop
from apps.mail.wares import SHOWN, Ware
from apps.orders import reviews
from apps.orders.together import Wanted
from apps.stores.platforms import base
from apps.stores.platforms.base import platforms
from apps.stores.snapshots import Line

Goods = Mapping[tuple[int, str], Good]
LISTS = ("products", "news", "favourites", "bestsellers")


class Supply:
    """The products of a batch. Per message: which external ids it shows under which name."""

    def __init__(
        self,
        subjects: Sequence[Subject],
        wants: Mapping[int, frozenset[str]],
        shops: Mapping[int, Shop],
        orders: Mapping[int, OrderRow],
        *,
        at: datetime,
    ) -> None:
        self.wants, self.shops, self.orders, self.at = wants, shops, orders, at
        self.subjects = [one for one in subjects if not wants[one.message_id].isdisjoint({*LISTS, "product"})]
        self.goods: Goods = self._goods(self._named())
        self.owned = self._owned()
        self.shown: dict[int, dict[str, list[str]]] = {one.message_id: {} for one in self.subjects}
        for store_id, mine in itertools.groupby(
            sorted(self.subjects, key=lambda one: one.store_id), key=lambda one: one.store_id
        ):
            self._choose(store_id, list(mine))
        listed = {name for lists in self.shown.values() for names in lists.values() for name in names}
        self.goods = {**self.goods, **self._goods(listed)}
        self.ratings = self._ratings()
        self.variants = self._variants()

    def _wanting(self, name: str, subjects: Iterable[Subject]) -> list[Subject]:
        return [one for one in subjects if name in self.wants[one.message_id]]

    def _named(self) -> set[str]:
        """External ids of what these mails are about, and of every line of their orders."""
        about = {str(one.about["product"]) for one in self.subjects if one.about.get("product")}
        lines = (line for order in self.orders.values() for line in order.lines)
        return about | {name for line in lines for name in (line.product, line.variant) if name}

    def _goods(self, names: Iterable[str]) -> dict[tuple[int, str], Good]:
        """These, and for variants their products too: those have the instructions and the ratings."""
        stores = list(self.shops)
        found = catalogue.goods(stores, names)
        parents = {good.parent for good in found.values() if good.parent} - {name for _, name in found}
        return found | catalogue.goods(stores, parents)

    def _owned(self) -> dict[int, list[str]]:
        asked = [one for one in self.subjects if not self.wants[one.message_id].isdisjoint(LISTS)]
        return catalogue.owned(one.customer_id for one in asked if one.customer_id) if asked else {}

    def _choose(self, store_id: int, mine: list[Subject]) -> None:
        """Which products each of this store's mails shows."""
        wanted = [
            Wanted(key=place, products=products, customer_id=one.customer_id)
            for place, one in enumerate(self._wanting("products", mine))
            if (products := self._anchors(one))
        ]
        fitting = catalogue.fitting(store_id, wanted) if wanted else {}
        for place, one in enumerate(self._wanting("products", mine)):
            self.shown[one.message_id]["products"] = fitting.get(place, [])
        if favouring := self._wanting("favourites", mine):
            for one in favouring:
                self.shown[one.message_id]["favourites"] = self.owned.get(one.customer_id or 0, [])
        if liking := self._wanting("bestsellers", mine):
            best = catalogue.bestsellers(store_id)
            for one in liking:
                self.shown[one.message_id]["bestsellers"] = self._unowned(one, best)
        if asking := self._wanting("news", mine):
            self._tell_news(store_id, asking)

    def _tell_news(self, store_id: int, asking: list[Subject]) -> None:
        newest = catalogue.newest(store_id)
        since = catalogue.last_orders(one.customer_id for one in asking if one.customer_id)
        for one in asking:
            last = since.get(one.customer_id or 0)
            fresh = [name for name, moment in newest if last is None or moment > last]
            self.shown[one.message_id]["news"] = self._unowned(one, fresh)

    def _unowned(self, subject: Subject, names: Sequence[str]) -> list[str]:
        has = set(self.owned.get(subject.customer_id or 0, ()))
        return [name for name in names if name not in has]

    def _anchors(self, subject: Subject) -> tuple[str, ...]:
        """What suggestions go with: the mail's product, else its order, else what this person bought most."""
        if subject.about.get("product"):
            return (str(subject.about["product"]),)
        order = self.orders.get(subject.order_id or 0)
        if order is not None:
            return tuple({name: None for line in order.lines if (name := line.product or line.variant)})
        return tuple(self.owned.get(subject.customer_id or 0, ()))

    def _ratings(self) -> dict[int, dict[str, reviews.Rating]]:
        names: dict[int, set[str]] = {}
        for (store_id, _), good in self.goods.items():
            names.setdefault(store_id, set()).add(good.parent or good.product)
        return {store_id: reviews.ratings(store_id, mine) for store_id, mine in names.items()}

    def _variants(self) -> dict[tuple[int, str], str]:
        asked = self._wanting("product", self.subjects)
        return catalogue.variants(self.shops, {good.product for good in self.goods.values()}) if asked else {}

    def of(self, subject: Subject) -> dict[str, Any]:
        """This mail's products: field → value of MailContext."""
        lists = self.shown.get(subject.message_id, {})
        found: dict[str, Any] = {
            name: tuple(self._wares(subject.store_id, names, may_miss=name == "favourites"))[:SHOWN]
            for name, names in lists.items()
        }
        if "product" in self.wants[subject.message_id]:
            found["product"] = self._about(subject)
        return found

    def _wares(self, store_id: int, names: Iterable[str], *, may_miss: bool) -> Iterable[Ware]:
        """In order; what was bought once and can no longer be had is left out."""
        ratings = self.ratings.get(store_id, {})
        for name in names:
            good = self.goods.get((store_id, name))
            if good is not None and (good.listed or not may_miss):
                yield catalogue.ware(good, ratings)

    def _about(self, subject: Subject) -> Ware | None:
        """The product this mail is about; else the first one of its order that has instructions."""
        line = self._line(subject)
        name = str(subject.about.get("product") or "") or ((line.product or line.variant) if line else "")
        good = whole(self.goods, subject.store_id, name)
        if good is None:
            return None
        found = catalogue.ware(good, self.ratings.get(subject.store_id, {}))
        link = self._again(subject, good, line) if good.listed else ""
        return msgspec.structs.replace(found, reorder_url=link)

    def _line(self, subject: Subject) -> Bought | None:
        order = self.orders.get(subject.order_id or 0)
        if order is None:
            return None
        named = str(subject.about.get("product") or "")
        if named:
            return next((one for one in order.lines if named in (one.product, one.variant)), None)
        taught = (one for one in order.lines if self._teaches(order.store_id, one))
        return next((one for one in order.lines if one.line_id == subject.about.get("line")), next(taught, None))

    def _teaches(self, store_id: int, line: Bought) -> bool:
        good = whole(self.goods, store_id, line.product or line.variant)
        return good is not None and bool(good.how_to or good.how_to_url)

    def _again(self, subject: Subject, good: Good, line: Bought | None) -> str:
        """A link with the same thing, as many as last time, in a fresh basket."""
        shop = self.shops[subject.store_id]
        variant = line.variant if line and line.variant else self.variants.get((subject.store_id, good.product), "")
        quantity = line.quantity if line else Decimal(1)
        price = good.price or Decimal(0)
        wanted = Line(
            product=good.parent or good.product,
            variant=(good.product if good.parent else variant) or None,
            title=good.title,
            quantity=quantity,
            unit_price=price,
            total=price * quantity,
        )
        basket = base.Basket(
            keys=(),
            lines=(wanted,),
            recovery_url="",
            message_ref=subject.uid,
            expires_at=self.at + shop.rules.link_life,
            language=subject.locale,
            at=self.at,
        )
        return platforms.get(shop.platform).restore(basket, shop.links)


def whole(goods: Goods, store_id: int, name: str) -> Good | None:
    """What is known of a product: a variant's own facts, where it has them, over its product's."""
    good = goods.get((store_id, name))
    parent = goods.get((store_id, good.parent)) if good and good.parent else None
    if good is None or parent is None:
        return good
    return msgspec.structs.replace(
        good,
        title=parent.title or good.title,
        short_name=good.short_name or parent.short_name,
        url=good.url or parent.url,
        image=good.image or parent.image,
        how_to=good.how_to or parent.how_to,
        how_to_url=good.how_to_url or parent.how_to_url,
        life_days=good.life_days or parent.life_days,
        listed=good.buyable and parent.listed,
    )


def line_of_order(line: Bought, store_id: int, goods: Goods) -> BasketLine:
    """A bought line with the picture and the address its product has now."""
    good = whole(goods, store_id, line.variant) or whole(goods, store_id, line.product)
    return BasketLine(
        title=line.title,
        quantity=line.quantity,
        price=line.price,
        total=line.total,
        image=good.image if good else "",
        url=good.url if good else "",
        short_name=good.short_name if good else "",
    )
