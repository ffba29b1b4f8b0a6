"""What the engine says of itself, and what an owner does on the way in."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from apps.core.scoping import StoreQuerySet
from apps.dashboard.domain_records import Dkim, Dmarc, Spf
from apps.flows.models import Flow
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


class SenderDomain(models.Model):
    """What the domain of a shop's sender said in DNS when last asked (domain_records.py has the words).

    `due_at` is when it is asked again. Of a sender whose domain was changed this says nothing: compare `domain`.
    """

    store = models.OneToOneField(Store, on_delete=models.CASCADE, related_name="sender_domain")
    domain = models.CharField(_("domain"), max_length=253)
    spf = models.CharField("SPF", max_length=10, default=Spf.UNKNOWN.value)
    dmarc = models.CharField("DMARC", max_length=10, default=Dmarc.UNKNOWN.value)
    policy = models.CharField(max_length=10, blank=True, default="")
    dmarc_at = models.CharField(max_length=253, blank=True, default="")
    dkim = models.CharField("DKIM", max_length=10, default=Dkim.UNKNOWN.value)
    looked_at = models.DateTimeField(_("last looked up"), null=True)
    due_at = models.DateTimeField()

    objects = StoreQuerySet["SenderDomain"].as_manager()

    class Meta:
        verbose_name = _("sender's domain")
        verbose_name_plural = _("senders' domains")

    def __str__(self) -> str:
        return self.domain

    @property
    def is_good(self) -> bool:
        return (self.spf, self.dmarc) == (Spf.GOOD, Dmarc.GOOD)

    @property
    def is_bad(self) -> bool:
        """A name server said so: what it did not answer is never held against the domain."""
        return self.spf not in (Spf.GOOD, Spf.UNKNOWN) or self.dmarc not in (Dmarc.GOOD, Dmarc.UNKNOWN)


class Simulation(models.Model):
    """A replay somebody asked for: it waits for a worker, says how far it is, and keeps what it found.

    `found` holds people as numbers only; who they are is looked up where it is shown.
    """

    class Kind(models.TextChoices):
        REPLAY = "replay", _("this flow alone")
        CONFLICTS = "conflicts", _("this flow beside all that are on")

    class Status(models.TextChoices):
        WAITING = "waiting", _("waiting")
        RUNNING = "running", _("running")
        DONE = "done", _("done")
        FAILED = "failed", _("failed")

    store = models.ForeignKey(Store, on_delete=models.CASCADE, related_name="simulations")
    flow = models.ForeignKey(Flow, on_delete=models.CASCADE, related_name="simulations")
    kind = models.CharField(_("what"), max_length=10, choices=Kind, default=Kind.REPLAY)
    days = models.SmallIntegerField(_("days"), default=30)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    asked_at = models.DateTimeField(_("asked"))
    status = models.CharField(_("status"), max_length=8, choices=Status, default=Status.WAITING)
    percent = models.SmallIntegerField(_("done %"), default=0)
    lease_until = models.DateTimeField(null=True, editable=False)
    attempts = models.SmallIntegerField(default=0, editable=False)
    ended_at = models.DateTimeField(_("ended"), null=True)
    found = models.JSONField(default=dict)
    trouble = models.CharField(_("trouble"), max_length=500, blank=True, default="")

    objects = StoreQuerySet["Simulation"].as_manager()

    class Meta:
        verbose_name = _("simulation")
        verbose_name_plural = _("simulations")
        indexes = [
            # What a worker is to do next.
            models.Index(
                fields=["asked_at"], name="simulation_to_do", condition=models.Q(status__in=["waiting", "running"])
            ),
            models.Index(fields=["flow", "-asked_at"], name="simulations_of_flow"),
        ]

    def __str__(self) -> str:
        return f"{self.flow} · {self.days}"
