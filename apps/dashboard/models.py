"""What the engine says of itself, and what an owner does on the way in."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from apps.core.scoping import StoreQuerySet
from apps.stores.models import Store


class Heartbeat(models.Model):
    """When a part of the engine was last seen alive."""

    name = models.CharField(_("name"), max_length=40, primary_key=True)
    at = models.DateTimeField(_("at"))

    class Meta:
        verbose_name = _("heartbeat")
        verbose_name_plural = _("heartbeats")

    def __str__(self) -> str:
        return self.name


class Glance(models.Model):
    """How often one visitor looked at a shop in a stretch of ten minutes (ownshop/glances.py)."""

    who = models.CharField(max_length=64)
    begun_at = models.DateTimeField()
    count = models.IntegerField()

    class Meta:
        verbose_name = _("glance")
        verbose_name_plural = _("glances")
        constraints = [models.UniqueConstraint(fields=["who", "begun_at"], name="glances_are_counted_once")]

    def __str__(self) -> str:
        return f"{self.begun_at} {self.count}"


class Handover(models.Model):
    """A shop was asked to hand us keys, and has not yet: its answer is known by a state that opens once.

    Only the hash of the state is kept. What the shop hands over lies here sealed until somebody of the store
    finishes connecting, or until it expires.
    """

    store = models.ForeignKey(Store, on_delete=models.CASCADE, related_name="handovers")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    way = models.CharField(max_length=20)
    state_hash = models.CharField(max_length=64, unique=True)
    sealed = models.TextField(blank=True, default="", editable=False)
    expires_at = models.DateTimeField()
    arrived_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)

    objects = StoreQuerySet["Handover"].as_manager()

    class Meta:
        verbose_name = _("approval in the shop")
        verbose_name_plural = _("approvals in the shop")
        constraints = [
            models.CheckConstraint(
                name="an_ended_handover_keeps_no_keys",
                condition=models.Q(ended_at__isnull=True) | models.Q(sealed=""),
            )
        ]

    def __str__(self) -> str:
        return f"{self.store_id} {self.way}"


class Attestation(models.Model):
    """Something nobody can look up, which a member of staff says is so or did."""

    class Subject(models.TextChoices):
        OWN_MAIL_OFF = "own_mail_off", _("the platform's own basket mail is off")
        DOMAIN_SET = "domain_set", _("the records of the sender's domain are set")
        MAIL_SEEN = "mail_seen", _("the mails were looked at")

    store = models.ForeignKey(Store, on_delete=models.CASCADE, related_name="attestations")
    subject = models.CharField(_("about"), max_length=20, choices=Subject)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    at = models.DateTimeField(_("at"))

    objects = StoreQuerySet["Attestation"].as_manager()

    class Meta:
        verbose_name = _("attestation")
        verbose_name_plural = _("attestations")
        constraints = [models.UniqueConstraint(fields=["store", "subject"], name="attested_once_per_subject")]

    def __str__(self) -> str:
        return f"{self.get_subject_display()} ({self.store})"
