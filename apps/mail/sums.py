"""What stands between a basket's lines and its total: whoever adds up the mail arrives at the same amount.

Platforms count each in their own way: Shopify's subtotal has the discount taken off already, American prices get
their tax at the end, WooCommerce's fees stand in no line. What cannot be named is still shown, as other costs.
"""

from __future__ import annotations

from decimal import Decimal

import msgspec

ZERO = Decimal(0)


class Sums(msgspec.Struct, frozen=True, kw_only=True):
    """The rows under a basket. `included_tax` is within the total, `added_tax` one of its rows."""

    subtotal: Decimal | None
    discount: Decimal | None
    included_tax: Decimal | None = None
    added_tax: Decimal | None = None
    other: Decimal | None = None


def add_up(
    *,
    lines: Decimal | None,
    subtotal: Decimal | None,
    discount: Decimal | None,
    shipping: Decimal | None,
    tax: Decimal | None,
    total: Decimal | None,
) -> Sums:
    """The rows that lead from the lines to the total. Without a total or its shipping there is nothing to lead to."""
    subtotal = lines if subtotal is None else subtotal
    off = abs(discount or ZERO)
    if subtotal is None or total is None or shipping is None:
        is_off = subtotal is not None and total is not None and subtotal + (shipping or ZERO) <= total
        return Sums(subtotal=subtotal, discount=None if is_off else off or None, included_tax=tax)
    if subtotal + shipping <= total:
        # It was taken off before; beside lines without it, it is a row of its own.
        subtotal, off = (lines, off) if lines is not None and lines - off == subtotal else (subtotal, ZERO)
    gap = total - (subtotal - off + shipping)
    if gap < 0:
        return Sums(subtotal=subtotal, discount=off - gap, included_tax=tax)
    if gap and gap == tax:
        return Sums(subtotal=subtotal, discount=off or None, added_tax=tax)
    return Sums(subtotal=subtotal, discount=off or None, included_tax=tax, other=gap or None)
