"""What was bought."""

from __future__ import annotations

from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from apps.core.scoping import StoreQuerySet
from apps.customers.models import Customer
from apps.stores.models import Store


class Order(models.Model):
    """An order as the platform last described it.

    Facts that only go one way (`placed_at`, `paid_at`, `fulfilled_at`) take the earliest moment any payload
    named; everything else follows the newest. `silences` and `counts` are derived when the row is written.
    """

    class Stage(models.TextChoices):
        UNPAID = "unpaid", _("unpaid")
        PLACED = "placed", _("placed")
        PAID = "paid", _("paid")
        FULFILLED = "fulfilled", _("fulfilled")
        CANCELLED = "cancelled", _("cancelled")
        REFUNDED = "refunded", _("refunded")

    store = models.ForeignKey(Store, on_delete=models.CASCADE, related_name="orders")
    external_id = models.CharField(max_length=40)
    number = models.CharField(_("number"), max_length=60, blank=True, default="")
    customer = models.ForeignKey(Customer, null=True, on_delete=models.SET_NULL, related_name="orders")
    email_key = models.CharField(max_length=320, null=True, editable=False)
    account = models.CharField(max_length=120, null=True, editable=False)
    stage = models.CharField(_("stage"), max_length=10, choices=Stage)
    status = models.CharField(_("shop's status"), max_length=60, blank=True, default="")
    created_at = models.DateTimeField(_("created"), null=True)
    placed_at = models.DateTimeField(_("placed"), null=True)
    paid_at = models.DateTimeField(_("paid"), null=True)
    fulfilled_at = models.DateTimeField(_("fulfilled"), null=True)
    delivered_at = models.DateTimeField(_("delivered"), null=True)
    cancelled_at = models.DateTimeField(_("cancelled"), null=True)
    currency = models.CharField(_("currency"), max_length=3)
    total = models.DecimalField(_("total"), max_digits=19, decimal_places=6)
    refunded = models.DecimalField(_("refunded"), max_digits=19, decimal_places=6, default=0)
    amounts = models.JSONField(default=dict, editable=False)
    codes = models.JSONField(default=list, editable=False)
    click = models.CharField(max_length=120, blank=True, default="", editable=False)
    landing = models.TextField(blank=True, default="", editable=False)
    payment_method = models.CharField(_("payment"), max_length=60, blank=True, default="")
    pay_url = models.TextField(blank=True, default="", editable=False)
    test = models.BooleanField(_("test"), default=False)
    silences = models.BooleanField(default=False, editable=False)
    """A real order in the sense of decision 12: it ends every basket mail of this person."""
    counts = models.BooleanField(default=False, editable=False)
    """Adds to what the customer spent: not cancelled, not wholly refunded, not a test."""
    modified_at = models.DateTimeField(null=True, editable=False)
    modified_stamp = models.CharField(max_length=60, default="", blank=True, editable=False, db_collation="C")
    gone_at = models.DateTimeField(_("removed"), null=True, editable=False)
    recorded_at = models.DateTimeField(db_default=Now(), editable=False)

    objects = StoreQuerySet["Order"].as_manager()

    class Meta:
        verbose_name = _("order")
        verbose_name_plural = _("orders")
        constraints = [
            models.UniqueConstraint(fields=["store", "external_id"], name="an_order_is_one_row_per_store"),
        ]
        indexes = [
            # A person's orders, newest first: totals and the silence check.
            models.Index(fields=["customer", "-placed_at"], name="order_of_customer"),
            models.Index(
                fields=["store", "email_key", "placed_at"],
                name="silence_by_address",
                condition=models.Q(silences=True),
            ),
            models.Index(
                fields=["store", "account", "placed_at"],
                name="silence_by_account",
                condition=models.Q(silences=True, account__isnull=False),
            ),
            models.Index(fields=["store", "account"], name="order_by_account"),
            # Who ordered in a period, of a whole shop: segments count from it alone.
            models.Index(
                fields=["store", "placed_at"],
                include=["customer", "currency", "total", "refunded"],
                name="order_that_counts",
                condition=models.Q(counts=True),
            ),
        ]

    def __str__(self) -> str:
        return self.number or self.external_id


class OrderLine(models.Model):
    """One line of an order."""

    store_path = "order__store"

    order = models.ForeignKey(Order, on_delete=models.CASCADE, related_name="lines")
    position = models.SmallIntegerField()
    product = models.CharField(max_length=40, blank=True, default="")
    variant = models.CharField(max_length=40, blank=True, default="")
    title = models.CharField(_("name"), max_length=300)
    quantity = models.DecimalField(_("quantity"), max_digits=14, decimal_places=4)
    unit_price = models.DecimalField(_("price"), max_digits=19, decimal_places=6)
    total = models.DecimalField(_("total"), max_digits=19, decimal_places=6)

    objects = StoreQuerySet["OrderLine"].as_manager()

    class Meta:
        verbose_name = _("order line")
        verbose_name_plural = _("order lines")
        constraints = [models.UniqueConstraint(fields=["order", "position"], name="a_line_has_one_place")]

    def __str__(self) -> str:
        return f"{self.quantity} × {self.title}"


