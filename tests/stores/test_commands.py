"""The commands a script reads: JSON alone on stdout, every error on stderr, exit 1."""

from __future__ import annotations

import json

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.utils import translation

from apps.flows.models import Flow
from apps.stores.models import Store

pytestmark = pytest.mark.django_db

GOOD = ("--platform=woocommerce", "--name=Molenzicht", "--url=https://m.example", "--webhook-secret=abc")


def run(capsys, *words):
    call_command(*words)
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_add_store_prints_one_object_and_nothing_else(capsys, settings):
    (answer,) = run(capsys, "add_store", *GOOD)

    store = Store.objects.get()
    url = f"{settings.ENV.public_url}/webhooks/woocommerce/{store.key}/"
    assert answer == {"key": store.key, "webhook_url": url}


def test_add_store_takes_every_flag(capsys):
    flags = [
        *("--shop-domain=m.myshopify.com", "--currency=usd", "--language=en", "--formality=u"),
        *("--time-zone=Europe/Paris", "--country=fr", "--abandon-after=30s", "--holdout=10"),
        *("--from-email=a@m.example", "--postal-address=Here", "--webhook-secret=def"),
        *("--set", "quiet=off", "--set", "caps=off"),
    ]

    run(capsys, "add_store", *GOOD, *flags)

    store = Store.objects.get()
    assert (store.currency, store.language, store.country) == ("USD", "en", "FR")
    assert store.abandon_after.total_seconds() == 30
    assert store.rules == {"quiet": "off", "caps": "off"}
    assert [secret.value for secret in store.secrets.all()] == ["abc", "def"]
    assert not store.secrets.filter(retires_at__isnull=False).exists()


def test_a_kit_brings_its_flows_switched_off(capsys):
    run(capsys, "add_store", *GOOD, "--kit=starting")

    assert list(Flow.objects.values_list("slug", "live")) == [
        ("abandoned-cart", False), ("abandoned-checkout", False), ("unpaid-order", False),
    ]  # fmt: skip


def test_nonsense_says_everything_at_once_and_writes_nothing(capsys):
    with pytest.raises(CommandError) as refused:
        call_command("add_store", "--platform=woo", "--holdout=200", "--set=quit=off", "--kit=best")

    said = str(refused.value)
    for words in ("platform: expected", "holdout: expected", "near it: quiet", "--kit: expected"):
        assert words in said
    assert "name: is missing" in said
    assert "webhook_secret: is missing" in said
    assert not Store.objects.exists()
    assert capsys.readouterr().out == ""


def test_an_unknown_flag_is_exit_one():
    with pytest.raises(CommandError, match="unrecognized"):
        call_command("set_store", "key", "--nonsense")


def test_set_store_prints_what_changed(capsys):
    run(capsys, "add_store", *GOOD)
    key = Store.objects.get().key

    (answer,) = run(capsys, "set_store", key, "quiet=off", "abandon-after=90m")

    assert answer == {"quiet": "off", "abandon_after": "90m"}


def test_set_store_without_settings_prints_them_all(capsys):
    run(capsys, "add_store", *GOOD)

    (answer,) = run(capsys, "set_store", Store.objects.get().key)

    assert answer["name"] == "Molenzicht"
    assert "abc" not in json.dumps(answer)


def test_set_store_knows_its_stores():
    with pytest.raises(CommandError, match="there is no store 'nobody'; there are: none"):
        call_command("set_store", "nobody", "quiet=off")


def test_list_stores_is_one_object_a_line(capsys):
    run(capsys, "add_store", *GOOD)

    (answer,) = run(capsys, "list_stores")

    assert answer["name"] == "Molenzicht"
    assert answer["webhook_url"].endswith("/")


def test_the_commands_speak_english_whatever_the_screens_do():
    with translation.override("nl"), pytest.raises(CommandError, match="expected name=value"):
        call_command("add_store", *GOOD, "--set=nonsense")
