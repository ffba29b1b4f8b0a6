"""What is done to surveys and low scores: the shipped ones fetched, a question made, a score looked after."""

from __future__ import annotations

from datetime import datetime

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _

from apps.accounts.roles import Deed, may
from apps.core import clock
from apps.customers import holding
from apps.dashboard import asked
from apps.dashboard.journal import note
from apps.dashboard.survey_form import QuestionForm
from apps.dashboard.views.doors import on
from apps.feedback import answering, surveys
from apps.feedback.models import LowScore
from apps.stores.models import Store


@on(Store, Deed.WRITE)
def fetch(request: HttpRequest, store: Store) -> HttpResponse:
    """The surveys that ship with the engine, as this shop's own."""
    surveys.install(store.pk, clock.now())
    messages.success(request, _("They are here. A flow asks them; until then nobody is asked."))
    return redirect("admin:feedback_survey_changelist")


@on(Store, Deed.WRITE)
def make(request: HttpRequest, store: Store) -> HttpResponse:
    """A question of one's own, on its page from then on."""
    form = QuestionForm(request.POST)
    survey = form.save(store) if form.is_valid() else None
    if survey is not None:
        note(request, survey, _("made"))
        messages.success(request, _("The question is made. A flow asks it by its short name: %s.") % survey.slug)
        return redirect("admin:feedback_survey_change", survey.pk)
    for name, wrong in form.errors.items():
        label = form.fields[name].label if name in form.fields else ""
        messages.error(request, f"{label}: {' '.join(str(one) for one in wrong)}".strip(": "))
    return redirect("admin:feedback_survey_changelist")


@on(LowScore, Deed.WRITE)
def attend(request: HttpRequest, low: LowScore) -> HttpResponse:
    """Somebody wrote or called: the alarm stops; and if the owner says so, promotions no longer wait."""
    at = clock.now()
    # Whoever may lift a hold on the customer's page may do it here.
    lifts = bool(request.POST.get("lift")) and may(request.user, Deed.MANAGE, low.store_id)
    if answering.attend(low, at):
        note(request, low, _("looked after"))
        stands = _("Noted. The alarm is off; the hold on promotions stands on the customer's page.")
        messages.success(request, _("Noted. The alarm is off.") if lifts else stands)
    if lifts:
        _lift(request, low, at)
    return redirect("admin:feedback_lowscore_changelist")


def _lift(request: HttpRequest, low: LowScore, at: datetime) -> None:
    """End what low scores hold back from this person; a return, a complaint or a delay goes on to."""
    for hold in asked.holds_of(low, at):
        holding.lift(hold, at)
        note(request, hold.customer, _("lifted a hold: %(kind)s") % {"kind": hold.get_kind_display()})
        messages.success(request, _("Lifted. Promotions that still wait go within the hour."))
