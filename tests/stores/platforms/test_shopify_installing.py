"""Making a Shopify shop ready, and looking after what we made there."""

from __future__ import annotations

import http.server
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from apps.stores.errors import AccessRefused, ShopTrouble
from apps.stores.platforms.base import Keyring, Request
from apps.stores.platforms.calling import Door, Finding, Report
from apps.stores.platforms.shopify import hooks, installing
from apps.stores.platforms.shopify.client import API_VERSION
from apps.stores.platforms.shopify.translate import TOPICS
from apps.stores.troubles import Trouble, explain
from tests.shops.shopify import Shopify
from tests.stores.platforms.shopify_calls import ADA, DOOR, shopify

BEFORE_2027 = datetime(2026, 11, 22, 12, tzinfo=UTC)
AFTER_2027 = datetime(2027, 1, 2, 12, tzinfo=UTC)


def installs(shop: Shopify, door: Door = DOOR, at: datetime = BEFORE_2027) -> Report:
    return shopify.install(shop.access(), door, at)


def audits(shop: Shopify, at: datetime = BEFORE_2027) -> Report:
    return shopify.audit(shop.access(), DOOR, at)


def found(report: Report, trouble: Trouble) -> list[Finding]:
    return [one for one in report.findings if one.trouble is trouble]


def about(report: Report, trouble: Trouble, name: str) -> set[str]:
    return {one.values[name] for one in found(report, trouble)}


def test_a_shop_is_made_ready_in_one_go(theepot: Shopify) -> None:
    report = installs(theepot)

    assert (report.name, report.currency, report.time_zone, report.country, report.language) == (
        "De Theepot", "EUR", "Europe/Amsterdam", "NL", "nl",
    )  # fmt: skip
    assert (report.external_id, report.shop_domain, report.version) == ("61234567890", theepot.domain, API_VERSION)
    assert report.domains == ("theepot.example", theepot.domain, "theepot.be")
    assert set(report.scopes) == set(theepot.scopes)
    assert theepot.hooks.topics() == {hooks.enum_of(one) for one in TOPICS - hooks.COMPLIANCE}
    assert {one.topic for one in report.hooks} == TOPICS - hooks.COMPLIANCE
    assert all(one["uri"] == DOOR.url and not one["filter"] for one in theepot.hooks.all.values())
    assert [one.trouble for one in report.findings] == [Trouble.OWN_RECOVERY_UNKNOWN]


def test_our_webhooks_are_subscribed_by_uri_and_not_by_what_shopify_gave_up(theepot: Shopify) -> None:
    installs(theepot)

    for asked in theepot.asked_for("HookCreate"):
        assert asked.json()["variables"]["hook"] == {"uri": DOOR.url, "format": "JSON"}
    assert not any(b"callbackUrl" in one.body for one in theepot.asked)


def test_twice_changes_nothing(theepot: Shopify) -> None:
    first = installs(theepot)
    made = dict(theepot.hooks.all)

    again = installs(theepot)

    assert theepot.hooks.all == made
    assert again == first


def test_webhooks_beyond_one_page_are_seen(theepot: Shopify) -> None:
    """A list of a hundred others before ours."""
    for number in range(120):
        key = f"gid://shopify/WebhookSubscription/{number}"
        theepot.hooks.all[key] = {
            "id": key, "topic": "ORDERS_CREATE", "uri": f"https://elsewhere.example/{number}", "format": "JSON",
            "filter": None, "includeFields": [], "apiVersion": {"handle": API_VERSION},
        }  # fmt: skip
    installs(theepot)
    before = len(theepot.hooks.all)

    report = audits(theepot)

    assert len(theepot.hooks.all) == before
    assert not [one for one in report.findings if one.mended]


def test_a_webhook_that_a_list_forgot_is_not_made_twice(theepot: Shopify, monkeypatch: pytest.MonkeyPatch) -> None:
    """Refused as already there: that is what we wanted."""
    installs(theepot)
    monkeypatch.setattr(theepot.hooks, "does_webhookSubscriptions", lambda *_: [])

    report = installs(theepot)

    assert not found(report, Trouble.HOOK_REFUSED)
    assert {one.topic for one in report.hooks} == TOPICS - hooks.COMPLIANCE


def test_an_audit_makes_anew_what_was_removed_and_says_so(theepot: Shopify) -> None:
    installs(theepot)
    theepot.hooks.forgets("ORDERS_CREATE")
    theepot.hooks.forgets("CHECKOUTS_UPDATE")

    report = audits(theepot)

    assert about(report, Trouble.HOOK_MISSING, "topic") == {"orders/create", "checkouts/update"}
    assert all(one.mended for one in found(report, Trouble.HOOK_MISSING))
    assert {"ORDERS_CREATE", "CHECKOUTS_UPDATE"} <= theepot.hooks.topics()
    assert not found(audits(theepot), Trouble.HOOK_MISSING)


