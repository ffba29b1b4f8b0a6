"""The inbox: every webhook as it arrived. And the errands: what we are about to ask of shops."""

from __future__ import annotations

from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from apps.core.scoping import StoreQuerySet
from apps.core.secrets import unseal
from apps.customers.models import Customer
from apps.stores.models import Store


class EventSecret(models.Model):
    """A secret with which other apps sign what they tell (`POST /events/…`). Shown once, when it is made."""

    store = models.ForeignKey(Store, on_delete=models.CASCADE, related_name="event_secrets")
    sealed = models.TextField()
    created_at = models.DateTimeField(_("made"), db_default=Now())
    retires_at = models.DateTimeField(_("works until"), null=True)

    objects = StoreQuerySet["EventSecret"].as_manager()

    class Meta:
        verbose_name = _("secret of other apps")
        verbose_name_plural = _("secrets of other apps")
        ordering = ["-created_at", "-id"]

    def __str__(self) -> str:
        return f"secret {self.pk}"

    @property
    def value(self) -> str:
        """Raises SealBroken."""
        return unseal(self.sealed, bound_to=f"{self.store.key}/events")


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


class Errand(models.Model):
    """Something to ask of a shop, again and again or once: a row with the moment of its next turn.

    `due_at` None: nothing to do, because it is finished (`ended_at`) or stopped until the owner acts (`trouble`).
    """

    class Kind(models.TextChoices):
        POLL = "poll", _("what changed just now")
        RECONCILE = "reconcile", _("what changed since yesterday")
        BACKFILL = "backfill", _("the years before")
        AUDIT = "audit", _("are our webhooks well")
        TELL = "tell", _("what people told us about marketing mail")

    store = models.ForeignKey(Store, on_delete=models.CASCADE, related_name="errands")
    kind = models.CharField(_("kind"), max_length=10, choices=Kind)
    what = models.CharField(_("what"), max_length=10, blank=True, default="")
    due_at = models.DateTimeField(_("next turn"), null=True)
    token = models.UUIDField(null=True, editable=False)
    lease_until = models.DateTimeField(null=True, editable=False)
    taken_at = models.DateTimeField(null=True, editable=False)
    """When it last had a turn: shops take turns by it."""
    cursor = models.TextField(blank=True, default="", editable=False)
    """The page to ask next, in the platform's own words; '' at the beginning of a run."""
    since = models.DateTimeField(_("since"), null=True)
    """From where this run asks, by the shop's clock; None: everything there is."""
    watermark = models.DateTimeField(_("known until"), null=True)
    """The shop's clock when the last whole run began."""
    asked_at = models.DateTimeField(null=True, editable=False)
    """The shop's clock when this run began; the next watermark."""
    begun_at = models.DateTimeField(_("run began"), null=True)
    done = models.IntegerField(_("fetched"), default=0)
    total = models.IntegerField(_("of"), null=True)
    spoiled = models.IntegerField(_("unreadable"), default=0)
    failures = models.SmallIntegerField(_("failures"), default=0)
    trouble = models.CharField(_("trouble"), max_length=30, blank=True, default="")
    trouble_values = models.JSONField(default=dict, editable=False)
    started_at = models.DateTimeField(_("first asked"))
    """What happened before this moment is history: it starts no flow."""
    ended_at = models.DateTimeField(_("last whole run"), null=True)

    objects = StoreQuerySet["Errand"].as_manager()

    class Meta:
        verbose_name = _("errand")
        verbose_name_plural = _("errands")
        constraints = [
            models.UniqueConstraint(fields=["store", "kind", "what"], name="one_errand_per_kind_and_noun"),
        ]
        indexes = [
            # The tick: which store has waited longest.
            models.Index(fields=["due_at", "store"], name="errand_due", condition=models.Q(due_at__isnull=False)),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.what}".strip()


class Telling(models.Model):
    """Somebody told us yes or no, and the shop does not know it yet."""

    customer = models.OneToOneField(Customer, on_delete=models.CASCADE, primary_key=True, related_name="telling")
    store = models.ForeignKey(Store, on_delete=models.CASCADE, related_name="tellings")
    at = models.DateTimeField(_("since"))

    objects = StoreQuerySet["Telling"].as_manager()

    class Meta:
        verbose_name = _("answer to pass on")
        verbose_name_plural = _("answers to pass on")

    def __str__(self) -> str:
        return f"{self.customer_id} {self.at:%Y-%m-%d %H:%M:%S}"
