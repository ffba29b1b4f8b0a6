"""What is done to a template: previewed, saved, published, tried, taken back."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _

from apps.accounts.models import User
from apps.accounts.roles import Deed
from apps.carts.models import Cart
from apps.core import clock
from apps.dashboard import versions
from apps.dashboard.editing import problems, typed
from apps.dashboard.journal import note
from apps.dashboard.previewing import Preview, context_of, preview, sample_of
from apps.dashboard.trying import send_test
from apps.dashboard.views.doors import on
from apps.mail.blocks import Source
from apps.mail.models import Message, Template
from apps.mail.problems import TemplateRefused
from apps.mail.rendering import RenderFailed


def _back(template: Template) -> HttpResponse:
    return redirect("admin:mail_template_change", template.pk)


def _basket(request: HttpRequest, template: Template) -> Cart | None:
    """The basket chosen for the preview: one of this very shop. Raises Http404."""
    asked = request.POST.get("basket", "")
    if not asked:
        return None
    found = Cart.objects.of(template.store_id).filter(pk=asked).first() if asked.isdecimal() else None
    if found is None:
        raise Http404
    return found


@on(Template, Deed.READ)
def show(request: HttpRequest, template: Template) -> HttpResponse:
    """The draft as it stands in the editor; nothing is kept."""
    shown = preview(typed(request.POST), template, _basket(request, template), clock.now())
    return JsonResponse(
        {
            "subject": shown.subject,
            "preheader": shown.preheader,
            "html": shown.html,
            "dark": shown.dark,
            "text": shown.text,
            "size": shown.size,
            "problems": problems(shown),
        }
    )


def _again(request: HttpRequest, template: Template, source: Source, refused: TemplateRefused) -> HttpResponse:
    """The editor with what was typed and what is wrong with it."""
    messages.error(request, _("Nothing was saved: see the line below. The version in use stays in use."))
    page: Any = admin.site.get_model_admin(Template)
    shown = Preview(problems=list(refused.problems))
    answer: HttpResponse = page.page(request, template, source=source, preview=shown, is_live=False)
    return answer


@on(Template, Deed.WRITE)
def save(request: HttpRequest, template: Template) -> HttpResponse:
    source = typed(request.POST)
    try:
        versions.save(template, source)
    except TemplateRefused as refused:
        return _again(request, template, source, refused)
    note(request, template, _("draft saved"))
    messages.success(request, _("The draft is saved. Publish it to send it."))
    return _back(template)


@on(Template, Deed.WRITE)
def publish(request: HttpRequest, template: Template) -> HttpResponse:
    source = typed(request.POST)
    try:
        version = versions.publish(template, source)
    except TemplateRefused as refused:
        return _again(request, template, source, refused)
    note(request, template, _("published version %(number)s") % {"number": version.number})
    messages.success(request, _("Version %(number)s goes out from now on.") % {"number": version.number})
    return _back(template)


@on(Template, Deed.WRITE)
def roll_back(request: HttpRequest, template: Template, number: int) -> HttpResponse:
    version = template.versions.filter(number=min(number, 2**31 - 1)).first()
    if version is None:
        raise Http404
    try:
        made = versions.roll_back(template, version)
    except TemplateRefused as refused:
        return _again(request, template, versions.source_of(version), refused)
    note(request, template, _("back to version %(number)s") % {"number": version.number})
    messages.success(request, _("Version %(number)s goes out from now on.") % {"number": made.number})
    return _back(template)


@on(Template, Deed.WRITE)
def send(request: HttpRequest, template: Template) -> HttpResponse:
    """The draft to whoever is signed in."""
    to = request.user.email if isinstance(request.user, User) else ""
    if not to:
        messages.error(request, _("Your account has no e-mail address; the operator can add one."))
        return _back(template)
    source, cart, at = typed(request.POST), _basket(request, template), clock.now()
    context = context_of(cart, template, at) if cart else sample_of(template)
    try:
        sent = send_test(template, source, context, to, at)
    except TemplateRefused as refused:
        return _again(request, template, source, refused)
    except RenderFailed as failed:
        messages.error(request, str(failed))
        return _back(template)
    _tell(request, sent)
    return _back(template)


def _tell(request: HttpRequest, sent: Message) -> None:
    if sent.status == Message.Status.ACCEPTED:
        messages.success(request, _("A test is on its way to %(address)s.") % {"address": sent.address})
    else:
        messages.error(request, _("The test was not taken: %(answer)s") % {"answer": sent.response})
