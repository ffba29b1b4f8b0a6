"""From "I have a shop" to a shop that is connected: typed keys, keys handed over, and everything that can go wrong."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from django.conf import settings as django_settings
from django.test import Client
from django.urls import reverse

from apps.accounts.models import Membership, User
from apps.core import clock
from apps.dashboard import handovers
from apps.dashboard.models import Handover
from apps.flows.models import Flow
from apps.ingestion.models import Errand
from apps.stores.models import Connection, Store
from tests.dashboard.furnishing import Furnished, furnish, member
from tests.shops.shopify import Shopify
from tests.shops.woocommerce import WooCommerceShop

pytestmark = pytest.mark.django_db
START = "/admin/connect/"


@pytest.fixture
def woo() -> Iterator[WooCommerceShop]:
    shop = WooCommerceShop(companion="1.0.0")
    shop.adds_product()
    yield shop
    shop.close()


@pytest.fixture
def shopify() -> Iterator[Shopify]:
    shop = Shopify()
    shop.adds_product()
    yield shop
    shop.close()


@pytest.fixture
def boss(client: Client, db: None) -> Client:
    """The operator, in English."""
    user = User.objects.create_superuser("boss", email="boss@staff.example", language="en")
    client.force_login(user)
    return client


def keys_of(shop: WooCommerceShop) -> dict[str, str]:
    return {
        "way": "keys",
        "credential.keys.consumer_key": shop.keys.key,
        "credential.keys.consumer_secret": shop.keys.secret,
    }


def typed(shop: Any, **more: str) -> dict[str, str]:
    return {"platform": shop.kind, "address": shop.url, "from_email": "hallo@molenzicht.example"} | more


def approval(answer: Any) -> str:
    """Where the page leads: the shop's own question."""
    return str(answer.context["address"])


def post_keys(shop: WooCommerceShop, address: str, **changes: Any) -> Any:
    """The shop's server posts what its owner approved: no cookie, no token."""
    callback, body = shop.approves(address)
    said = json.loads(body) | changes
    return Client().post(urlsplit(callback).path, json.dumps(said), content_type="application/json")


# --- typed keys ---


def test_a_woocommerce_shop_is_there_with_its_kit_once_its_keys_are_typed(boss: Client, woo: WooCommerceShop) -> None:
    answer = boss.post(START, typed(woo, **keys_of(woo)), follow=True)

    store = Store.objects.get()
    assert answer.redirect_chain[-1][0] == reverse("admin:stores_store_change", args=[store.pk])
    assert store.connection.connected_at
    assert not store.connection.trouble
    assert (store.from_email, store.currency, store.country) == ("hallo@molenzicht.example", "EUR", "NL")
    assert woo.webhooks
    assert Errand.objects.filter(store=store, kind="backfill").exists()
    flows = Flow.objects.filter(store=store)
    assert flows
    assert not any(flow.live for flow in flows)


def test_a_shop_is_not_added_twice(boss: Client, woo: WooCommerceShop) -> None:
    boss.post(START, typed(woo, **keys_of(woo)))

    answer = boss.post(START, typed(woo, **keys_of(woo)), follow=True)

    assert Store.objects.count() == 1
    assert "is connected already" in answer.content.decode()


def test_a_shopify_shop_by_its_apps_id_and_secret(boss: Client, shopify: Shopify) -> None:
    asked = typed(
        shopify,
        shop_domain=shopify.domain,
        way="client_credentials",
        **{
            "credential.client_credentials.client_id": shopify.client_id,
            "credential.client_credentials.client_secret": shopify.client_secret,
        },
    )

    answer = boss.post(START, asked, follow=True)

    store = Store.objects.get()
    assert store.connection.connected_at, answer.content.decode()
    assert store.shop_domain == shopify.domain


def test_a_secret_is_never_shown_again_and_what_was_typed_stays(boss: Client, woo: WooCommerceShop) -> None:
    woo.breaks("revoked")

    answer = boss.post(START, typed(woo, **keys_of(woo)))

    said = answer.content.decode()
    assert "The shop refused our keys" in said
    assert "Nothing is lost" in said
    assert woo.keys.secret not in said
    assert woo.keys.key in said
    assert f'value="{woo.url}"' in said
    store = Store.objects.get()
    woo.mends()
    again = boss.post(reverse("dashboard:store-connect", args=[store.pk]), {"address": woo.url, **keys_of(woo)})
    assert again.status_code == 302
    assert Store.objects.get().connection.connected_at
    assert woo.keys.secret not in str(list(Connection.objects.values()))