@pytest.mark.parametrize("change", [{"filter": "email:*"}, {"includeFields": ["id"]}, {"format": "XML"}])
def test_a_webhook_somebody_changed_is_put_back(theepot: Shopify, change: dict[str, object]) -> None:
    installs(theepot)
    (one,) = [one for one in theepot.hooks.all.values() if one["topic"] == "ORDERS_CREATE"]
    one |= change

    report = audits(theepot)

    assert about(report, Trouble.HOOK_CHANGED, "topic") == {"orders/create"}
    assert (one["format"], one["filter"] or None, one["includeFields"]) == ("JSON", None, [])
    assert len([each for each in theepot.hooks.all.values() if each["topic"] == "ORDERS_CREATE"]) == 1


def test_webhooks_move_along_when_we_move(theepot: Shopify) -> None:
    installs(theepot, Door(url="https://old.example.com/webhooks/shopify/abc/", secret="s" * 40))

    installs(theepot)

    assert {one["uri"] for one in theepot.hooks.all.values()} == {DOOR.url}


def test_somebody_elses_webhooks_are_left_alone(theepot: Shopify) -> None:
    elsewhere = "https://elsewhere.example/hooks"
    installs(theepot, Door(url=elsewhere, secret="s" * 40))

    installs(theepot)

    uris = [one["uri"] for one in theepot.hooks.all.values()]
    assert uris.count(elsewhere) == uris.count(DOOR.url) > 20


