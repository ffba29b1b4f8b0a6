"""The companion plugin for WordPress, and how it leaves here: configured for one shop, as PHP or as a zip."""

from __future__ import annotations

from apps.stores.platforms.woocommerce.plugin.asking import SIGNATURE, asker
from apps.stores.platforms.woocommerce.plugin.packing import (
    BOX_COUNTRIES,
    NEEDS,
    VERSION,
    Configuration,
    configured,
    packed,
)

__all__ = ["BOX_COUNTRIES", "NEEDS", "SIGNATURE", "VERSION", "Configuration", "asker", "configured", "packed"]
