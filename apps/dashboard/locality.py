"""Staff read in their own language, and see moments in the time of the shop they look at."""

from __future__ import annotations

from collections.abc import Callable
from zoneinfo import ZoneInfo

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils import timezone, translation

from apps.accounts.models import User
from apps.accounts.roles import visible
from apps.stores.models import Store

Answer = Callable[[HttpRequest], HttpResponse]


class StaffLocality:
    """Within /admin/: the language kept with the person, and the time zone of their first shop."""

    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        user = request.user if request.path.startswith("/admin/") else None
        if not isinstance(user, User):
            return self.get_response(request)
        _speak(request, user)
        with timezone.override(_zone(request, user)):
            return self.get_response(request)


def _speak(request: HttpRequest, user: User) -> None:
    if user.language in dict(settings.LANGUAGES):
        translation.activate(user.language)
        request.LANGUAGE_CODE = user.language


def _zone(request: HttpRequest, user: User) -> ZoneInfo:
    """The zone of the shop that the address names, else of the first."""
    stores = visible(Store.objects.all(), user)
    asked = request.GET.get("store", "")
    chosen = stores.filter(pk=asked).first() if asked.isdecimal() and len(asked) < 19 else None
    store = chosen or stores.order_by("name", "pk").first()
    return ZoneInfo(store.time_zone if store else settings.TIME_ZONE)
