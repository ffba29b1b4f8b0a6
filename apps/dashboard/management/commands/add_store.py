"""Add a shop: `add_store --platform woocommerce --name N --url U --webhook-secret S`."""

from __future__ import annotations

import secrets as random
from argparse import ArgumentParser
from typing import Any, Final

from django.core.management.base import CommandError, no_translations
from django.db import transaction

from apps.core import clock
from apps.dashboard.keys_given import add_keys, connected, given, way_for
from apps.flows.presets import install_kit, kits
from apps.stores.adding import Draft, add, draft, webhook_url
from apps.stores.commanding import StoreCommand
from apps.stores.models import Store
from apps.stores.platforms.base import platforms
from apps.stores.settings_changing import SettingsRefused

FLAGS: Final = (
    "name",
    "url",
    "shop-domain",
    "currency",
    "language",
    "formality",
    "time-zone",
    "country",
    "abandon-after",
    "from-email",
    "from-name",
    "reply-to",
    "postal-address",
    "holdout",
)
"""Flags that are settings of the same name."""


class Command(StoreCommand):
    help = "Adds a shop and prints its key and webhook address as one JSON object."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--platform", default="", help="woocommerce or shopify")
        parser.add_argument(
            "--webhook-secret",
            action="append",
            default=[],
            help="the secret the shop signs with; repeat it when there are several; not needed with keys",
        )
        for flag in FLAGS:
            parser.add_argument(f"--{flag}")
        parser.add_argument("--kit", help="flows to start with, paused until you switch them on")
        parser.add_argument(
            "--set",
            action="append",
            default=[],
            dest="pairs",
            metavar="name=value",
            help="any other setting; see set_store --names",
        )
        add_keys(parser)

    @no_translations
    def handle(self, *args: Any, platform: str, pairs: list[str], **options: Any) -> None:
        keys = given(options)
        if keys and platform in platforms:
            way_for(platform, keys)
        flags = {flag: options[flag.replace("-", "_")] for flag in FLAGS}
        settings = [f"{flag}={value}" for flag, value in flags.items() if value is not None]
        try:
            secrets = options["webhook_secret"] or ([random.token_hex(24)] if keys else [])
            planned = _planned(platform, [*settings, *pairs], secrets, options["kit"])
            store = _made(planned, options["kit"])
        except SettingsRefused as refused:
            raise CommandError("\n".join(refused.errors)) from None
        said = {"key": store.key, "webhook_url": webhook_url(store)}
        if not keys:
            self.say(said)
            return
        try:
            self.say(said | connected(store, keys, clock.now()))
        except CommandError as refused:
            # The shop is there: another try needs its key and nothing else.
            self.say(said | {"connected": False})
            raise CommandError(f"{refused}\nThe shop was added. Try again: connect_store {store.key} …") from None


def _planned(platform: str, pairs: list[str], secrets: list[str], kit: str | None) -> Draft:
    """What is to be made; raises SettingsRefused with everything that is wrong."""
    errors = []
    if kit is not None and kit not in kits():
        errors.append(f"--kit: expected one of {', '.join(kits())}; got {kit[:40]!r}")
    try:
        planned = draft(platform, pairs, secrets)
    except SettingsRefused as refused:
        raise SettingsRefused([*refused.errors, *errors]) from None
    if errors:
        raise SettingsRefused(errors)
    return planned


@transaction.atomic
def _made(planned: Draft, kit: str | None) -> Store:
    at = clock.now()
    store = add(planned, at)
    if kit:
        install_kit(store, kit, at)
    return store
