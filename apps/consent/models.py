"""May we write to this person."""

from __future__ import annotations

from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from apps.core.scoping import StoreQuerySet
from apps.customers.models import Customer
from apps.stores.models import Notice, Store


class ConsentRecord(models.Model):
    """A yes, a no or a "please confirm", with what was said to the person then. Never changed."""

    class State(models.TextChoices):
        GRANTED = "granted", _("granted")
        DENIED = "denied", _("refused")
        PENDING = "pending", _("to be confirmed")
        ERASED = "erased", _("erased")

    store_path = "customer__store"

    customer = models.ForeignKey(Customer, on_delete=models.CASCADE, related_name="consents")
    state = models.CharField(_("state"), max_length=8, choices=State)
    at = models.DateTimeField(_("at"))
    source = models.CharField(_("source"), max_length=60)
    text_version = models.CharField(max_length=80, blank=True, default="")
    notice = models.ForeignKey(Notice, null=True, on_delete=models.PROTECT, verbose_name=_("text then in force"))
    double_opt_in = models.BooleanField(_("double opt-in"), default=False)
    attest = models.BooleanField(_("counts only when attested"), default=False)
    account = models.CharField(max_length=120, blank=True, default="", editable=False)
    """Said under this account with no address beside it: it goes where the account goes."""
    recorded_at = models.DateTimeField(_("recorded"), db_default=Now())

    objects = StoreQuerySet["ConsentRecord"].as_manager()

    class Meta:
        verbose_name = _("consent")
        verbose_name_plural = _("consents")
        constraints = [
            models.UniqueConstraint(
                fields=["customer", "state", "at", "source", "attest", "account"], name="a_consent_is_recorded_once"
            )
        ]
        indexes = [
            # What moves with an account.
            models.Index(fields=["account"], name="consent_of_account", condition=~models.Q(account="")),
        ]

    def __str__(self) -> str:
        return f"{self.get_state_display()} {self.at:%Y-%m-%d}"


class Permission(models.Model):
    """The newest word of a person: one row per customer, pointing at its record."""

    store_path = "customer__store"

    customer = models.OneToOneField(Customer, on_delete=models.CASCADE, primary_key=True, related_name="permission")
    state = models.CharField(_("state"), max_length=8, choices=ConsentRecord.State)
    at = models.DateTimeField(_("since"))
    record = models.ForeignKey(ConsentRecord, on_delete=models.CASCADE)

    objects = StoreQuerySet["Permission"].as_manager()

    class Meta:
        verbose_name = _("permission")
        verbose_name_plural = _("permissions")

    def __str__(self) -> str:
        return self.get_state_display()


class Suppression(models.Model):
    """No more marketing, or nothing at all, for one address. Kept by hash, so it survives erasure and imports."""

    class Scope(models.TextChoices):
        MARKETING = "marketing", _("no marketing")
        EVERYTHING = "everything", _("nothing at all")

    class Reason(models.TextChoices):
        UNSUBSCRIBED = "unsubscribed", _("unsubscribed")
        OBJECTED = "objected", _("asked by the shop")
        HARD_BOUNCE = "hard_bounce", _("the address does not exist")
        COMPLAINT = "complaint", _("marked as spam")
        SUNSET = "sunset", _("long silent")
        ERASED = "erased", _("erased")
        MANUAL = "manual", _("set by hand")

    store = models.ForeignKey(Store, on_delete=models.CASCADE, related_name="suppressions")
    address_hash = models.BinaryField(max_length=16)
    scope = models.CharField(_("scope"), max_length=10, choices=Scope)
    reason = models.CharField(_("reason"), max_length=14, choices=Reason)
    at = models.DateTimeField(_("since"))
    lifted_at = models.DateTimeField(_("lifted"), null=True, blank=True)
    origin = models.CharField(_("came from"), max_length=120, blank=True, default="")

    objects = StoreQuerySet["Suppression"].as_manager()

    class Meta:
        verbose_name = _("suppression")
        verbose_name_plural = _("suppressions")
        constraints = [models.UniqueConstraint(fields=["store", "address_hash"], name="one_suppression_per_address")]

    def __str__(self) -> str:
        return f"{self.get_scope_display()} · {self.get_reason_display()}"
