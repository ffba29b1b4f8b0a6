"""Keys given to commands: used, sealed, and never said again."""

from __future__ import annotations

import json
from collections.abc import Iterator
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from apps.dashboard.checkup import checkup
from apps.stores.models import Connection, Store
from tests.shops.woocommerce import WooCommerceShop

pytestmark = pytest.mark.django_db


@pytest.fixture
def woo() -> Iterator[WooCommerceShop]:
    shop = WooCommerceShop(companion="1.0.0")
    yield shop
    shop.close()


def run(*words: str, **more: Any) -> str:
    out = StringIO()
    call_command(*words, stdout=out, **more)
    return out.getvalue()


def added(shop: WooCommerceShop, *keys: str) -> str:
    return run("add_store", "--platform", "woocommerce", "--name", "Molenzicht", "--url", shop.url, *keys)


def test_a_shop_is_added_and_connected_by_one_command(woo: WooCommerceShop) -> None:
    said = added(woo, "--consumer-key", woo.keys.key, "--consumer-secret", woo.keys.secret, "--kit", "first-successes")

    told = json.loads(said)
    assert (told["connected"], told["way"], told["key"]) == (True, "keys", Store.objects.get().key)
    assert told["webhooks"] == len(woo.webhooks) > 0
    assert woo.keys.secret not in said
    assert woo.keys.key not in said
    line = next(one for one in checkup() if one.name == "keys of Molenzicht")
    assert "accepted" in line.said


def test_keys_that_do_not_open_leave_the_shop_and_say_nothing_of_themselves(woo: WooCommerceShop) -> None:
    out, wrong = StringIO(), f"cs_{'0' * 40}"

    with pytest.raises(CommandError, match="refused our keys") as refused:
        call_command(
            "add_store", "--platform", "woocommerce", "--name", "M", "--url", woo.url,
            "--consumer-key", woo.keys.key, "--consumer-secret", wrong, stdout=out,
        )  # fmt: skip

    assert wrong not in str(refused.value) + out.getvalue()
    assert json.loads(out.getvalue())["connected"] is False
    key = Store.objects.get().key
    again = run(
        "connect_store", key, "--credential", f"consumer_key={woo.keys.key}",
        "--credential", f"consumer_secret={woo.keys.secret}",
    )  # fmt: skip
    assert json.loads(again)["connected"] is True


def test_set_store_takes_settings_and_keys_together(woo: WooCommerceShop) -> None:
    key = json.loads(added(woo, "--webhook-secret", "a-secret-of-our-own"))["key"]

    said = run(
        "set_store", key, "holdout=10", "--consumer-key", woo.keys.key, "--consumer-secret", woo.keys.secret
    )  # fmt: skip

    assert json.loads(said)["holdout"] == "10"
    assert Connection.objects.get().connected_at
    line = next(one for one in checkup() if one.name == "keys of Molenzicht")
    assert line.level == "green", line


@pytest.mark.parametrize(
    "keys", [("--consumer-key", "ck_1"), ("--credential", "geheim"), ("--token", "t"), ("--credential", "other=geheim")]
)
def test_keys_that_fit_no_way_make_no_shop(woo: WooCommerceShop, keys: tuple[str, str]) -> None:
    with pytest.raises(CommandError) as refused:
        added(woo, *keys)

    assert "geheim" not in str(refused.value)
    assert not Store.objects.exists()


def test_a_shop_without_keys_is_named_by_doctor(woo: WooCommerceShop) -> None:
    added(woo, "--webhook-secret", "a-secret-of-our-own")

    line = next(one for one in checkup() if one.name == "keys of Molenzicht")

    assert (line.level, "connect_store" in line.mend) == ("amber", True)
