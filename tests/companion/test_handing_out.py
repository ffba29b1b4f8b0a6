"""How the plugin leaves the engine: to the owner, and to the shop's own plugin when there is something new."""

from __future__ import annotations

import io
import json
import zipfile
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from django.core import signing
from django.test import Client
from django.urls import reverse

from apps.stores.platforms.woocommerce import plugin as shipped
from apps.stores.platforms.woocommerce.signature import digest
from tests.browser.conftest import web
from tests.companion.conftest import HERE, SECRET, run
from tests.shopkeeping import open_store

if TYPE_CHECKING:
    from apps.stores.models import Store

__all__ = ["web"]


@pytest.fixture
def store(db: None) -> Store:
    return open_store(rules={"capture": "notice"})


def signed_in(client: Client, store: Store, role: str) -> Client:
    from apps.accounts.models import Membership, User

    user = User.objects.create_user(f"{role}@shop.example", is_staff=True)
    Membership.objects.create(user=user, store=store, role=role)
    client.force_login(user)
    return client


def ask(client: Client, store: Store, *, secret: str = SECRET, minutes: int = 0, end: str = "") -> Any:
    from apps.core import clock

    stamp = str(int((clock.now() + timedelta(minutes=minutes)).timestamp()))
    signature = digest(f"{stamp}.update.json".encode(), secret).decode()
    headers = {"X-Rcv-Timestamp": stamp, "X-Rcv-Signature": signature}
    answer = client.get(f"/companion/{store.key}/update.json{end}", headers=headers)
    answer.asked_at = stamp
    return answer


def content(answer: Any) -> str:
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        return archive.read("mandje/mandje.php").decode()


def test_an_owner_downloads_a_plugin_that_knows_the_shop(client: Client, store: Store) -> None:
    answer = signed_in(client, store, "owner").get(reverse("dashboard:companion-download", args=[store.pk]))

    assert answer.status_code == 200
    assert answer["Content-Type"] == "application/zip"
    assert "no-store" in answer["Cache-Control"]
    source = content(answer)
    assert f"/webhooks/woocommerce/{store.key}/'" in source
    assert f"'secret' => '{SECRET}'" in source
    assert "'mode' => 'notice'" in source
    assert "Ja, Molenzicht mag mij" in source


@pytest.mark.parametrize("role", ["marketer", "analyst"])
def test_others_of_the_team_do_not_get_its_secret(client: Client, store: Store, role: str) -> None:
    answer = signed_in(client, store, role).get(reverse("dashboard:companion-download", args=[store.pk]))

    assert answer.status_code == 404


def test_another_shops_owner_and_another_platforms_owner_find_nothing(client: Client, store: Store) -> None:
    pears = open_store("shopify")
    owner = signed_in(client, pears, "owner")

    assert owner.get(reverse("dashboard:companion-download", args=[store.pk])).status_code == 404
    assert owner.get(reverse("dashboard:companion-download", args=[pears.pk])).status_code == 404
    assert client.get(f"/companion/{pears.key}/update.json").status_code == 404


def test_a_shop_without_a_secret_is_told_what_is_missing(client: Client, store: Store) -> None:
    store.secrets.all().delete()

    answer = signed_in(client, store, "owner").get(
        reverse("dashboard:companion-download", args=[store.pk]), follow=True
    )

    assert answer.redirect_chain
    assert [str(line) for line in answer.context["messages"]]


def test_a_stranger_hears_of_the_version_only(client: Client, store: Store) -> None:
    for answer in (
        client.get(f"/companion/{store.key}/update.json"),
        client.get(f"/companion/{store.key}/update.json/"),
        ask(client, store, secret="another"),
        ask(client, store, minutes=-6),
    ):
        told = answer.json()
        assert answer.status_code == 200
        assert told["version"] == shipped.VERSION
        assert {"package", "settings"}.isdisjoint(told)
        assert SECRET not in answer.content.decode()
    assert client.get("/companion/nobody/update.json").status_code == 404
    assert client.post(f"/companion/{store.key}/update.json").status_code == 405


@pytest.mark.parametrize("end", ["", "/"])
def test_the_shops_plugin_hears_its_settings_and_where_its_package_is(client: Client, store: Store, end: str) -> None:
    answer = ask(client, store, end=end)

    told = answer.json()
    assert told["settings"]["mode"] == "notice"
    assert told["settings"]["countries"] == ["NL", "BE", "DE", "AT", "FR"]
    assert told["settings"]["text_version"].startswith("notice:")
    assert answer["X-Rcv-Signature"] == digest(answer.asked_at.encode() + b"." + answer.content, SECRET).decode()
    path = told["package"].partition("://")[2].partition("/")[2]
    assert f"'secret' => '{SECRET}'" in content(Client().get(f"/{path}{end}"))


def test_a_package_is_one_shops_and_for_a_while(client: Client, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    other = open_store(name="Cy", url="https://cy.example")
    token = ask(client, store).json()["package"].split("/")[-2]

    assert client.get(f"/companion/{other.key}/{token}/mandje.zip").status_code == 404
    assert client.get(f"/companion/{store.key}/{token}x/mandje.zip").status_code == 404
    assert client.get(f"/companion/{store.key}/{signing.dumps(store.key)}/mandje.zip").status_code == 404
    later = signing.time.time() + timedelta(days=3, seconds=5).total_seconds()
    monkeypatch.setattr(signing.time, "time", lambda: later)
    assert client.get(f"/companion/{store.key}/{token}/mandje.zip").status_code == 404


def test_over_the_network_the_plugin_tells_and_asks_and_both_are_believed(web: str, php: str, tmp_path: Path) -> None:
    from apps.core import clock
    from apps.dashboard.companion import plugin_of
    from apps.ingestion.models import Delivery
    from apps.stores.models import Store

    store = open_store(rules={"capture": "accounts"})
    (tmp_path / "mandje.php").write_bytes(shipped.configured(plugin_of(store, clock.now())))
    story = {"online": True, "does": [["puts", 13, 1], ["pushes"], ["refreshes"]]}

    lived = json.loads(run(php, HERE / "talk.php", tmp_path / "mandje.php", told=json.dumps(story)))

    assert Delivery.objects.of(store).get().topic == "cart.updated"
    assert Store.objects.get(pk=store.pk).signature_version == 2
    assert lived["settings"]["mode"] == "accounts"
    assert lived["box"] == plugin_of(store, clock.now()).box
