"""Groups of people by what they did, and who is in them."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext_lazy as _

from apps.core.scoping import StoreQuerySet
from apps.customers.models import Customer
from apps.orders.models import Order
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
            # The thirds of a shop's buyers are read off these; and who spent so much.
            models.Index(fields=["store", "orders"], name="figures_orders", condition=models.Q(orders__gt=0)),
            models.Index(fields=["store", "spent"], name="figures_spent", condition=models.Q(orders__gt=0)),
            models.Index(
                fields=["store", "first_at"], name="figures_first_order", condition=models.Q(first_at__isnull=False)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.customer_id}"


class ShopFigures(models.Model):
    """What all buyers of a shop do together: the usual gap, and where its thirds are cut. Made anew every night."""

    store = models.OneToOneField(Store, on_delete=models.CASCADE, primary_key=True, related_name="figures")
    buyers = models.IntegerField(_("buyers"), default=0)
    gaps = models.IntegerField(_("times between orders"), default=0)
    gap_days = models.DecimalField(_("days between orders"), max_digits=8, decimal_places=2, null=True)
    """The median of all gaps of all buyers."""
    recency_cuts = ArrayField(models.DateTimeField(), null=True)
    frequency_cuts = ArrayField(models.IntegerField(), null=True)
    money_cuts = ArrayField(models.DecimalField(max_digits=19, decimal_places=6), null=True)
    """The value at a third and at two thirds of the buyers; above it is the next score. Null: too few buyers."""
    measured_at = models.DateTimeField(null=True)
    due_at = models.DateTimeField()
    after_customer = models.BigIntegerField(null=True, default=0)
    """The nightly round goes through people in key order; it got as far as this one. Null: it is over."""

    objects = StoreQuerySet["ShopFigures"].as_manager()
    store_path = "store"

    class Meta:
        verbose_name = _("figures of the shop")
        verbose_name_plural = _("figures of shops")
        indexes = [models.Index(fields=["due_at"], name="shop_figures_due")]

    def __str__(self) -> str:
        return f"{self.store_id}"


class Purchase(models.Model):
    """One product in one order that counts: the lines of orders, as narrow as conditions ask them."""

    store = models.ForeignKey(Store, on_delete=models.CASCADE, related_name="+", db_index=False)
    customer = models.ForeignKey(Customer, on_delete=models.CASCADE, related_name="purchases", db_index=False)
    order = models.ForeignKey(Order, on_delete=models.CASCADE, related_name="+", db_index=False)
    product = models.CharField(_("product"), max_length=40)
    """The product's external id; of a variant the product's."""
    at = models.DateTimeField(_("at"))
    currency = models.CharField(max_length=3)
    total = models.DecimalField(_("total"), max_digits=19, decimal_places=6)

    objects = StoreQuerySet["Purchase"].as_manager()

    class Meta:
        verbose_name = _("purchase")
        verbose_name_plural = _("purchases")
        constraints = [models.UniqueConstraint(fields=["order", "product"], name="a_product_once_per_order")]
        indexes = [
            # What a person bought; and all who bought something.
            models.Index(fields=["customer", "product"], name="purchase_of_customer"),
            models.Index(fields=["store", "product"], include=["customer", "at", "order"], name="purchase_of_product"),
        ]

    def __str__(self) -> str:
        return f"{self.customer_id}: {self.product}"


class Touched(models.Model):
    """Somebody whose figures and memberships are to be made anew, because something of theirs was recorded."""

    store_path = "customer__store"

    customer = models.OneToOneField(Customer, on_delete=models.CASCADE, primary_key=True, related_name="+")
    at = models.DateTimeField()
    silent = models.BooleanField(default=False)
    """What was recorded is of the past: it changes memberships, and nobody hears of it."""

    objects = StoreQuerySet["Touched"].as_manager()

    class Meta:
        verbose_name = _("touched person")
        verbose_name_plural = _("touched people")

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
