"""The WordPress plugin as one shop gets it: what it is told, and what is new in it."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Final

from django.conf import settings
from django.core import signing
from django.urls import reverse

from apps.stores import notices, secrets_ring
from apps.stores.adding import webhook_url
from apps.stores.models import Notice, Store
from apps.stores.platforms.woocommerce.plugin import NEEDS, VERSION, Configuration
from apps.stores.rules import Rules

PLATFORM: Final = "woocommerce"
PACKAGE_LIFE: Final = timedelta(days=3)
"""WordPress keeps the address of a package for half a day, and installs when the owner says so."""
_SALT: Final = "companion package"


def plugin_of(store: Store, at: datetime) -> Configuration:
    """The plugin of this shop; its secret is '' when the shop has none yet."""
    text = notices.present(store, Notice.Kind.OPT_IN)
    return Configuration(
        endpoint=webhook_url(store),
        updates=f"{settings.ENV.public_url}/companion/{store.key}/",
        secret=secrets_ring.newest(store, at),
        mode=Rules.of(store).capture,
        box=text.text if text else "",
        text_version=f"notice:{text.pk}" if text else "",
    )


def news(store: Store) -> dict[str, Any]:
    """What anybody may know: there is this version, and what it needs."""
    return {"version": VERSION, "url": store.url, **NEEDS}


def news_for_the_shop(store: Store, at: datetime) -> dict[str, Any]:
    """What only the shop's own plugin is told: its newest settings, and where its package is."""
    plugin = plugin_of(store, at)
    token = signing.dumps(store.key, salt=_SALT)
    package = reverse("dashboard:companion-package", args=[store.key, token])
    return news(store) | {
        "package": f"{settings.ENV.public_url}{package}",
        "settings": {
            "mode": plugin.mode,
            "countries": plugin.countries,
            "box": plugin.box,
            "text_version": plugin.text_version,
        },
    }


def may_fetch(store: Store, token: str) -> bool:
    """Whether this token was made for this shop, not long ago."""
    try:
        return bool(signing.loads(token, salt=_SALT, max_age=PACKAGE_LIFE) == store.key)
    except signing.BadSignature:
        return False
