"""The inbox: every webhook as it arrived."""

from __future__ import annotations

from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from apps.core.scoping import StoreQuerySet
from apps.stores.models import Store


class Delivery(models.Model):
    """A webhook as it arrived, once per store and de-duplication key."""

    class State(models.TextChoices):
        WAITING = "waiting", _("waiting")
        DONE = "done", _("processed")
        IGNORED = "ignored", _("ignored")
        QUARANTINED = "quarantined", _("set apart")

    # No foreign key and no index of its own: every insert would lock the same store row, a third of the door's work.
    store = models.ForeignKey(
        Store, on_delete=models.CASCADE, related_name="deliveries", db_constraint=False, db_index=False
    )
    topic = models.CharField(_("topic"), max_length=100)
    dedupe_key = models.CharField(max_length=120)
    state = models.CharField(_("state"), max_length=11, choices=State, db_default=State.WAITING)
    received_at = models.DateTimeField(_("received"), db_default=Now())
    triggered_at = models.DateTimeField(_("sent by the shop"), null=True)
    due_at = models.DateTimeField(null=True)
    attempts = models.SmallIntegerField(_("attempts"), db_default=0)
    reason = models.TextField(_("reason"), db_default="", blank=True)
    headers = models.JSONField(_("headers"), db_default=models.Value({}, models.JSONField()))
    size = models.IntegerField(_("size"))

    objects = StoreQuerySet["Delivery"].as_manager()

    class Meta:
        verbose_name = _("delivery")
        verbose_name_plural = _("deliveries")
        constraints = [
            models.UniqueConstraint(fields=["store", "dedupe_key"], name="a_delivery_is_kept_once"),
            models.CheckConstraint(
                name="waiting_delivery_is_due",
                condition=models.Q(state="waiting", due_at__isnull=False)
                | (~models.Q(state="waiting") & models.Q(due_at__isnull=True)),
            ),
        ]
        indexes = [
            # The processing tick: oldest due first.
            models.Index(fields=["due_at", "id"], name="delivery_due", condition=models.Q(state="waiting")),
            # The admin list of one store, newest first; also retention.
            models.Index(fields=["store", "-received_at"], name="delivery_of_store"),
        ]

    def __str__(self) -> str:
        return f"{self.topic} {self.received_at:%Y-%m-%d %H:%M:%S}"


class DeliveryBody(models.Model):
    """The exact bytes, apart from their row so that they can go after 14 days."""

    store_path = "delivery__store"

    # Written in one statement with its delivery: nothing for a foreign key to find.
    delivery = models.OneToOneField(
        Delivery, on_delete=models.CASCADE, primary_key=True, related_name="body", db_constraint=False
    )
    data = models.BinaryField()

    objects = StoreQuerySet["DeliveryBody"].as_manager()

    class Meta:
        verbose_name = _("delivery body")
        verbose_name_plural = _("delivery bodies")

    def __str__(self) -> str:
        return f"body of {self.delivery_id}"


class Quarantine(models.Model):
    """One bad event out of a good batch: it is kept, and the others went on."""

    store_path = "delivery__store"

    delivery = models.ForeignKey(Delivery, on_delete=models.CASCADE, related_name="quarantined")
    reason = models.TextField(_("reason"))
    at = models.DateTimeField(db_default=Now())

    objects = StoreQuerySet["Quarantine"].as_manager()

    class Meta:
        verbose_name = _("quarantined event")
        verbose_name_plural = _("quarantined events")

    def __str__(self) -> str:
        return self.reason


class Tombstone(models.Model):
    """The shop deleted something, perhaps before we heard that it existed (decision 17)."""

    store = models.ForeignKey(Store, on_delete=models.CASCADE)
    noun = models.CharField(max_length=10)
    external_id = models.CharField(max_length=40)
    at = models.DateTimeField()

    objects = StoreQuerySet["Tombstone"].as_manager()

    class Meta:
        verbose_name = _("tombstone")
        verbose_name_plural = _("tombstones")
        constraints = [
            models.UniqueConstraint(fields=["store", "noun", "external_id"], name="a_thing_has_one_tombstone")
        ]

    def __str__(self) -> str:
        return f"{self.noun} {self.external_id}"