@pytest.mark.parametrize("fault", ["broken", "not_json", "login_page"])
def test_a_shop_that_is_not_well_gets_a_sentence_and_a_second_try(
    boss: Client, woo: WooCommerceShop, fault: str
) -> None:
    woo.breaks(fault, path="/wp-json")

    answer = boss.post(START, typed(woo, **keys_of(woo)))

    assert answer.status_code == 200
    assert answer.context["said"]
    assert answer.context["mend"]
    assert Store.objects.count() == 1
    boss.post(START, typed(woo, **keys_of(woo)))
    assert Store.objects.count() == 1


def test_an_address_that_is_none_makes_no_shop(boss: Client) -> None:
    for address in ("", "molenzicht", "https://user:pw@shop.example", "https://10.0.0.1", "http://127.0.0.1:9"):
        answer = boss.post(START, {"platform": "woocommerce", "address": address, "do": "approve"})
        assert answer.status_code == 200
    bad = {"platform": "woocommerce", "address": "molenzicht.nl", "from_email": "geen adres", "way": "keys"}
    errors = boss.post(START, bad).context["form"].errors
    assert {"from_email", "credential.keys.consumer_key", "credential.keys.consumer_secret"} <= set(errors)
    assert not Store.objects.exists()


# --- keys handed over ---


def test_one_press_of_approve_connects_the_shop(boss: Client, woo: WooCommerceShop) -> None:
    leaving = boss.post(START, typed(woo, do="approve"))
    store = Store.objects.get()
    address = approval(leaving)
    assert address.startswith(f"{woo.url}/wc-auth/v1/authorize?")

    handed = post_keys(woo, address)
    state = parse_qs(urlsplit(address).query)["user_id"][0]
    back = boss.get(f"{reverse('dashboard:connect-back')}?{urlencode({'success': 1, 'user_id': state})}")
    assert not hasattr(store, "connection")
    done = boss.post(reverse("dashboard:store-finish", args=[store.pk]))

    assert (handed.status_code, back.status_code, done.status_code) == (200, 200, 302)
    assert Store.objects.get().connection.connected_at
    assert Handover.objects.get().sealed == ""
    assert boss.post(reverse("dashboard:store-finish", args=[store.pk]), follow=True).status_code == 200


def test_keys_handed_over_outlive_a_shop_that_is_away_for_a_moment(boss: Client, woo: WooCommerceShop) -> None:
    post_keys(woo, approval(boss.post(START, typed(woo, do="approve"))))
    finish = reverse("dashboard:store-finish", args=[Store.objects.get().pk])
    woo.breaks("broken", path="/wp-json")

    away = boss.post(finish).content.decode()
    woo.mends()
    back = boss.post(finish)

    assert "Finish connecting" in away
    assert back.status_code == 302
    assert Store.objects.get().connection.connected_at


def test_a_state_opens_once_and_not_for_long(boss: Client, woo: WooCommerceShop) -> None:
    address = approval(boss.post(START, typed(woo, do="approve")))

    assert post_keys(woo, address).status_code == 200
    assert post_keys(woo, address).status_code == 404
    second = approval(boss.post(START, typed(woo, do="approve")))
    Handover.objects.update(expires_at=clock.now() - timedelta(seconds=1))
    assert post_keys(woo, second).status_code == 404
    assert post_keys(woo, address).status_code == 404


@pytest.mark.parametrize(
    "changes",
    [
        {"user_id": "somebody-elses-state-0123456789"},
        {"consumer_key": "ck_short"},
        {"consumer_secret": None},
        {"key_permissions": "read"},
        {"consumer_key": "x" * 9000},
    ],
)
def test_a_hostile_post_is_not_found_and_uses_nothing_up(boss: Client, woo: WooCommerceShop, changes: Any) -> None:
    address = approval(boss.post(START, typed(woo, do="approve")))

    assert post_keys(woo, address, **changes).status_code == 404

    assert Handover.objects.get().sealed == ""
    assert post_keys(woo, address).status_code == 200


