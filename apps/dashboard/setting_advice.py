"""What we advise an owner beside a setting, from the shop's own figures."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Final

from django.utils.translation import get_language
from django.utils.translation import gettext as _

from apps.mail import money
from apps.offers.limits import usual_order
from apps.stores.models import Store

MORE: Final = Decimal(10)
"""A free-shipping threshold a little above the usual order makes people add one thing (product.md B48)."""


def advice(store: Store, at: datetime) -> Mapping[str, str]:
    """Setting name → a sentence; nothing where there are no orders to go by."""
    usual = usual_order(store.pk, store.currency, at)
    if usual <= 0:
        return {}
    reader = money.reader(get_language() or store.language, store.country)
    values = {
        "usual": money.money(usual, store.currency, reader),
        "advised": money.whole((usual + MORE).quantize(Decimal(1), ROUND_HALF_UP), store.currency, reader),
    }
    return {
        "profile.free_shipping_from": _("Your usual order is %(usual)s; %(advised)s invites people to add one thing.")
        % values
    }
