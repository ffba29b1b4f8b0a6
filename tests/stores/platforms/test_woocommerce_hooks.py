"""Looking after our webhooks in a WooCommerce shop, and leaving all others alone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from apps.stores.platforms.woocommerce.hooks import TOPICS, never_called
from apps.stores.troubles import Trouble
from tests.shops.woocommerce import WooCommerceShop
from tests.stores.platforms.woocommerce_calls import DOOR, audit, found, install, troubles


@pytest.fixture
def shop() -> Iterator[WooCommerceShop]:
    opened = WooCommerceShop()
    yield opened
    opened.close()


def hook_of(shop: WooCommerceShop, topic: str) -> dict[str, Any]:
    return next(one for one in shop.webhooks.values() if one["topic"] == topic)


def test_one_that_was_switched_off_is_made_anew_with_its_count_at_nought(shop):
    install(shop)
    shop.fails_to_deliver("order.updated", times=7)
    assert hook_of(shop, "order.updated")["status"] == "disabled"

    report = audit(shop)

    assert troubles(report) == [(Trouble.HOOK_DISABLED, True)]
    assert found(report, Trouble.HOOK_DISABLED).values == {"topic": "order.updated", "address": "mail.example"}
    hook = hook_of(shop, "order.updated")
    assert (hook["status"], hook["~failures"], hook["~secret"]) == ("active", 0, DOOR.secret)
    assert troubles(audit(shop)) == []


def test_one_that_is_gone_is_made_and_said_to_have_been_lost(shop):
    install(shop)
    del shop.webhooks[hook_of(shop, "order.created")["id"]]

    report = audit(shop)

    assert troubles(report) == [(Trouble.HOOK_MISSING, True)]
    assert found(report, Trouble.HOOK_MISSING).values == {"topic": "order.created"}
    assert hook_of(shop, "order.created")["status"] == "active"


@pytest.mark.parametrize(
    "change",
    [
        {"status": "paused"}, {"delivery_url": "https://old-host.example/hooks/Ab3Cd4"}, {"name": "My hook"},
        {"delivery_url": DOOR.url.rstrip("/")},
    ],
)  # fmt: skip
def test_one_that_somebody_changed_is_put_right_in_its_place(shop, change: dict[str, str]):
    install(shop)
    hook = hook_of(shop, "order.updated")
    before = dict(hook)
    hook.update(change)

    report = audit(shop)

    assert troubles(report) == [(Trouble.HOOK_CHANGED, True)]
    after = hook_of(shop, "order.updated")
    assert {name: after[name] for name in ("id", "status", "delivery_url", "name")} == {
        name: before[name] for name in ("id", "status", "delivery_url", "name")
    }
    assert troubles(audit(shop)) == []


def test_a_new_secret_reaches_every_webhook_though_none_ever_shows_its_own(shop):
    install(shop)
    renewed = replace(DOOR, secret="another" * 6)

    report = audit(shop, renewed)

    assert {trouble for trouble, _ in troubles(report)} == {Trouble.HOOK_CHANGED}
    assert {hook["~secret"] for hook in shop.webhooks.values()} == {renewed.secret}
    assert troubles(audit(shop, renewed)) == []


def test_doubles_of_ours_go_the_healthy_one_stays_and_anothers_are_left(shop):
    install(shop)
    ours = hook_of(shop, "order.updated")
    double = ours | {"id": shop.number(), "status": "disabled"}
    theirs = ours | {"id": shop.number(), "delivery_url": "https://other.example/webhooks/woocommerce/Zz9/"}
    off = ours | {"id": shop.number(), "delivery_url": "https://zapier.example/x", "status": "disabled"}
    older = ours | {"id": shop.number(), "topic": "product.published"}
    shop.webhooks |= {one["id"]: one for one in (double, theirs, off, older)}

    report = audit(shop)

    assert troubles(report) == [(Trouble.HOOK_CHANGED, True), (Trouble.HOOK_CHANGED, True)]
    assert shop.webhooks[ours["id"]]["status"] == "active"
    assert {theirs["id"], off["id"]} <= set(shop.webhooks)
    assert not {double["id"], older["id"]} & set(shop.webhooks)


def test_a_shop_with_hundreds_of_webhooks_is_read_to_the_end(shop):
    for number in range(150):
        made = {"topic": "order.created", "delivery_url": f"https://other.example/{number}", "name": "x", "secret": "x"}
        shop._whole(_post(made), "webhooks", shop.webhooks)
    install(shop)
    assert troubles(install(shop)) == []
    assert len(shop.webhooks) == 150 + len(TOPICS)


def _post(body: dict[str, str]) -> Any:
    import json

    from tests.shops.base import Asked

    return Asked(method="POST", path="", query={}, headers={}, body=json.dumps(body).encode())


@pytest.mark.parametrize(
    ("url", "called"),
    [
        ("https://mail.example/x", True), ("https://mail.example:443/x", True), ("https://mail.example:8080/x", True),
        ("https://mail.example:8443/x", False), ("https://mail.example:8000/x", False),
    ],
)  # fmt: skip
def test_a_door_at_a_port_that_wordpress_never_calls_is_said(url: str, called: bool):
    assert (never_called(replace(DOOR, url=url)) == []) is called
