"""Who fits a condition, decided one person after another in plain Python, from rows and from nothing of ours."""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Any

from tests.segments.rows import AT, PRODUCTS, VARIANT, Order, Person, Shop

GROUPS = {
    "champions": "333 332 323", "loyal": "321 322 331 232 233", "recent": "311 312 313",
    "needs_attention": "211 212 213 221 222 223 231", "at_risk": "133 132 131 123 122 113", "inactive": "111 112 121",
}  # fmt: skip


class Judge:
    """The shop as somebody with a pencil would read it."""

    def __init__(self, shop: Shop) -> None:
        self.shop = shop
        self.usual = self._usual_gap()
        self.cuts = self._cuts()

    def fits(self, person: Person, plain: Any) -> bool:
        ((kind, given),) = plain.items() if isinstance(plain, dict) else ((plain, {}),)
        return bool(getattr(self, f"_{kind}")(person, given))

    # --- days -------------------------------------------------------------------------------------

    def dawn(self, day: str, later: int = 0) -> datetime:
        at = date.fromisoformat(day) + timedelta(days=later)
        return datetime(at.year, at.month, at.day, tzinfo=self.shop.zone).astimezone(UTC)

    def days_ago(self, days: int) -> datetime:
        # Arithmetic on a local time keeps the hands of the clock.
        return (AT.astimezone(self.shop.zone) - timedelta(days=days)).astimezone(UTC)

    def during(self, given: dict[str, Any], at: datetime) -> bool:
        match given.get("period", "ever"):
            case "last":
                return at >= self.days_ago(given["days"])
            case "between":
                return self.dawn(given["day"]) <= at < self.dawn(given["last_day"], 1)
            case "before":
                return at < self.dawn(given["day"])
            case "after":
                return at >= self.dawn(given["day"], 1)
        return True

    def often(self, given: dict[str, Any], moments: Iterable[Any]) -> bool:
        found, n = len(list(moments)), given.get("n", 1)
        return {"at_least": found >= n, "exactly": found == n, "at_most": found <= n, "zero": found == 0}[
            given.get("times", "at_least")
        ]

    # --- done -------------------------------------------------------------------------------------

    @staticmethod
    def orders(person: Person) -> list[Order]:
        return sorted((order for order in person.orders if order.counts), key=lambda order: order.at)

    def _money(self, given: dict[str, Any], amount: Decimal, currency: str) -> bool:
        low, high, asked = given.get("least"), given.get("most"), given.get("currency")
        if low is None and high is None and asked is None:
            return True
        if currency != (asked or self.shop.currency):
            return False
        return (low is None or amount >= Decimal(low)) and (high is None or amount <= Decimal(high))

    def _ordered(self, person: Person, given: dict[str, Any]) -> bool:
        return self.often(
            given,
            (o for o in self.orders(person)
             if self.during(given, o.at) and self._money(given, o.total - o.refunded, o.currency)),
        )  # fmt: skip

    def _bought(self, person: Person, given: dict[str, Any]) -> bool:
        return self.often(given, (o for o in self.orders(person) if self.during(given, o.at) and self._holds(o, given)))

    def _holds(self, order: Order, given: dict[str, Any]) -> bool:
        sums: dict[str, Decimal] = {}
        for sold, total in order.lines:
            product = VARIANT[1] if sold == VARIANT[0] else sold
            sums[product] = sums.get(product, Decimal(0)) + total
        return any(self._is_such(one, given) and self._worth(order, sums[one], given) for one in sums)

    def _worth(self, order: Order, total: Decimal, given: dict[str, Any]) -> bool:
        return self._money({key: given.get(key) for key in ("least", "most")}, total, order.currency)

    @staticmethod
    def _is_such(product: str, given: dict[str, Any]) -> bool:
        categories, tags, brand = PRODUCTS.get(product, ([], [], ""))
        return (
            ("products" not in given or product in given["products"])
            and ("categories" not in given or bool(set(categories) & set(given["categories"])))
            and ("tags" not in given or bool(set(tags) & set(given["tags"])))
            and ("brands" not in given or brand in given["brands"])
        )

    def _abandoned(self, person: Person, given: dict[str, Any]) -> bool:
        wanted = given.get("checkout", "either")
        return self.often(
            given,
            (at for at, total, currency, reached, left in person.carts
             if left and self.during(given, at) and self._money(given, total, currency)
             and (wanted == "either" or reached == (wanted == "reached"))),
        )  # fmt: skip

    def _mails(self, person: Person, given: dict[str, Any]) -> list[Any]:
        kind, slugs = given.get("channel", "any"), given.get("mails")
        return [m for m in person.mails if kind in ("any", m.kind) and (slugs is None or m.slug in slugs)]

    def _received(self, person: Person, given: dict[str, Any]) -> bool:
        found = (m for m in self._mails(person, given) if m.status == "accepted" and not m.shadow)
        return self.often(given, (m for m in found if self.during(given, m.at)))

    def _clicked(self, person: Person, given: dict[str, Any]) -> bool:
        return self.often(
            given,
            (m for m in self._mails(person, given) if any(not how and self.during(given, at) for at, how in m.clicks)),
        )

    def _opened(self, person: Person, given: dict[str, Any]) -> bool:
        return self.often(
            given,
            (m for m in self._mails(person, given) if any(not how and self.during(given, at) for at, how in m.opens)),
        )

    def _refunded(self, person: Person, given: dict[str, Any]) -> bool:
        found = [o for o in person.orders if not o.test and (o.refunded > 0 or o.stage == "refunded")]
        return self.often(
            given,
            (o for o in found if self.during(given, o.refund_at or o.at + timedelta(days=1))
             and self._money(given, o.refunded or o.total, o.currency)),
        )  # fmt: skip

    def _reviewed(self, person: Person, given: dict[str, Any]) -> bool:
        low, high, products = given.get("stars_from", 1), given.get("stars_to", 5), given.get("products")
        return self.often(
            given,
            (at for at, stars, product in person.reviews
             if self.during(given, at) and low <= stars <= high and (products is None or product in products)),
        )  # fmt: skip

    def _answered(self, person: Person, given: dict[str, Any]) -> bool:
        surveys, codes = given.get("surveys"), given.get("answers")
        low, high = given.get("score_from", 0), given.get("score_to", 10)
        return self.often(
            given,
            (at for at, slug, code, score, replaced in person.answers
             if not replaced and self.during(given, at) and low <= score <= high
             and (surveys is None or slug in surveys) and (codes is None or code in codes)),
        )  # fmt: skip

    def _told(self, person: Person, given: dict[str, Any]) -> bool:
        names, wanted = given.get("events"), given.get("property")
        return self.often(
            given,
            (at for at, name, said in person.told
             if self.during(given, at) and (names is None or name in names)
             and (wanted is None or str(said.get(wanted, "?")).lower() == given["value"].lower())),
        )  # fmt: skip

    # --- money ------------------------------------------------------------------------------------

    def amounts(self, person: Person, currency: str | None = None) -> list[Decimal]:
        wanted = currency or self.shop.currency
        return [o.total - o.refunded for o in self.orders(person) if o.currency == wanted]

    def _between(self, given: dict[str, Any], amount: Decimal | None) -> bool:
        low, high = given.get("least"), given.get("most")
        if amount is None:
            return False
        return (low is None or amount >= Decimal(low)) and (high is None or amount <= Decimal(high))

    def _spent(self, person: Person, given: dict[str, Any]) -> bool:
        return self._between(given, sum(self.amounts(person, given.get("currency")), Decimal(0)))

    def _average_order(self, person: Person, given: dict[str, Any]) -> bool:
        amounts = self.amounts(person, given.get("currency"))
        return self._between(given, round(sum(amounts, Decimal(0)) / len(amounts), 6) if amounts else None)

    def _last_order_value(self, person: Person, given: dict[str, Any]) -> bool:
        amounts = self.amounts(person, given.get("currency"))
        return self._between(given, amounts[-1] if amounts else None)

    # --- being ------------------------------------------------------------------------------------

    def last_at(self, person: Person) -> datetime | None:
        return max((o.at for o in self.orders(person)), default=None)

    def _last_order(self, person: Person, given: dict[str, Any]) -> bool:
        last = self.last_at(person)
        if last is None:
            return False
        recent = last >= self.days_ago(given["days"])
        return recent if given.get("when", "longer_ago") == "within" else not recent

    def gaps(self, person: Person) -> list[int]:
        days = sorted({o.at.astimezone(self.shop.zone).date() for o in self.orders(person)})
        return [(later - earlier).days for earlier, later in pairwise(days)]

    def _usual_gap(self) -> float | None:
        every = [gap for person in self.shop.people for gap in self.gaps(person)]
        return round(statistics.median(every), 2) if len(every) >= 20 else None

    def expected(self, person: Person) -> datetime | None:
        last, gaps = self.last_at(person), self.gaps(person)
        gap = statistics.median(gaps) if len(gaps) >= 2 else self.usual
        if last is None or gap is None:
            return None
        return (last.astimezone(self.shop.zone) + timedelta(days=gap)).astimezone(UTC)

    def _expected_order(self, person: Person, given: dict[str, Any]) -> bool:
        expected, days = self.expected(person), given.get("days", 14)
        match given.get("when", "within"):
            case "unknown":
                return expected is None
            case "overdue":
                return expected is not None and expected < self.days_ago(days)
        return expected is not None and AT <= expected <= self.days_ago(-days)

    def sign_of_life(self, person: Person) -> datetime | None:
        human = [at for m in person.mails for at, how in [*m.clicks, *m.opens] if not how]
        return max(
            [*human, *(o.at for o in self.orders(person)), *(r[0] for r in [*person.reviews, *person.answers])],
            default=None,
        )

    def ignored(self, person: Person) -> int:
        since = self.sign_of_life(person)
        got = [m.at for m in person.mails if m.kind == "marketing" and m.status == "accepted" and not m.shadow]
        return sum(since is None or at > since for at in got)

    def _engagement(self, person: Person, given: dict[str, Any]) -> bool:
        last, since = self.sign_of_life(person), self.days_ago(given.get("days", 90))
        if given.get("sign", "engaged") == "engaged":
            return last is not None and last >= since
        return (last is None or last < since) and self.ignored(person) >= given.get("unanswered", 0)

    def risky(self, person: Person) -> bool:
        gaps, last = self.gaps(person), self.last_at(person)
        gap = statistics.median(gaps) if len(gaps) >= 2 else self.usual or (gaps[0] if gaps else None)
        if last is None or gap is None or len(self.orders(person)) < 2:
            return False
        return self.ignored(person) >= 5 and last + timedelta(days=float(gap) * 1.5) < AT

    def _at_risk(self, person: Person, given: Any) -> bool:
        return self.risky(person) == (given.get("is_so", True))

    def facts(self, person: Person) -> tuple[Any, ...]:
        return (self.last_at(person), len(self.orders(person)), sum(self.amounts(person), Decimal(0)))

    def _cuts(self) -> list[tuple[Any, Any]] | None:
        buyers = [self.facts(person) for person in self.shop.people if self.orders(person)]
        if len(buyers) < 3:
            return None
        columns = [sorted(column) for column in zip(*buyers, strict=True)]
        return [tuple(c[math.ceil(third * len(c)) - 1] for third in (1 / 3, 2 / 3)) for c in columns]  # type: ignore[misc]

    def group(self, person: Person) -> str:
        if self.cuts is None or not self.orders(person):
            return ""
        scores = (
            str(1 + (fact > low) + (fact > high))
            for fact, (low, high) in zip(self.facts(person), self.cuts, strict=True)
        )
        cell = "".join(scores)
        return next(name for name, cells in GROUPS.items() if cell in cells.split())

    def _rfm_group(self, person: Person, groups: list[str]) -> bool:
        return self.group(person) in groups

    def _language(self, person: Person, languages: list[str]) -> bool:
        return (person.locale or self.shop.language)[:2] in languages

    def _country(self, person: Person, countries: list[str]) -> bool:
        return person.country in countries

    def _tagged(self, person: Person, given: dict[str, Any]) -> bool:
        has = set(person.tags)
        wanted = set(given["tags"])
        return {"any": bool(has & wanted), "all": wanted <= has, "none": not has & wanted}[given.get("how", "any")]

    def _property(self, person: Person, given: dict[str, Any]) -> bool:
        said, test = person.properties.get(given["name"]), given.get("test", "equals")
        if test in ("known", "unknown"):
            return (said is None) == (test == "unknown")
        if said is None:
            return False
        if test in ("at_least", "at_most"):
            asked = Decimal(given["value"])
            return not isinstance(said, str) and (said >= asked if test == "at_least" else said <= asked)
        text, value = str(said).lower(), given["value"].lower()
        return {"equals": text == value, "differs": text != value, "contains": value in text}[test]

    def _consent(self, person: Person, state: str) -> bool:
        if state == "unsubscribed":
            return person.barred
        if state == "none":
            return person.permission is None and not person.barred
        return person.permission == state and not (state == "granted" and person.barred)

    def _in_segment(self, person: Person, given: Any) -> bool:
        given = given if isinstance(given, dict) else {"segment": given}
        return (given["segment"] in person.segments) == given.get("inside", True)

    def _any(self, person: Person, given: list[Any]) -> bool:
        return any(self.fits(person, one) for one in given)
