"""Which lines of a basket a mail shows, looked at once more as it is written.

- What is sold out or removed from the shop is left out, and not put back by the link either.
- What the owner keeps out of mails is left out; the link still brings it back, for it is in the basket.
- The price is the one the basket had. A newer one of the catalogue takes its place only where the catalogue's
  earlier price was the very one the basket had: then they speak of the same thing, in the same currency, with the
  same tax. Anything else (a discount, an option, a market's own price) is the basket's business.
- Once a line goes or changes, the platform's sums are of another basket: what is shown is the sum of what is shown.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

import msgspec

from apps.core.reasons import Reason
from apps.mail.facts import Thing
from apps.stores.snapshots import Line

Things = Mapping[tuple[int, str], Thing]


class NothingToShow(Exception):
    """No line of the basket is left; `reason` says why, `products` which they were."""

    def __init__(self, reason: Reason, products: Sequence[str]) -> None:
        super().__init__(reason.value)
        self.reason = reason
        self.products = ", ".join(title[:60] for title in products[:5])


class Shown(msgspec.Struct, frozen=True, kw_only=True):
    """A basket as this mail shows it."""

    lines: tuple[Line, ...]
    restored: tuple[Line, ...]
    """What the link puts back."""
    whole: bool
    """Nothing was left out or changed: the platform's sums hold."""
    sold_out: tuple[str, ...] = ()
    kept_out: tuple[str, ...] = ()

    def check(self) -> None:
        """Raises NothingToShow when no line is left of a basket that had some."""
        if not self.lines and self.sold_out:
            raise NothingToShow(Reason.NOT_IN_STOCK, self.sold_out)
        if not self.lines and self.kept_out:
            raise NothingToShow(Reason.PRODUCT_EXCLUDED, self.kept_out)


def thing_of(line: Line, store_id: int, things: Things) -> Thing | None:
    """What is known of a line's product: the variant's own facts, where it has them, over its product's."""
    variant, product = things.get((store_id, line.variant or "")), things.get((store_id, line.product or ""))
    if variant is None or product is None or variant is product:
        return variant or product
    return msgspec.structs.replace(
        variant,
        image=variant.image or product.image,
        url=variant.url or product.url,
        short_name=variant.short_name or product.short_name,
        available=product.available if variant.available is None else variant.available,
        excluded=variant.excluded or product.excluded,
        rating=product.rating,
        rating_count=product.rating_count,
    )


def shown(lines: Sequence[Line], store_id: int, things: Things, *, currency: str, basket_at: datetime | None) -> Shown:
    """The lines of this basket that may and can be shown, at the price they have now."""
    kept: list[Line] = []
    restored: list[Line] = []
    sold_out: list[str] = []
    kept_out: list[str] = []
    for line in lines:
        thing = thing_of(line, store_id, things) or Thing()
        if thing.available is False:
            sold_out.append(line.title)
            continue
        restored.append(line)
        if thing.excluded:
            kept_out.append(line.title)
        else:
            kept.append(_at_its_price(line, thing, currency, basket_at))
    return Shown(
        lines=tuple(kept),
        restored=tuple(restored),
        whole=kept == list(lines),
        sold_out=tuple(sold_out),
        kept_out=tuple(kept_out),
    )


def _at_its_price(line: Line, thing: Thing, currency: str, basket_at: datetime | None) -> Line:
    if thing.price is None or thing.price_changed_at is None or basket_at is None:
        return line
    same = thing.price_before == line.unit_price and thing.currency == currency
    untouched = line.total == line.unit_price * line.quantity
    if not (same and untouched and thing.price_changed_at > basket_at):
        return line
    return msgspec.structs.replace(line, unit_price=thing.price, total=thing.price * line.quantity)
