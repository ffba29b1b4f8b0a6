"""One store as its mails need it."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

import msgspec

from apps.core import db
from apps.feedback import reviewing
from apps.mail.profile import Profile
from apps.stores.platforms.base import ShopLinks
from apps.stores.rules import Rules
from apps.stores.shopfacts import LINKS, host_of, links_from


class Shop(msgspec.Struct, frozen=True, kw_only=True):
    """One store as its mails need it."""

    id: int
    key: str
    platform: str
    name: str
    language: str
    formality: str
    country: str
    zone: str
    sender_name: str
    sender: str
    reply_to: str
    base: str
    """Where links in its mails lead."""
    profile: Profile
    links: ShopLinks
    rules: Rules


_SHOPS = f"""
SELECT s.id, s.key, s.platform, s.name, s.language, s.formality, s.country, s.time_zone, s.from_name, s.from_email,
    s.reply_to, s.link_host, s.url, s.shop_domain, s.currency, s.postal_address, s.registration_number,
    s.profile::text, s.rules::text, {LINKS}
FROM stores_store s WHERE s.id = ANY(%s::bigint[])
"""


def shops(ids: Iterable[int], public_url: str) -> dict[int, Shop]:
    return {row[0]: _shop(row, public_url) for row in db.rows(_SHOPS, [sorted(set(ids))])}


def _shop(row: tuple, public_url: str) -> Shop:  # type: ignore[type-arg]
    profile, rules = msgspec.json.decode(row[17]), msgspec.json.decode(row[18])
    return Shop(
        id=row[0],
        key=row[1],
        platform=row[2],
        name=row[3],
        language=row[4],
        formality=row[5],
        country=row[6],
        zone=row[7],
        sender_name=row[8] or row[3],
        sender=row[9] or f"shop@{host_of(row[12])}",
        reply_to=row[10],
        base=row[11] or public_url,
        profile=_profile(row, profile),
        links=links_from(row[19:], profile),
        rules=Rules.read(rules),
    )


def _profile(row: tuple, said: dict[str, Any]) -> Profile:  # type: ignore[type-arg]
    """The owner's profile under the names the templates use."""
    return Profile(
        name=row[3],
        url=row[12],
        logo=said.get("logo", ""),
        colour=said.get("colour", ""),
        font=said.get("font") or "system",
        signature=said.get("signature", ""),
        phone=said.get("phone", ""),
        chat_url=said.get("chat_url", ""),
        email=said.get("email", ""),
        hours=said.get("opening_hours", ""),
        reply_time=said.get("reply_time", ""),
        delivery=said.get("delivery_time", ""),
        return_days=_number(said.get("return_days")),
        return_note=said.get("return_note", ""),
        payments=tuple(word.strip() for word in str(said.get("payment_methods", "")).split(",") if word.strip()),
        warranty=said.get("warranty", ""),
        safety=said.get("safety_line", ""),
        shipping_flat=_amount(said.get("shipping_cost")),
        free_shipping_from=_amount(said.get("free_shipping_from")),
        legal_name=said.get("legal_name", ""),
        postal_address=row[15],
        registration=row[16],
        country=row[6],
        currency=row[14],
        brand=said.get("brand_line", ""),
        value=said.get("value_line", ""),
        service=said.get("service_line", ""),
        pay_later=said.get("pay_later", ""),
        pay_later_from=_amount(said.get("pay_later_from")),
        guide_title=said.get("guide_title", ""),
        guide_url=said.get("guide_url", ""),
        help_line=said.get("help_line", ""),
        help_from=_amount(said.get("help_from")),
        account_url=said.get("account_url", ""),
        review_url=reviewing.public_url(said.get("review_url", "")),
    )


def _number(text: Any) -> int | None:
    return int(text) if str(text or "").isdigit() else None


def _amount(text: Any) -> Decimal | None:
    return Decimal(str(text)) if text not in (None, "") else None
