"""Templates, messages, and the outbox."""

# ruff: noqa: ARG002 -- the signatures are Django's
from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext_lazy as _

from apps.accounts.roles import Deed, may
from apps.core import clock
from apps.dashboard import letters
from apps.dashboard.admin.base import ScopedAdmin, StoreFilter
from apps.dashboard.admin.filters import FlowOfMail, ReasonOfMail, StateOfMail
from apps.dashboard.editing import editor
from apps.dashboard.explaining import because_of
from apps.dashboard.timeline import mail_moment, subject_of
from apps.dashboard.verdict_words import evidence_lines, verdict_lines
from apps.mail.headlines import headline
from apps.mail.models import Message, OutboxMail, Template


@admin.register(Template)
class TemplateAdmin(ScopedAdmin):
    """What the shop says, with an editor that shows it at once."""

    page_template = "dashboard/template.html"
    list_display = ("slug", "subject_line", "locale", "store", "live_number", "changed_at")
    list_filter = (StoreFilter, "locale")
    list_select_related = ("store", "live")
    search_fields = ("slug", "subject")

    @admin.display(description=_("subject"), ordering="subject")
    def subject_line(self, template: Template) -> str:
        return headline(template.subject)

    @admin.display(description=_("in use"))
    def live_number(self, template: Template) -> str:
        return f"v{template.live.number}" if template.live else "–"

    def page_context(self, request: HttpRequest, row: Any) -> dict[str, Any]:
        return editor(row, may_write=may(request.user, Deed.WRITE, row.store_id), at=clock.now())


@admin.register(Message)
class MessageAdmin(ScopedAdmin):
    """One row per mail, and everything that became of it."""

    page_template = "dashboard/message.html"
    list_display = ("subject_line", "store", "customer", "status", "reason_line", "kind", "planned_at", "sending_at")
    list_filter = (StoreFilter, StateOfMail, ReasonOfMail, FlowOfMail, "kind")
    list_select_related = ("store", "customer", "cart", "letter")
    search_fields = ("customer__email", "template_slug", "letter__subject")
    ordering = ("-planned_at", "-id")

    @admin.display(description=_("subject"))
    def subject_line(self, message: Message) -> str:
        return subject_of(message)

    @admin.display(description=_("reason"))
    def reason_line(self, message: Message) -> str:
        return because_of(message).sentence if message.reason else ""

    def page_context(self, request: HttpRequest, row: Any) -> dict[str, Any]:
        manages = may(request.user, Deed.MANAGE, row.store_id)
        return {
            "message": row,
            "moment": mail_moment(row),
            "letter": letters.shown(row, clock.now()),
            "verdict": verdict_lines(row),
            "evidence": evidence_lines(row),
            "may_manage": manages,
            "in_doubt": row.status == Message.Status.UNKNOWN,
            "may_settle": manages and row.status == Message.Status.UNKNOWN,
            "restore": letters.way_out(row) if may(request.user, Deed.WRITE, row.store_id) else "",
            "clicks": row.clicks.order_by("-at")[:50],
        }


@admin.register(OutboxMail)
class OutboxAdmin(ScopedAdmin):
    """The mails of an installation that sends nothing, as a mailbox shows them."""

    list_display = ("subject_line", "address", "store", "at")
    list_select_related = ("message", "message__store", "message__letter")
    ordering = ("-at",)
    search_fields = ("message__address", "message__letter__subject")
    list_filter = (StoreFilter,)

    @admin.display(description=_("subject"))
    def subject_line(self, mail: OutboxMail) -> str:
        return subject_of(mail.message)

    @admin.display(description=_("to"))
    def address(self, mail: OutboxMail) -> str:
        return mail.message.address

    @admin.display(description=_("store"))
    def store(self, mail: OutboxMail) -> str:
        return str(mail.message.store)

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        row = self.get_object(request, object_id)
        if row is None:
            raise Http404
        return redirect("admin:mail_message_change", row.pk)
