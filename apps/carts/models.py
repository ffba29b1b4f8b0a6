"""Baskets: what somebody nearly bought."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from apps.core.scoping import StoreQuerySet
from apps.customers.models import Customer
from apps.stores.models import Store


class Cart(models.Model):
    """A basket or checkout. An unpaid order is one too (decision 12).

    Content follows the newest payload that had content; the person follows the newest payload that knew
    persons. `due_at` stands while the basket may still fall silent.
    """

    class Status(models.TextChoices):
        ACTIVE = "active", _("being filled")
        ABANDONED = "abandoned", _("left behind")
        ORDERED = "ordered", _("ordered")
        EMPTIED = "emptied", _("emptied")

    store = models.ForeignKey(Store, on_delete=models.CASCADE, related_name="carts")
    customer = models.ForeignKey(Customer, null=True, on_delete=models.SET_NULL, related_name="carts")
    status = models.CharField(_("status"), max_length=10, choices=Status, default=Status.ACTIVE)
    started_at = models.DateTimeField(_("started"))
    last_activity_at = models.DateTimeField(_("last activity"))
    due_at = models.DateTimeField(_("counts as left behind at"), null=True)
    abandoned_at = models.DateTimeField(_("left behind"), null=True)
    reached_checkout = models.BooleanField(_("reached checkout"), default=False)
    content_stamp = models.CharField(max_length=60, default="", blank=True, editable=False, db_collation="C")
    person_stamp = models.CharField(max_length=60, default="", blank=True, editable=False, db_collation="C")
    email = models.CharField(max_length=320, null=True, editable=False)
    email_key = models.CharField(max_length=320, null=True, editable=False)
    account = models.CharField(max_length=120, null=True, editable=False)
    locale = models.CharField(max_length=20, blank=True, default="", editable=False)
    currency = models.CharField(_("currency"), max_length=3, blank=True, default="")
    total = models.DecimalField(_("total"), max_digits=19, decimal_places=6, null=True)
    amounts = models.JSONField(default=dict, editable=False)
    lines = models.JSONField(default=list, editable=False)
    recovery_url = models.TextField(blank=True, default="", editable=False)
    unmailable = models.CharField(max_length=60, blank=True, default="", editable=False)
    completed_at = models.DateTimeField(null=True, editable=False)
    gone_at = models.DateTimeField(null=True, editable=False)
    order_id = models.BigIntegerField(null=True, editable=False)
    """The order that this basket became, or that silences it (orders are a floor above)."""
    told_customer_id = models.BigIntegerField(null=True, editable=False)
    """Who it belonged to when it was told as left behind; a person found later starts it anew."""

    objects = StoreQuerySet["Cart"].as_manager()

    class Meta:
        verbose_name = _("basket")
        verbose_name_plural = _("baskets")
        constraints = [
            models.CheckConstraint(
                name="waiting_cart_is_active",
                condition=models.Q(due_at__isnull=True) | models.Q(status="active"),
            ),
        ]
        indexes = [
            # The abandonment tick: oldest due first.
            models.Index(fields=["due_at", "id"], name="cart_due", condition=models.Q(due_at__isnull=False)),
            # A person's baskets, newest first; also what an order silences.
            models.Index(fields=["customer", "-last_activity_at"], name="cart_of_customer"),
            # An order silences by address and by account as well.
            models.Index(fields=["store", "email_key"], name="cart_by_address"),
            models.Index(
                fields=["store", "account"], name="cart_by_account", condition=models.Q(account__isnull=False)
            ),
            # The baskets an order ended, looked at again whenever that order changes.
            models.Index(fields=["order_id"], name="cart_by_order", condition=models.Q(order_id__isnull=False)),
        ]

    def __str__(self) -> str:
        return str(_("basket %(id)s") % {"id": self.pk})


class CartKey(models.Model):
    """A platform's name of a basket; one basket can have several (cart token, checkout token, order id)."""

    store = models.ForeignKey(Store, on_delete=models.CASCADE)
    kind = models.CharField(max_length=20)
    value = models.CharField(max_length=255)
    cart = models.ForeignKey(Cart, on_delete=models.CASCADE, related_name="keys")

    objects = StoreQuerySet["CartKey"].as_manager()

    class Meta:
        verbose_name = _("basket key")
        verbose_name_plural = _("basket keys")
        constraints = [models.UniqueConstraint(fields=["store", "kind", "value"], name="a_key_names_one_basket")]

    def __str__(self) -> str:
        return f"{self.kind}:{self.value}"
