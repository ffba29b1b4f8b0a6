"""A pretended WooCommerce shop that is being connected, and what its reports say."""

from __future__ import annotations

from apps.stores.platforms.base import platforms
from apps.stores.platforms.calling import Door, Finding, Report
from apps.stores.troubles import Trouble, explain
from tests.shops.woocommerce import WooCommerceShop

DOOR = Door(url="https://mail.example/webhooks/woocommerce/Ab3Cd4/", secret="s3cret" * 7)
woocommerce = platforms.get("woocommerce")


def install(shop: WooCommerceShop, door: Door = DOOR) -> Report:
    return woocommerce.install(shop.access(), door, shop.now)


def audit(shop: WooCommerceShop, door: Door = DOOR) -> Report:
    return woocommerce.audit(shop.access(), door, shop.now)


def troubles(report: Report) -> list[tuple[Trouble, bool]]:
    return [(one.trouble, one.mended) for one in report.findings if one.trouble is not Trouble.COMPANION_MISSING]


def found(report: Report, trouble: Trouble) -> Finding:
    [one] = [one for one in report.findings if one.trouble is trouble]
    assert "…" not in "".join(explain(one.trouble, one.values))
    return one
