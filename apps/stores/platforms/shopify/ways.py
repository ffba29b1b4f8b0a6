"""The ways to connect a Shopify shop, the best first (shopify.md 9; docs/connect-shopify.md)."""

from __future__ import annotations

from typing import Final

from django.utils.translation import gettext_lazy as _

from apps.stores.platforms.calling import Credential, Way

_ID: Final = Credential(
    name="client_id",
    label=_("Client ID"),
    help=_("In the Dev Dashboard: your app, Settings."),
    secret=False,
    pattern=r"[A-Za-z0-9_-]{8,100}",
    example="0f1e2d3c4b5a69788796a5b4c3d2e1f0",
)
_SECRET: Final = Credential(
    name="client_secret",
    label=_("Client secret"),
    help=_("Beside the client ID. Shopify signs its webhooks with it."),
    pattern=r"[\x21-\x7e]{16,200}",
    example="shpss_…",
)

WAYS: Final = (
    Way(
        name="client_credentials", label=_("An app of your own, made in the Dev Dashboard"), credentials=(_ID, _SECRET)
    ),
    Way(
        name="token",
        label=_("An older app, made in the shop's admin"),
        credentials=(
            Credential(
                name="token",
                label=_("Admin API access token"),
                help=_("Shopify showed it once, when the app was installed."),
                pattern=r"[\x21-\x7e]{20,200}",
                example="shpat_…",
            ),
            Credential(
                name="api_secret",
                label=_("API secret key"),
                help=_("On the same page. Shopify signs its webhooks with it."),
                pattern=r"[\x21-\x7e]{16,200}",
                example="shpss_…",
            ),
        ),
    ),
    Way(
        name="oauth",
        label=_("An agency's app"),
        credentials=(
            _ID,
            _SECRET,
            # Of these two the shop gives one, when its owner approves.
            Credential(name="token", label=_("Access token"), help=_("Comes from the shop when its owner approves.")),
            Credential(
                name="refresh_token",
                label=_("Refresh token"),
                help=_("Comes from the shop when its owner approves."),
            ),
        ),
    ),
)