class OrderKey(models.Model):
    """A basket's name that came with an order: it converts that basket for sure."""

    store = models.ForeignKey(Store, on_delete=models.CASCADE)
    kind = models.CharField(max_length=20)
    value = models.CharField(max_length=255)
    order = models.ForeignKey(Order, on_delete=models.CASCADE, related_name="keys")

    objects = StoreQuerySet["OrderKey"].as_manager()

    class Meta:
        verbose_name = _("order key")
        verbose_name_plural = _("order keys")
        constraints = [
            models.UniqueConstraint(fields=["store", "kind", "value", "order"], name="a_basket_key_once_per_order")
        ]

    def __str__(self) -> str:
        return f"{self.kind}:{self.value}"


class Refund(models.Model):
    """Money given back, once per platform refund; an order's `refunded` is their sum."""

    store_path = "store"

    store = models.ForeignKey(Store, on_delete=models.CASCADE)
    external_id = models.CharField(max_length=40)
    order_external_id = models.CharField(max_length=40)
    amount = models.DecimalField(max_digits=19, decimal_places=6)
    at = models.DateTimeField(null=True)

    objects = StoreQuerySet["Refund"].as_manager()

    class Meta:
        verbose_name = _("refund")
        verbose_name_plural = _("refunds")
        constraints = [
            models.UniqueConstraint(fields=["store", "order_external_id", "external_id"], name="a_refund_counts_once")
        ]
        indexes = [models.Index(fields=["store", "order_external_id"], name="refunds_of_order")]

    def __str__(self) -> str:
        return f"{self.amount}"


class Shipment(models.Model):
    """A parcel of an order, kept also when its order is not known yet."""

    store = models.ForeignKey(Store, on_delete=models.CASCADE)
    external_id = models.CharField(max_length=40)
    order_external_id = models.CharField(max_length=40)
    status = models.CharField(max_length=40, blank=True, default="")
    delivered_at = models.DateTimeField(null=True)
    tracking_url = models.CharField(max_length=2000, blank=True, default="", db_default="")
    """Where the parcel can be followed, when the shop says."""

    objects = StoreQuerySet["Shipment"].as_manager()

    class Meta:
        verbose_name = _("shipment")
        verbose_name_plural = _("shipments")
        constraints = [
            models.UniqueConstraint(fields=["store", "order_external_id", "external_id"], name="a_shipment_is_one_row")
        ]
        indexes = [models.Index(fields=["store", "order_external_id"], name="shipments_of_order")]

    def __str__(self) -> str:
        return self.external_id


class Review(models.Model):
    """What a buyer wrote about a product in the shop itself. Only approved ones are shown or counted."""

    store = models.ForeignKey(Store, on_delete=models.CASCADE, related_name="reviews")
    external_id = models.CharField(max_length=40)
    product = models.CharField(max_length=40)
    customer = models.ForeignKey(Customer, null=True, on_delete=models.SET_NULL, related_name="reviews")
    email_key = models.CharField(max_length=320, null=True, editable=False)
    rating = models.SmallIntegerField(_("rating"), null=True)
    text = models.TextField(_("text"), blank=True, default="")
    author = models.CharField(_("author"), max_length=200, blank=True, default="")
    verified = models.BooleanField(_("bought it"), default=False)
    approved = models.BooleanField(_("approved"), default=False)
    written_at = models.DateTimeField(_("written"), null=True)
    modified_stamp = models.CharField(max_length=60, default="", blank=True, editable=False, db_collation="C")

    objects = StoreQuerySet["Review"].as_manager()

    class Meta:
        verbose_name = _("review")
        verbose_name_plural = _("reviews")
        constraints = [
            models.UniqueConstraint(fields=["store", "external_id"], name="a_review_is_one_row_per_store"),
            models.CheckConstraint(
                name="a_rating_has_five_stars", condition=models.Q(rating__isnull=True) | models.Q(rating__range=(1, 5))
            ),
        ]
        indexes = [
            # The ratings of a product; and whether a person reviewed it.
            models.Index(fields=["store", "product"], name="review_of_product"),
            models.Index(
                fields=["store", "email_key"], name="review_by_address", condition=models.Q(email_key__isnull=False)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.rating or '–'} · {self.product}"