class _Unwell(http.server.BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(503)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Silent."""


@pytest.fixture
def unwell() -> Iterator[Door]:
    """A Mandje that answers every delivery with an error."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Unwell)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    yield Door(url=f"http://127.0.0.1:{server.server_address[1]}/webhooks/shopify/abc/", secret="s" * 40)
    server.shutdown()
    server.server_close()


def test_what_shopify_removes_after_eight_failures_is_there_again_after_an_audit(
    theepot: Shopify, unwell: Door
) -> None:
    installs(theepot, unwell)
    for _ in range(8):
        theepot.hooks.delivers("orders/create", {"id": 1}, secret=theepot.client_secret)
    assert "ORDERS_CREATE" not in theepot.hooks.topics()

    report = shopify.audit(theepot.access(), unwell, BEFORE_2027)

    assert about(report, Trouble.HOOK_MISSING, "topic") == {"orders/create"}
    assert "ORDERS_CREATE" in theepot.hooks.topics()


def test_what_the_shop_signs_opens_our_door(theepot: Shopify) -> None:
    """With the app's client secret, by either way of connecting."""
    from apps.stores.platforms.shopify import signature

    for access in (theepot.access(), theepot.old_access()):
        secret = shopify.webhook_secret(access.credentials)
        headers = signature.sign("orders/create", b"{}", secret, BEFORE_2027, {"X-Shopify-Shop-Domain": theepot.domain})
        request = Request(headers={name.lower(): value for name, value in headers.items()}, body=b"{}", at=BEFORE_2027)
        ring = Keyring(store_id=1, secrets=(secret,), shop_domain=theepot.domain)
        assert shopify.authenticate(request, ring).topic == "orders/create"


@pytest.mark.parametrize("address", ["http://mail.example.com/x", "https://10.0.0.5/x", "https://localhost/x"])
def test_a_door_that_shopify_cannot_reach_is_said_before_it_refuses(theepot: Shopify, address: str) -> None:
    door = Door(url=address, secret="s" * 40)
    loopback = replace(theepot.access(), loopback=False)

    assert not installing._open_to(loopback, door)
    if "localhost" not in address:
        (refused,) = found(installs(theepot, door), Trouble.HOOK_REFUSED)
        assert refused.blocks
        assert theepot.hooks.all == {}


def test_without_protected_data_the_owner_learns_what_to_switch_on(theepot: Shopify) -> None:
    theepot.adds_customer(email=ADA)
    theepot.adds_basket(email=ADA, at=theepot.now)
    theepot.withholds()

    report = installs(theepot)

    assert about(report, Trouble.PROTECTED_DATA, "what") == {
        "Name", "Email", "Phone", "Address", "recovery links", "webhooks about customers",
    }  # fmt: skip
    assert report.name == "De Theepot"
    assert {"PRODUCTS_UPDATE", "SHOP_UPDATE", "APP_UNINSTALLED"} <= theepot.hooks.topics()
    assert not found(report, Trouble.HOOK_REFUSED)


def test_a_withheld_recovery_link_costs_nothing_else(theepot: Shopify) -> None:
    theepot.adds_basket(email=ADA, at=theepot.now)
    theepot.denied["AbandonedCheckout.abandonedCheckoutUrl"] = (
        "This app is not approved to access the AbandonedCheckout object. See "
        "https://shopify.dev/docs/apps/launch/protected-customer-data for more details."
    )

    report = installs(theepot)

    assert about(report, Trouble.PROTECTED_DATA, "what") == {"recovery links"}
    assert {one.topic for one in report.hooks} == TOPICS - hooks.COMPLIANCE


def test_the_owner_is_warned_before_the_links_end_and_told_after(theepot: Shopify) -> None:
    theepot.adds_customer(email=ADA)
    theepot.withholds()

    assert about(installs(theepot), Trouble.LINKS_WILL_END, "date") == {"2027-01-01"}
    assert found(audits(theepot, AFTER_2027), Trouble.LINKS_ENDED)
    assert not found(audits(theepot, AFTER_2027), Trouble.LINKS_WILL_END)
    # Apps made in the shop's admin are spared.
    old = shopify.install(theepot.old_access(), DOOR, BEFORE_2027)
    assert not found(old, Trouble.LINKS_WILL_END)


def test_missing_permissions_are_named_and_only_the_needed_ones_block(theepot: Shopify) -> None:
    theepot.scopes = ["read_orders", "read_customers", "write_discounts"]

    report = installs(theepot)

    blocking = {one.values["scope"] for one in found(report, Trouble.SCOPE_MISSING) if one.blocks}
    assert blocking == {"read_products"}
    assert {"read_locales", "write_customers", "read_fulfillments"} <= about(report, Trouble.SCOPE_MISSING, "scope")
    assert "read_discounts" not in about(report, Trouble.SCOPE_MISSING, "scope")
    assert found(report, Trouble.OLD_ORDERS_HIDDEN)
    assert about(report, Trouble.HOOK_REFUSED, "topic") >= {"products/create", "variants/in_stock"}
    # What is only of use, and may not be told, is not asked for.
    assert not about(report, Trouble.HOOK_REFUSED, "topic") & {"fulfillments/create", "customers/merge"}
    assert report.language == ""
    assert report.domains == ("theepot.example", theepot.domain)


def test_shopifys_own_mail_is_seen_by_what_it_sent(theepot: Shopify) -> None:
    theepot.things.adds_basket(email=ADA, at=theepot.now, total="20.00", email_state="sent")

    report = installs(theepot, at=theepot.now)

    assert "Abandoned checkout" in found(report, Trouble.OWN_RECOVERY_MAIL)[0].values["path"]
    assert not found(report, Trouble.OWN_RECOVERY_UNKNOWN)


def test_mail_of_long_ago_or_suppressed_mail_is_no_sign_that_it_is_on(theepot: Shopify) -> None:
    long_ago = theepot.now.replace(year=theepot.now.year - 1)
    theepot.things.adds_basket(email=ADA, at=long_ago, total="20.00", email_state="sent")
    theepot.things.adds_basket(email=ADA, at=theepot.now, total="20.00", email_state="suppressed")

    assert found(installs(theepot, at=theepot.now), Trouble.OWN_RECOVERY_UNKNOWN)


def test_an_older_webhook_version_is_said(theepot: Shopify) -> None:
    theepot.hooks.version = "2026-01"
    installs(theepot)

    assert about(audits(theepot), Trouble.API_VERSION_FELL_BACK, "got") == {"2026-01"}


def test_what_the_api_warns_of_is_passed_on(theepot: Shopify) -> None:
    theepot.deprecates = "https://shopify.dev/changelog/gone-soon"

    assert about(installs(theepot), Trouble.API_DEPRECATED, "detail") == {theepot.deprecates}


def test_every_finding_has_its_sentence_filled(theepot: Shopify) -> None:
    theepot.adds_customer(email=ADA)
    theepot.withholds()
    theepot.scopes = ["read_orders"]
    theepot.deprecates = "x"

    for finding in installs(theepot).findings:
        sentence, mend = explain(finding.trouble, finding.values)
        assert "…" not in sentence + mend, finding


def test_keys_of_another_organisation_do_not_install(theepot: Shopify) -> None:
    theepot.refuses_tokens = "shop_not_permitted"

    with pytest.raises(AccessRefused) as refused:
        installs(theepot)

    assert refused.value.trouble is Trouble.OTHER_ORGANISATION


def test_a_closed_shop_is_a_trouble_and_keeps_its_webhooks(theepot: Shopify) -> None:
    installs(theepot)
    theepot.breaks("frozen", path="graphql")

    with pytest.raises(ShopTrouble) as closed:
        audits(theepot)

    assert closed.value.trouble is Trouble.SHOP_CLOSED
    assert len(theepot.hooks.all) > 20