def test_a_callback_takes_nothing_but_a_post_of_json(boss: Client, woo: WooCommerceShop) -> None:
    address = approval(boss.post(START, typed(woo, do="approve")))
    path = urlsplit(woo.approves(address)[0]).path

    assert Client().get(path).status_code == 405
    for body in (b"", b"[]", b"{", b"null", b"\xff\xfe", b"[" * 5000):
        assert Client().post(path, body, content_type="application/json").status_code == 404
    assert Client().post("/connect/woocommerce/short/", b"{}", content_type="application/json").status_code == 404
    assert not Handover.objects.get().arrived_at


def test_keys_of_another_shop_open_nothing(boss: Client, woo: WooCommerceShop) -> None:
    """Whatever was posted, it is tried on the store's own address."""
    address = approval(boss.post(START, typed(woo, do="approve")))
    keys = {"consumer_key": f"ck_{'0' * 40}", "consumer_secret": f"cs_{'0' * 40}"}
    post_keys(woo, address, **keys)

    answer = boss.post(reverse("dashboard:store-finish", args=[Store.objects.get().pk]))

    assert "The shop refused our keys" in answer.content.decode()
    assert not Connection.objects.exclude(credentials_sealed="").exists()


def test_an_owner_who_said_no_is_told_what_to_do(boss: Client, woo: WooCommerceShop) -> None:
    address = approval(boss.post(START, typed(woo, do="approve")))
    state = parse_qs(urlsplit(address).query)["user_id"][0]
    back = reverse("dashboard:connect-back")

    denied = boss.get(f"{back}?{urlencode({'success': 0, 'user_id': state})}").content.decode()
    lost = boss.get(f"{back}?{urlencode({'success': 1, 'user_id': state})}").content.decode()

    assert "You did not approve" in denied
    assert "did not reach us" in lost


def test_what_a_state_holds_is_kept_sealed(boss: Client, woo: WooCommerceShop) -> None:
    address = approval(boss.post(START, typed(woo, do="approve")))
    state = parse_qs(urlsplit(address).query)["user_id"][0]
    post_keys(woo, address)

    kept = str(list(Handover.objects.values()))

    assert state not in kept
    assert woo.keys.secret not in kept
    found = handovers.arrived(Store.objects.get(), clock.now())
    assert found
    assert handovers.contents(found)["consumer_secret"] == woo.keys.secret


def test_without_https_the_page_says_why_keys_are_pasted(boss: Client, settings: Any) -> None:
    settings.ENV = replace(django_settings.ENV, allow_loopback_shops=False)

    assert "only to an https address" in boss.get(START).content.decode()


# --- the agency's road ---


def test_an_agencys_app_is_approved_by_the_shops_owner(boss: Client, shopify: Shopify) -> None:
    leaving = boss.post(START, agency_form(shopify))
    query = returned(shopify, approval(leaving))

    looked = boss.get(f"/admin/connect/shopify/?{urlencode(query)}")
    assert looked.status_code == 200, looked
    assert not Connection.objects.exclude(credentials_sealed="").exists()
    done = boss.post(f"/admin/connect/shopify/?{urlencode(query)}")

    assert done.status_code == 302, done.content.decode()
    assert Store.objects.get().connection.way == "oauth"
    again = boss.post(f"/admin/connect/shopify/?{urlencode(query)}", follow=True)
    assert "expired or was used before" in again.content.decode()


@pytest.mark.parametrize(
    "change", [{"hmac": "0" * 64}, {"shop": "evil.myshopify.com"}, {"timestamp": "1"}, {"code": "x"}]
)
def test_a_forged_return_connects_nothing(boss: Client, shopify: Shopify, change: dict[str, str]) -> None:
    query = returned(shopify, approval(boss.post(START, agency_form(shopify)))) | change

    answer = boss.post(f"/admin/connect/shopify/?{urlencode(query)}")

    assert answer.status_code == 200
    assert not Connection.objects.exclude(credentials_sealed="").exists()


def test_a_return_belongs_to_whoever_left(boss: Client, shopify: Shopify, client: Client) -> None:
    query = returned(shopify, approval(boss.post(START, agency_form(shopify))))
    other = Client()
    other.force_login(User.objects.create_superuser("other", language="en"))

    answer = other.post(f"/admin/connect/shopify/?{urlencode(query)}", follow=True)

    assert "expired or was used before" in answer.content.decode()
    assert Handover.objects.get().ended_at is None


