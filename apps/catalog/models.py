"""Things the shop sells, as far as mails need them: a picture, a link, a price, whether it is there."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from apps.core.scoping import StoreQuerySet
from apps.stores.models import Store


class Product(models.Model):
    """A product, or a variant of one (`parent` is its product's external id)."""

    store = models.ForeignKey(Store, on_delete=models.CASCADE, related_name="products")
    external_id = models.CharField(max_length=40)
    parent = models.CharField(max_length=40, blank=True, default="")
    title = models.CharField(_("name"), max_length=300, blank=True, default="")
    short_name = models.CharField(_("short name"), max_length=30, blank=True, default="")
    url = models.CharField(_("address"), max_length=2000, blank=True, default="")
    image = models.CharField(_("image"), max_length=2000, blank=True, default="")
    price = models.DecimalField(_("price"), max_digits=19, decimal_places=6, null=True)
    currency = models.CharField(max_length=3, blank=True, default="")
    in_stock = models.BooleanField(_("in stock"), null=True)
    status = models.CharField(_("status"), max_length=20, blank=True, default="")
    data = models.JSONField(default=dict)
    modified_stamp = models.CharField(max_length=60, default="", blank=True, editable=False, db_collation="C")
    gone_at = models.DateTimeField(_("removed"), null=True)

    objects = StoreQuerySet["Product"].as_manager()

    class Meta:
        verbose_name = _("product")
        verbose_name_plural = _("products")
        constraints = [models.UniqueConstraint(fields=["store", "external_id"], name="a_product_is_one_row_per_store")]

    def __str__(self) -> str:
        return self.title or self.external_id
