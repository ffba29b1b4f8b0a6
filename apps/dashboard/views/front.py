"""The first page: anybody types a shop's address and sees its basket mail. A GET asks nobody anything."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from csp.constants import SELF, UNSAFE_INLINE
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.loader import render_to_string
from django.utils import translation
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from apps.accounts.models import User
from apps.core import clock
from apps.dashboard.ownshop.address import LONGEST
from apps.dashboard.ownshop.glances import may_look
from apps.dashboard.ownshop.looking import Busy, Shop, look
from apps.dashboard.ownshop.showing import mails
from apps.stores.errors import ShopTrouble
from apps.stores.troubles import explain

# The site's own referrer policy stays: a page without any makes browsers send forms from nowhere.
HEADERS = {"X-Robots-Tag": "noindex, nofollow"}


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def front(request: HttpRequest) -> HttpResponse:
    """Staff go to work; a visitor sees the question, and after a POST the answer."""
    user = request.user if isinstance(request.user, User) else None
    if request.method != "POST":
        return redirect("admin:index") if user and user.is_staff else _page(request, {})
    with translation.override(_language(user)):
        return _page(request, _looked(request))


def _language(user: User | None) -> str:
    return user.language if user and user.language in dict(settings.LANGUAGES) else get_language() or "en"


def _looked(request: HttpRequest) -> dict[str, Any]:
    typed = request.POST.get("address", "").strip()[: LONGEST + 1]
    if not typed:
        return {"said": _("Type the address of your shop."), "mend": _("For example molenzicht.nl.")}
    if not may_look(request, clock.now()):
        return {
            "typed": typed,
            "said": _("That was a lot of looking in a short time."),
            "mend": _("Wait ten minutes and try again."),
        }
    try:
        shop = look(typed, loopback=settings.ENV.allow_loopback_shops)
    except ShopTrouble as trouble:
        said, mend = told(trouble)
        return {"typed": typed, "said": said, "mend": mend}
    except Busy:
        return {
            "typed": typed,
            "said": _("Others are looking at their shops just now."),
            "mend": _("Try again in a few seconds."),
        }
    return {"typed": typed, "shop": shop, "mails": mails(shop, get_language() or "en")}


def told(trouble: ShopTrouble) -> tuple[str, str]:
    """What went wrong with an address that somebody typed just now: here nobody asks again by himself."""
    said, mend = explain(trouble.trouble, trouble.values)
    if trouble.retry_after is not None:
        mend = _("Is the address right? Open it in your browser; if the shop is there, try again in a minute.")
    return said, mend


def _page(request: HttpRequest, context: dict[str, Any]) -> HttpResponse:
    shop: Shop | None = context.get("shop")
    html = render_to_string("ownshop/page.html", {"member": request.user.is_authenticated, **context}, request)
    response = HttpResponse(html, headers=HEADERS)
    if shop is not None:
        # The pictures come from the shop to the visitor's own browser; a mail's look stands in its own words.
        policy = {
            "style-src": [SELF, UNSAFE_INLINE],
            "img-src": [SELF, "data:", "https:", *_own(shop)],
            "frame-src": [SELF],
        }
        response._csp_replace = policy  # type: ignore[attr-defined]  # noqa: SLF001 -- django-csp's own way
    return response


def _own(shop: Shop) -> list[str]:
    """A shop on this very machine, in development, has no https."""
    parts = urlsplit(shop.url)
    return [f"{parts.scheme}://{parts.netloc}"] if parts.scheme == "http" else []
