"""What only the operator of the installation looks at."""

from __future__ import annotations

from django.contrib import admin

from apps.dashboard.admin.base import ScopedAdmin
from apps.events.models import Announcement, Event
from apps.flows.models import Enrollment, StepRun
from apps.ingestion.models import Errand, Telling


@admin.register(Event)
class EventAdmin(ScopedAdmin):
    """The diary."""

    operator_only = True
    list_display = ("kind", "store_id", "customer_id", "subject", "occurred_at", "recorded_at")
    list_filter = ("kind",)
    ordering = ("-id",)


@admin.register(Announcement)
class AnnouncementAdmin(ScopedAdmin):
    """Events still to be told."""

    operator_only = True
    list_display = ("event", "due_at", "attempts", "reason")
    list_select_related = ("event",)
    ordering = ("due_at",)


@admin.register(Enrollment)
class EnrollmentAdmin(ScopedAdmin):
    """Everybody who is or was in a flow."""

    operator_only = True
    list_display = ("__str__", "store", "flow", "customer", "status", "reason", "position", "due_at")
    list_filter = ("status",)
    list_select_related = ("store", "flow", "customer")
    ordering = ("-id",)


@admin.register(StepRun)
class StepRunAdmin(ScopedAdmin):
    """Every step taken."""

    operator_only = True
    list_display = ("enrollment", "position", "kind", "outcome", "at")
    list_filter = ("kind", "outcome")
    list_select_related = ("enrollment",)
    ordering = ("-id",)


@admin.register(Errand)
class ErrandAdmin(ScopedAdmin):
    """What we ask of shops, and how that goes."""

    operator_only = True
    list_display = ("store", "kind", "what", "due_at", "done", "total", "failures", "trouble", "ended_at")
    list_filter = ("kind", "what", "trouble")
    list_select_related = ("store",)
    ordering = ("due_at", "id")


@admin.register(Telling)
class TellingAdmin(ScopedAdmin):
    """Answers about marketing mail that shops do not know yet."""

    operator_only = True
    list_display = ("customer", "store", "at")
    list_select_related = ("customer", "store")
    ordering = ("at",)
