"""A member of staff of one shop, in a browser that asks for pages of another."""

from __future__ import annotations

import urllib.error
import urllib.request
from collections.abc import Callable
from http.cookiejar import CookieJar
from typing import Any

from django.conf import settings
from django.urls import reverse

from apps.accounts.models import Membership, User
from apps.dashboard.management.commands._try_shop import TryShop
from config.login import link_for


def log_in(shop: TryShop) -> Callable[[str], int]:
    """A marketer of this shop alone, in a browser; returns what a page answers them."""
    user, _ = User.objects.get_or_create(username="marketeer-probeer", defaults={"is_staff": True})
    Membership.objects.get_or_create(user=user, store=shop.store, defaults={"role": "marketer"})
    browser = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(CookieJar()))
    _status(browser, link_for(user, settings.ENV.public_url))
    return lambda path: _status(browser, f"{settings.ENV.public_url}{path}")


def _status(browser: urllib.request.OpenerDirector, url: str) -> int:
    try:
        with browser.open(url, timeout=30) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as refused:
        return refused.code


def newest_page(model: Any, shop: TryShop) -> str:
    """The page of the newest row that this shop has."""
    return page_of(model, model.objects.of(shop.store).order_by("-pk").first().pk)


def page_of(model: Any, pk: int) -> str:
    """The address of a row in admin."""
    label = model._meta.label_lower.replace(".", "_")  # noqa: SLF001 -- Django's own way to say it
    return reverse(f"admin:{label}_change", args=[pk])
