"""Connecting a WooCommerce shop, and looking after what we put there."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from apps.stores.errors import AccessRefused, AnswerUnreadable
from apps.stores.platforms.base import Keyring, Request
from apps.stores.platforms.woocommerce.hooks import COMPANION_TOPIC, TOPICS
from apps.stores.troubles import Trouble
from tests.shops.base import Reply
from tests.shops.woocommerce import WooCommerceShop
from tests.stores.platforms.woocommerce_calls import DOOR, audit, found, install, troubles, woocommerce


@pytest.fixture
def shop() -> Iterator[WooCommerceShop]:
    opened = WooCommerceShop()
    yield opened
    opened.close()


def writes(shop: WooCommerceShop) -> list[str]:
    return [asked.method for asked in shop.asked if asked.method != "GET" and not asked.path.endswith("/batch")]


def hook_of(shop: WooCommerceShop, topic: str) -> dict[str, Any]:
    return next(one for one in shop.webhooks.values() if one["topic"] == topic)


# --- installing ------------------------------------------------------------------------------------


def test_a_shop_says_what_it_is(shop):
    report = install(shop)

    assert (report.name, report.currency, report.country, report.language) == ("Lab Lantern & Co", "EUR", "NL", "nl")
    assert (report.time_zone, report.version, report.companion) == ("Europe/Amsterdam", "11.0.1", "")
    assert (report.domains, report.features) == (("127.0.0.1",), ("hpos",))
    assert report.external_id
    assert troubles(report) == []
    # Of the status page nothing else is kept.
    assert "wc-logs" not in repr(report)


@pytest.mark.parametrize(
    ("told", "zone"),
    [
        ({"timezone_string": "", "gmt_offset": 2}, "Etc/GMT-2"),
        ({"timezone_string": "", "gmt_offset": -5}, "Etc/GMT+5"),
        ({"timezone_string": "", "gmt_offset": 0}, "UTC"), ({"timezone_string": "", "gmt_offset": 5.5}, ""),
        ({"timezone_string": "../../etc/passwd"}, ""), ({"timezone_string": 7, "gmt_offset": "x"}, ""),
    ],
)  # fmt: skip
def test_a_zone_is_a_zone_or_nothing(shop, told: dict[str, Any], zone: str):
    index = shop._index().json | told
    shop._index = lambda: Reply(200, index)  # type: ignore[method-assign]
    assert install(shop).time_zone == zone


def test_our_webhooks_are_made_once_with_our_own_secret(shop):
    first = install(shop)
    made = len(writes(shop))
    second = install(shop)

    assert [hook.topic for hook in first.hooks] == list(TOPICS)
    assert all(hook.healthy for hook in first.hooks)
    assert first.hooks == second.hooks
    assert made == len(TOPICS) == len(writes(shop))
    assert {hook["~secret"] for hook in shop.webhooks.values()} == {DOOR.secret}
    assert set(shop.pings) == {DOOR.url}
    assert not any(DOOR.secret in hook["name"] for hook in shop.webhooks.values())


def test_what_they_deliver_is_admitted_at_the_door(shop):
    install(shop)
    number = shop.adds_order(email="ada@shopper.example", at=shop.now)

    for topic in ("order.created", "order.deleted"):
        body, headers = shop.delivers(topic, number)
        request = Request(headers={name.lower(): value for name, value in headers.items()}, body=body, at=shop.now)
        admitted = woocommerce.authenticate(request, Keyring(store_id=1, secrets=(DOOR.secret,)))
        assert (admitted.topic, admitted.version) == (topic, "11.0.1")


def test_the_proof_of_the_keys_changes_nothing(shop):
    shop.keys.permissions = "read"
    with pytest.raises(AccessRefused) as weak:
        install(shop)
    assert weak.value.trouble is Trouble.KEYS_READ_ONLY
    shop.keys.permissions = "write"
    with pytest.raises(AccessRefused) as blind:
        install(shop)
    assert blind.value.trouble is Trouble.KEYS_REFUSED
    assert not shop.webhooks
    assert not shop.coupons


def test_a_site_without_woocommerce_is_not_connected(shop):
    shop._thing = lambda *_: Reply(404, {"code": "rest_no_route", "message": "No route", "data": {"status": 404}})  # type: ignore[method-assign]
    with pytest.raises(AnswerUnreadable) as nowhere:
        install(shop)
    assert nowhere.value.trouble is Trouble.NO_API_HERE


def test_a_refused_topic_is_said_and_hides_no_other(shop):
    answers = shop.reply
    no = Reply(400, {"code": "woocommerce_rest_shop_webhook_invalid_topic", "message": "x", "data": {"status": 400}})
    shop.reply = lambda asked: no if b"coupon.updated" in asked.body else answers(asked)

    report = install(shop)

    assert found(report, Trouble.HOOK_REFUSED).values["topic"] == "coupon.updated"
    assert [hook.topic for hook in report.hooks if not hook.healthy] == ["coupon.updated"]
    assert len(shop.webhooks) == len(TOPICS) - 1


def test_a_closed_front_page_and_a_heavy_status_page_do_not_keep_us_out(shop):
    shop.open_index = False
    shop.breaks("broken", path="system_status")

    report = install(shop)

    assert (report.currency, report.version, report.time_zone) == ("EUR", "", "")
    assert len(report.hooks) == len(TOPICS)


# --- our plugin ------------------------------------------------------------------------------------


def test_without_our_plugin_it_is_missed_and_its_webhook_not_made(shop):
    report = install(shop)
    assert found(report, Trouble.COMPANION_MISSING)
    assert COMPANION_TOPIC not in {hook.topic for hook in report.hooks}


def test_with_our_plugin_it_is_configured_by_its_webhook(shop):
    shop.companion = "1.0.0"
    report = install(shop)

    assert report.companion == "1.0.0"
    assert hook_of(shop, COMPANION_TOPIC)["~secret"] == DOOR.secret
    assert troubles(report) == []


def test_a_plugin_that_was_off_for_a_while_finds_its_webhook_again(shop):
    shop.companion = "1.0.0"
    install(shop)
    shop.companion = ""
    assert found(audit(shop), Trouble.COMPANION_MISSING)
    # Its topic is unknown while the plugin is off, and the webhook waits.
    assert "" in {hook["topic"] for hook in shop.webhooks.values()}
    shop.companion = "1.0.0"

    assert troubles(audit(shop)) == []
    assert len(shop.webhooks) == len(TOPICS) + 1


def test_a_plugin_that_came_later_gets_its_webhook_without_a_word_of_loss(shop):
    install(shop)
    shop.companion = "1.0.0"

    assert troubles(audit(shop)) == []
    assert hook_of(shop, COMPANION_TOPIC)


def test_an_old_or_silent_plugin_is_said(shop):
    shop.companion = "0.9.3"
    shop.companion_status |= {"last_error": "cURL error 28: timed out for ada@shopper.example"}
    report = audit(shop)

    assert found(report, Trouble.COMPANION_OLD).values == {"version": "0.9.3", "newest": "1.0.0"}
    silent = found(report, Trouble.COMPANION_SILENT).values
    assert silent["address"] == "mail.example"
    assert "cURL error 28" in silent["detail"]
    assert "@" not in silent["detail"]


@pytest.mark.parametrize("fault", ["login_page", "revoked"])
def test_a_plugin_whose_page_is_closed_is_there_all_the_same(shop, fault: str):
    shop.companion = "1.0.0"
    shop.breaks(fault, path="rcv/v1/status")
    report = install(shop)
    assert report.companion == "1.0.0"
    assert found(report, Trouble.COMPANION_SILENT)
    assert hook_of(shop, COMPANION_TOPIC)


# --- what else is said -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "file", ["woo-cart-abandonment-recovery/x.php", "woocommerce-abandoned-cart/woocommerce-ac.php"]
)
def test_a_plugin_that_recovers_baskets_itself_is_named_with_its_switch(shop, file: str):
    shop.plugins = {file: ("Some", "1.0")}
    assert "Abandon" in found(audit(shop), Trouble.OWN_RECOVERY_MAIL).values["path"]


@pytest.mark.parametrize(
    ("file", "name"),
    [
        ("mailchimp-for-woocommerce/mailchimp-woocommerce.php", "Mailchimp"), ("klaviyo/klaviyo.php", "Klaviyo"),
        ("mailpoet/mailpoet.php", "MailPoet"), ("automatewoo/automatewoo.php", "AutomateWoo"),
        ("cartflows/cartflows.php", "CartFlows"),
    ],
)  # fmt: skip
def test_a_mail_program_that_could_is_asked_about(shop, file: str, name: str):
    shop.plugins = {file: (name, "1.0")}
    assert found(audit(shop), Trouble.OWN_RECOVERY_UNKNOWN).values["platform"] == name


def test_woocommerces_own_mail_is_seen_unless_our_plugin_holds_it_back(shop):
    shop.features += ["abandoned_cart_recovery", "customer_review_request"]

    without = audit(shop)
    shop.companion = "1.0.0"
    with_ours = audit(shop)

    assert found(without, Trouble.OWN_RECOVERY_MAIL)
    assert found(without, Trouble.OWN_REVIEW_MAIL)
    assert Trouble.OWN_RECOVERY_MAIL not in {one.trouble for one in with_ours.findings}
    assert found(with_ours, Trouble.OWN_REVIEW_MAIL)


@pytest.mark.parametrize(("ahead", "said"), [(0, False), (45, False), (-300, True), (400, True)])
def test_a_clock_that_differs_is_said(shop, ahead: int, said: bool):
    at = shop.now
    shop.ahead = timedelta(seconds=ahead)
    report = woocommerce.audit(shop.access(), DOOR, at)
    clocks = [one for one in report.findings if one.trouble is Trouble.CLOCK_DIFFERS]
    assert bool(clocks) is said
    if clocks:
        assert abs(int(clocks[0].values["seconds"]) - abs(ahead)) <= 3


def test_an_old_shop_and_plain_permalinks_are_said(shop):
    shop.version, shop.permalinks = "7.9.1", "plain"
    report = woocommerce.install(shop.access(store_id=77), DOOR, shop.now)
    assert found(report, Trouble.OLD_VERSION).values == {"platform": "WooCommerce", "version": "7.9.1", "needed": "8.9"}
    assert found(report, Trouble.PLAIN_PERMALINKS)
    assert len(report.hooks) == len(TOPICS)
