"""A mail of another day: one person, one moment."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _

from apps.accounts.roles import Deed
from apps.core import clock
from apps.dashboard import then
from apps.dashboard.views.doors import frame, on
from apps.mail.models import Template


@on(Template, Deed.READ)
def show(request: HttpRequest, template: Template) -> HttpResponse:
    """Who and when stand behind the ? of the address; looking changes nothing."""
    now = clock.now()
    zone = ZoneInfo(template.store.time_zone)
    address, asked = request.GET.get("who", "").strip()[:320], request.GET.get("at", "")
    at = _moment(asked, zone) or now
    person = then.find(template, address) if address else None
    context = {
        "template": template,
        "who": address,
        "at": f"{min(at, now).astimezone(zone):%Y-%m-%dT%H:%M}",
        "unknown": bool(address) and person is None,
        "person": person,
        "then": then.then(template, person, min(at, now)) if person else None,
    }
    return render(request, "dashboard/then.html", frame(request, _("A mail of another day"), **context))


def _moment(given: str, zone: ZoneInfo) -> datetime | None:
    """What a browser's field for a moment says, in the shop's own time."""
    try:
        read = parse_datetime(given)
    except ValueError:
        return None
    return read.replace(tzinfo=zone) if read is not None and read.year > 2000 else None
