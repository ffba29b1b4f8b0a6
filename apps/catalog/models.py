"""Things the shop sells: what the platform tells of them, and what the owner adds by hand."""

from __future__ import annotations

from datetime import timedelta

from django.db import models
from django.utils.translation import gettext_lazy as _

from apps.core.scoping import StoreQuerySet
from apps.stores.models import Store

COUNTS_FROM = 20
"""So many repeats make a measured gap worth believing (product.md section 4)."""


class Product(models.Model):
    """A product, or a variant of one (`parent` is its product's external id).

    What the platform tells follows its newest word. `short_name`, `excluded`, `how_to`, `review_url` and the life
    are the owner's: no word of the platform touches them. What is measured is made anew every night.
    """

    store = models.ForeignKey(Store, on_delete=models.CASCADE, related_name="products")
    external_id = models.CharField(max_length=40)
    parent = models.CharField(max_length=40, blank=True, default="")
    title = models.CharField(_("name"), max_length=300, blank=True, default="")
    handle = models.CharField(_("handle"), max_length=255, blank=True, default="")
    url = models.CharField(_("address"), max_length=2000, blank=True, default="")
    image = models.CharField(_("image"), max_length=2000, blank=True, default="")
    price = models.DecimalField(_("price"), max_digits=19, decimal_places=6, null=True)
    regular_price = models.DecimalField(_("regular price"), max_digits=19, decimal_places=6, null=True)
    price_before = models.DecimalField(max_digits=19, decimal_places=6, null=True, editable=False)
    """What it cost until `price_changed_at`."""
    price_changed_at = models.DateTimeField(null=True, editable=False)
    currency = models.CharField(max_length=3, blank=True, default="")
    in_stock = models.BooleanField(_("in stock"), null=True)
    stock = models.DecimalField(_("pieces in stock"), max_digits=14, decimal_places=4, null=True)
    status = models.CharField(_("status"), max_length=20, blank=True, default="")
    categories = models.JSONField(_("categories"), default=list)
    tags = models.JSONField(_("tags"), default=list)
    brand = models.CharField(_("brand"), max_length=120, blank=True, default="", db_default="")
    related = models.JSONField(default=list, editable=False)
    """The platform's own suggestions, as external ids."""
    rating = models.DecimalField(_("rating"), max_digits=4, decimal_places=2, null=True)
    rating_count = models.IntegerField(_("reviews"), null=True)
    modified_stamp = models.CharField(max_length=60, default="", blank=True, editable=False, db_collation="C")
    gone_at = models.DateTimeField(_("removed"), null=True)
    first_seen_at = models.DateTimeField(_("first seen"), null=True, editable=False)
    """The shop's own moment of the first news of it; null: longer ago than we kept count."""
    # --- the owner's ---
    short_name = models.CharField(_("short name"), max_length=30, blank=True, default="")
    excluded = models.BooleanField(_("never in a mail"), default=False)
    how_to = models.TextField(_("how to use it"), blank=True, default="")
    how_to_url = models.CharField(_("address of the instructions"), max_length=2000, blank=True, default="")
    review_url = models.CharField(_("address for reviews"), max_length=2000, blank=True, default="")
    life_days_min = models.IntegerField(_("lasts at least (days)"), null=True)
    life_days_max = models.IntegerField(_("lasts at most (days)"), null=True)
    # --- measured ---
    gap_days = models.DecimalField(_("days until bought again"), max_digits=8, decimal_places=2, null=True)
    """The median of all repeats; believed from COUNTS_FROM repeats on."""
    gap_count = models.IntegerField(_("repeats"), default=0)
    sold = models.IntegerField(_("orders in a year"), default=0)

    objects = StoreQuerySet["Product"].as_manager()

    class Meta:
        verbose_name = _("product")
        verbose_name_plural = _("products")
        constraints = [
            models.UniqueConstraint(fields=["store", "external_id"], name="a_product_is_one_row_per_store"),
            models.CheckConstraint(
                name="a_life_has_a_beginning_before_its_end",
                condition=models.Q(life_days_min__isnull=True, life_days_max__isnull=True)
                | models.Q(life_days_min__gte=1, life_days_max__gte=models.F("life_days_min")),
            ),
        ]
        indexes = [
            # The variants of a product, and suggestions by what sells most.
            models.Index(fields=["store", "parent", "-sold"], name="product_of_parent"),
        ]

    def __str__(self) -> str:
        return self.title or self.external_id

    @property
    def life(self) -> tuple[timedelta, timedelta | None] | None:
        """How long one lasts: by hand (from, until), else the measured gap, else nothing is known."""
        if self.life_days_min is not None and self.life_days_max is not None:
            return timedelta(days=self.life_days_min), timedelta(days=self.life_days_max)
        if self.gap_days is not None and self.gap_count >= COUNTS_FROM:
            return timedelta(days=float(self.gap_days)), None
        return None


class Pairing(models.Model):
    """Two products that the same orders, or the same people, bought: made anew every night."""

    class Kind(models.TextChoices):
        ORDER = "order", _("bought together")
        PERSON = "person", _("bought by the same people")

    store = models.ForeignKey(Store, on_delete=models.CASCADE, related_name="pairings")
    kind = models.CharField(max_length=6, choices=Kind)
    product = models.CharField(max_length=40)
    other = models.CharField(max_length=40)
    support = models.IntegerField()
    """How many orders, or people, had both."""
    confidence = models.DecimalField(max_digits=7, decimal_places=6)
    """Of those who bought the one, the share that bought the other too."""
    lift = models.DecimalField(max_digits=14, decimal_places=4)
    """How much more often than by chance."""

    objects = StoreQuerySet["Pairing"].as_manager()

    class Meta:
        verbose_name = _("bought together")
        verbose_name_plural = _("bought together")
        constraints = [
            models.UniqueConstraint(fields=["store", "kind", "product", "other"], name="a_pair_is_counted_once"),
            models.CheckConstraint(name="nothing_goes_with_itself", condition=~models.Q(product=models.F("other"))),
        ]

    def __str__(self) -> str:
        return f"{self.product} + {self.other}"


class Measuring(models.Model):
    """When a shop's products are measured next: gaps, pairs and what sells."""

    store = models.OneToOneField(Store, on_delete=models.CASCADE, primary_key=True, related_name="measuring")
    store_path = "store"

    due_at = models.DateTimeField()
    measured_at = models.DateTimeField(null=True)

    objects = StoreQuerySet["Measuring"].as_manager()

    class Meta:
        verbose_name = _("measuring")
        verbose_name_plural = _("measuring")

    def __str__(self) -> str:
        return f"{self.store_id} {self.due_at:%Y-%m-%d}"
