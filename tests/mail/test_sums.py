"""Whoever adds up a mail arrives at its total."""

from __future__ import annotations

from decimal import Decimal

import pytest

from apps.mail.sums import Sums, add_up


def money(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)


CASES = {
    # lines, subtotal, discount, shipping, tax, total; then subtotal, discount, within, added, other
    "tax within": (("59.90", "59.90", None, "6.03", "12.33", "65.93"), ("59.90", None, "12.33", None, None)),
    "tax at the end": (("177", "177", "0", "5", "14.60", "196.60"), ("177", None, None, "14.60", None)),
    "off before, not in lines": (("177", "159.30", "17.70", "5", None, "164.30"), ("177", "17.70", None, None, None)),
    "off before, lines too": (("159.30", "159.30", "17.70", "5", None, "164.30"), ("159.30", None, None, None, None)),
    "taken off here": (("177", "177", "17.70", "5", None, "164.30"), ("177", "17.70", None, None, None)),
    "off before, tax at the end": (("177", "159.30", "17.70", "5", "9", "173.30"), ("177", "17.70", None, "9", None)),
    "a fee in no line": (("59.90", "59.90", None, "6.03", "12.75", "68.35"), ("59.90", None, "12.75", None, "2.42")),
    "paid in part by a voucher": (("60", "60", None, "5", None, "45"), ("60", "20", None, None, None)),
    "free shipping": (("60", "60", None, "0", None, "60"), ("60", None, None, None, None)),
    "shipping not said": (("60", None, None, None, None, "60"), ("60", None, None, None, None)),
    "no shipping, off before": (("177", "159.30", "17.70", None, None, "159.30"), ("159.30", None, None, None, None)),
    "no subtotal": (("60", None, None, "5", None, "65"), ("60", None, None, None, None)),
    "lines without prices": ((None, "60", "6", "5", None, "65"), ("60", None, None, None, None)),
    "nothing known": ((None, None, None, None, None, None), (None, None, None, None, None)),
}  # fmt: skip


@pytest.mark.parametrize(("given", "rows"), CASES.values(), ids=CASES.keys())
def test_the_rows_lead_to_the_total(given, rows):
    names = ("lines", "subtotal", "discount", "shipping", "tax", "total")
    asked = dict(zip(names, map(money, given), strict=True))

    found = add_up(**asked)

    wanted = dict(zip(("subtotal", "discount", "included_tax", "added_tax", "other"), map(money, rows), strict=True))
    assert found == Sums(**wanted)
    if asked["total"] is not None and asked["shipping"] is not None:
        taken = found.subtotal - (found.discount or 0) + asked["shipping"] + (found.added_tax or 0) + (found.other or 0)
        assert taken == asked["total"]
