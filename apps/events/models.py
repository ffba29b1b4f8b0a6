"""The diary: what happened, never changed; and what is still to be told."""

from __future__ import annotations

from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _


class Event(models.Model):
    """Something that happened. Plain ids without foreign keys, so that every floor above may append.

    `data` holds ids, amounts and our own words, never a name or an address: erasing a person deletes the
    mapping and leaves the sums. A trigger refuses UPDATE and DELETE outside retention and erasure.
    """

    store_id = models.BigIntegerField()
    customer_id = models.BigIntegerField(null=True)
    subject = models.CharField(max_length=80)
    kind = models.CharField(_("kind"), max_length=60)
    occurred_at = models.DateTimeField(_("occurred at"))
    recorded_at = models.DateTimeField(_("recorded at"), db_default=Now())
    shape = models.SmallIntegerField(default=1)
    source_key = models.CharField(max_length=120)
    data = models.JSONField(default=dict)

    class Meta:
        verbose_name = _("event")
        verbose_name_plural = _("events")
        constraints = [
            models.UniqueConstraint(fields=["store_id", "kind", "source_key"], name="an_event_is_told_once"),
        ]
        indexes = [
            # The customer's timeline, newest first.
            models.Index(fields=["customer_id", "-occurred_at"], name="event_of_customer"),
            # Daily numbers of one store.
            models.Index(fields=["store_id", "kind", "occurred_at"], name="event_of_store"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.subject}"


class Announcement(models.Model):
    """An event still to be told to its listeners; the row goes when all have heard."""

    event = models.OneToOneField(Event, on_delete=models.CASCADE, primary_key=True)
    due_at = models.DateTimeField(_("due at"))
    attempts = models.SmallIntegerField(default=0)
    reason = models.TextField(_("reason"), blank=True, default="")

    class Meta:
        verbose_name = _("announcement")
        verbose_name_plural = _("announcements")
        # The announcing tick: oldest due first.
        indexes = [models.Index(fields=["due_at", "event"], name="announcement_due")]

    def __str__(self) -> str:
        return f"announcement of event {self.event_id}"
