"""What is done to a shop's connection, and the parts of its page that turn green by themselves."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Final

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache

from apps.accounts.roles import Deed, may
from apps.core import clock
from apps.dashboard import handovers, sender_domains, tasks
from apps.dashboard.checklist import checklist
from apps.dashboard.journal import note
from apps.dashboard.liaison import Liaison, liaison, platform_name
from apps.dashboard.models import Attestation
from apps.dashboard.views.doors import on
from apps.dashboard.views.front import told
from apps.ingestion import joining
from apps.ingestion.errands import BACKFILLED
from apps.ingestion.progress import ask_now, progress
from apps.mail.models import Template
from apps.stores import connecting
from apps.stores.errors import ShopTrouble
from apps.stores.models import Store
from apps.stores.platforms.base import platforms

YEARS: Final = (1, 2, 3, 5)


@never_cache
@on(Store, Deed.READ)
def green(request: HttpRequest, store: Store) -> HttpResponse:
    """The checklist alone, asked for every few seconds while somebody looks."""
    return render(request, "dashboard/_checklist.html", checklist_context(request, store, clock.now()))


@never_cache
@on(Store, Deed.READ)
def card(request: HttpRequest, store: Store) -> HttpResponse:
    """The connection alone, for the same reason."""
    return render(request, "dashboard/_connection.html", card_context(request, store, clock.now()))


def checklist_context(request: HttpRequest, store: Store, at: datetime) -> dict[str, Any]:
    return {"store": store, "checklist": checklist(store, at), "may_manage": may(request.user, Deed.MANAGE, store)}


def card_context(request: HttpRequest, store: Store, at: datetime) -> dict[str, Any]:
    """Everything the connection card shows."""
    known, errands = liaison(store), progress(store)
    history = [one for one in errands if one.kind == "backfill"]
    return {
        "store": store,
        "known": known,
        "platform": platform_name(store),
        "feed_age": known.feed_age(at),
        "feed_fresh": known.feed_is_fresh(at),
        "history": history,
        "fetching": any(one.due_at is not None for one in history),
        "stopped": [one for one in errands if one.trouble and one.kind != "backfill"],
        "years": YEARS,
        "waiting": handovers.arrived(store, at) is not None,
        "may_manage": may(request.user, Deed.MANAGE, store),
        "plugin": _plugin(store),
        "still": _still(known, history),
    }


def _still(known: Liaison, history: list[Any]) -> bool:
    """Nothing on the card moves by itself just now."""
    return not any(one.due_at is not None for one in history) and known.trouble is None


def _plugin(store: Store) -> str:
    return reverse("dashboard:companion-download", args=[store.pk]) if store.platform == "woocommerce" else ""


@on(Store, Deed.MANAGE)
def audit(request: HttpRequest, store: Store) -> HttpResponse:
    """Look at the shop now, and mend what can be mended."""
    try:
        report = connecting.audit(store.pk, clock.now())
    except ShopTrouble as trouble:
        messages.error(request, " ".join(told(trouble)))
        return _back(store)
    note(request, store, _("checked"))
    open_ends = [finding for finding in report.findings if not finding.mended]
    if open_ends:
        messages.warning(request, _("The shop answers; see what is left to do below."))
    else:
        messages.success(request, _("The shop answers and all is well."))
    return _back(store)


@on(Store, Deed.MANAGE)
def fetch(request: HttpRequest, store: Store) -> HttpResponse:
    """The years before, asked for again from the beginning."""
    asked = request.POST.get("years", "")
    years = int(asked) if asked in {str(year) for year in YEARS} else YEARS[0]
    at, can = clock.now(), platforms.get(store.platform).can
    for what in BACKFILLED:
        if what in can:
            ask_now(store, "backfill", what, at, since=timedelta(days=365 * years))
    note(request, store, _("history of %(years)s years asked for") % {"years": years})
    messages.success(request, _("The history is being fetched. It starts no mail."))
    return _back(store)


@on(Store, Deed.MANAGE)
def disconnect(request: HttpRequest, store: Store) -> HttpResponse:
    """The keys go; only somebody who ticked that it is meant."""
    if request.POST.get("sure") != "1":
        messages.error(request, _("Tick that you are sure; nothing was changed."))
        return _back(store)
    joining.leave(store, clock.now())
    note(request, store, _("disconnected"))
    messages.success(request, _("%(store)s is disconnected: it is heard, and no longer asked.") % {"store": store.name})
    return _back(store)


@on(Store, Deed.MANAGE)
def attest(request: HttpRequest, store: Store) -> HttpResponse:
    """Somebody looked, and says how it is: kept with the day and the name."""
    subject = request.POST.get("subject", "")
    if subject in (Attestation.Subject.OWN_MAIL_OFF, Attestation.Subject.DOMAIN_SET):
        _attested(request, store, subject)
        messages.success(request, _("Noted, with today's date and your name."))
    return _back(store)


@on(Store, Deed.MANAGE)
def look_up_domain(request: HttpRequest, store: Store) -> HttpResponse:
    """Soon, by a worker: no page waits for name servers."""
    sender_domains.ask(store, clock.now())
    transaction.on_commit(tasks.hurry_domains)
    messages.success(request, _("The domain is being looked up; its line changes by itself."))
    return _back(store)


@on(Store, Deed.WRITE)
def mails(request: HttpRequest, store: Store) -> HttpResponse:
    """To the first mail of the shop, in its own look."""
    _attested(request, store, Attestation.Subject.MAIL_SEEN)
    first = Template.objects.of(store).filter(locale=store.locale).order_by("slug").first()
    return redirect("admin:mail_template_change", first.pk) if first else redirect("admin:mail_template_changelist")


def _attested(request: HttpRequest, store: Store, subject: str) -> None:
    said = {"at": clock.now(), "user": request.user}
    Attestation.objects.update_or_create(store=store, subject=subject, defaults=said)
    note(request, store, str(Attestation.Subject(subject).label))


def _back(store: Store) -> HttpResponse:
    return redirect("admin:stores_store_change", store.pk)