def agency_form(shopify: Shopify) -> dict[str, str]:
    fields = {"credential.oauth.client_id": shopify.client_id, "credential.oauth.client_secret": shopify.client_secret}
    return typed(shopify, shop_domain=shopify.domain, way="oauth") | fields


def returned(shopify: Shopify, address: str) -> dict[str, str]:
    """As Shopify sends the owner back: signed over the sorted parameters."""
    import hashlib
    import hmac

    asked = parse_qs(urlsplit(address).query)
    query = {
        "code": shopify.consents(),
        "shop": shopify.domain,
        "state": asked["state"][0],
        "timestamp": f"{clock.now().timestamp():.0f}",
    }
    said = "&".join(f"{name}={query[name]}" for name in sorted(query))
    return query | {"hmac": hmac.new(shopify.client_secret.encode(), said.encode(), hashlib.sha256).hexdigest()}


# --- who may ---


@pytest.mark.parametrize(("role", "may"), [("owner", True), ("marketer", False), ("analyst", False)])
def test_only_an_owner_adds_connects_and_disconnects(
    client: Client, woo: WooCommerceShop, role: str, may: bool
) -> None:
    shop = furnish("adaopen")
    client.force_login(member(shop, role))
    verbs = ("store-finish", "store-audit", "store-history", "store-disconnect", "store-attest", "store-try-send")
    pages = ("store-connect", "store-try", "store-try-seen")

    added = client.post(START, typed(woo, **keys_of(woo)))
    answers = [client.post(reverse(f"dashboard:{name}", args=[shop.store.pk])).status_code for name in verbs]
    answers += [client.get(reverse(f"dashboard:{name}", args=[shop.store.pk])).status_code for name in pages]

    assert (added.status_code == 302) is may
    assert all((status != 404) is may for status in answers), answers
    assert Store.objects.count() == (2 if may else 1)
    if may:
        mine = Membership.objects.exclude(store=shop.store).get()
        assert (mine.role, mine.user.username) == ("owner", "ada-owner")
    assert client.get(reverse("dashboard:store-checklist", args=[shop.store.pk])).status_code == 200


def test_a_disconnected_shop_is_heard_and_no_longer_asked(boss: Client, woo: WooCommerceShop) -> None:
    boss.post(START, typed(woo, **keys_of(woo)))
    store = Store.objects.get()
    leave = reverse("dashboard:store-disconnect", args=[store.pk])

    boss.post(leave)
    assert Connection.objects.get().credentials_sealed
    boss.post(leave, {"sure": "1"})

    assert not Connection.objects.get().credentials_sealed
    assert not Errand.objects.filter(store=store, due_at__isnull=False).exists()
    assert boss.get(reverse("admin:stores_store_change", args=[store.pk])).status_code == 200


def test_check_again_and_fetch_history(boss: Client, woo: WooCommerceShop) -> None:
    boss.post(START, typed(woo, **keys_of(woo)))
    store = Store.objects.get()
    hook = next(iter(woo.webhooks.values()))
    hook["status"] = "disabled"

    checked = boss.post(reverse("dashboard:store-audit", args=[store.pk]), follow=True)
    fetched = boss.post(reverse("dashboard:store-history", args=[store.pk]), {"years": "2"}, follow=True)

    assert "had switched off the webhook" in checked.content.decode()
    assert all(one["status"] == "active" for one in woo.webhooks.values())
    assert "History" in fetched.content.decode()
    woo.breaks("revoked")
    refused = boss.post(reverse("dashboard:store-audit", args=[store.pk]), follow=True).content.decode()
    assert "The shop refused our keys" in refused
    assert "needs you" in refused


def test_the_store_page_of_every_shop_reads_well(boss: Client, db: None) -> None:
    shop: Furnished = furnish("adaopen")
    for platform in ("woocommerce", "shopify", "generic"):
        Store.objects.filter(pk=shop.store.pk).update(platform=platform)
        said = boss.get(reverse("admin:stores_store_change", args=[shop.store.pk])).content.decode()
        assert "Checklist" in said
        assert "Connection" in said
