"""Groups of people by what they did, and who is in them."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from apps.core.scoping import StoreQuerySet
from apps.customers.models import Customer
from apps.stores.models import Store


class Segment(models.Model):
    """People of one shop for whom a definition is true: AND of conditions, some of them OR-groups."""

    store = models.ForeignKey(Store, on_delete=models.CASCADE, related_name="segments")
    slug = models.SlugField(_("short name"), max_length=80)
    name = models.CharField(_("name"), max_length=120)
    definition = models.JSONField(_("conditions"), default=list)
    """The conditions in plain words, as a flow's filter writes them."""
    counted_at = models.DateTimeField(_("counted"), null=True, editable=False)
    """When its membership was last brought up to date."""
    due_at = models.DateTimeField(null=True, editable=False)

    objects = StoreQuerySet["Segment"].as_manager()

    class Meta:
        verbose_name = _("segment")
        verbose_name_plural = _("segments")
        ordering = ["name"]
        constraints = [models.UniqueConstraint(fields=["store", "slug"], name="one_segment_per_short_name")]
        indexes = [models.Index(fields=["due_at"], name="segment_due", condition=models.Q(due_at__isnull=False))]

    def __str__(self) -> str:
        return self.name


class Figures(models.Model):
    """What somebody did, added up: what conditions ask most. Made anew set-wise for whoever did something.

    Only orders that count are in it (product.md section 9); money is in the shop's own currency.
    """

    class Group(models.TextChoices):
        CHAMPIONS = "champions", _("champions")
        LOYAL = "loyal", _("loyal")
        RECENT = "recent", _("recent")
        NEEDS_ATTENTION = "needs_attention", _("needs attention")
        AT_RISK = "at_risk", _("at risk")
        INACTIVE = "inactive", _("inactive")

    customer = models.OneToOneField(Customer, on_delete=models.CASCADE, primary_key=True, related_name="figures")
    store = models.ForeignKey(Store, on_delete=models.CASCADE, related_name="+", db_index=False)
    orders = models.IntegerField(_("orders"), default=0)
    spent = models.DecimalField(_("spent"), max_digits=19, decimal_places=6, default=0)
    average = models.DecimalField(_("average order"), max_digits=19, decimal_places=6, null=True)
    last_total = models.DecimalField(_("last order"), max_digits=19, decimal_places=6, null=True)
    first_at = models.DateTimeField(_("first order"), null=True)
    last_at = models.DateTimeField(_("last order"), null=True)
    gaps = models.IntegerField(_("times between orders"), default=0)
    gap_days = models.DecimalField(_("days between orders"), max_digits=8, decimal_places=2, null=True)
    """The median of the person's own gaps; None without any."""
    expected_at = models.DateTimeField(_("next order expected"), null=True)
    """`last_at` and the median gap; null: not enough data."""
    recency = models.SmallIntegerField(null=True)
    frequency = models.SmallIntegerField(null=True)
    money = models.SmallIntegerField(null=True)
    """Scores 1 to 3 by the shop's own terciles; null: no order."""
    rfm = models.CharField(_("RFM group"), max_length=16, choices=Group, blank=True, default="")
    at_risk = models.BooleanField(_("at risk"), default=False)
    received = models.IntegerField(_("mails received since the last sign of life"), default=0)
    engaged_at = models.DateTimeField(_("last sign of life"), null=True)
    """The last human click, human open, answer or order."""
    measured_at = models.DateTimeField()

    objects = StoreQuerySet["Figures"].as_manager()

    class Meta:
        verbose_name = _("figures")
        verbose_name_plural = _("figures")
        indexes = [
            # Who falls silent: date-shaped triggers look at a window of last orders.
            models.Index(fields=["store", "last_at"], name="figures_last_order"),
            models.Index(
                fields=["store", "first_at"], name="figures_first_order", condition=models.Q(first_at__isnull=False)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.customer_id}"


class Membership(models.Model):
    """Somebody is in a segment since `entered_at`; who leaves has no row."""

    store_path = "segment__store"

    segment = models.ForeignKey(Segment, on_delete=models.CASCADE, related_name="memberships")
    customer = models.ForeignKey(Customer, on_delete=models.CASCADE, related_name="memberships")
    entered_at = models.DateTimeField(_("since"))

    objects = StoreQuerySet["Membership"].as_manager()

    class Meta:
        verbose_name = _("membership")
        verbose_name_plural = _("memberships")
        constraints = [models.UniqueConstraint(fields=["segment", "customer"], name="once_in_a_segment")]

    def __str__(self) -> str:
        return f"{self.segment_id}: {self.customer_id}"
