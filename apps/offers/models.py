"""Offers: what the shop gives, and the codes it was given with."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from django.db import models
from django.db.models.functions import Now, Upper
from django.utils.translation import gettext_lazy as _

from apps.core.scoping import StoreQuerySet
from apps.customers.models import Customer
from apps.orders.models import Order
from apps.stores.models import Store
from apps.stores.platforms.calling import OfferKind

KINDS: Final[tuple[OfferKind, ...]] = ("percent", "amount", "credit", "free_shipping", "gift")


class Offer(models.Model):
    """What may be given: its worth, its conditions, and how much of it in a month.

    The shop enforces all that the mail states: worth, minimum, products and end go into the code as it is made. That
    it is for first-time buyers is asked when it is given, for no shop can ask it of a code; so no mail states it.
    """

    class Kind(models.TextChoices):
        PERCENT = "percent", _("percentage off")
        AMOUNT = "amount", _("amount off")
        CREDIT = "credit", _("store credit")
        FREE_SHIPPING = "free_shipping", _("free shipping")
        GIFT = "gift", _("a gift")

    store = models.ForeignKey(Store, on_delete=models.CASCADE, related_name="offers")
    name = models.CharField(_("name"), max_length=80)
    kind = models.CharField(_("what is given"), max_length=14, choices=Kind)
    value = models.DecimalField(_("value"), max_digits=19, decimal_places=6, default=0)
    """Percent, or an amount in `currency`; 0 for free shipping and gifts."""
    currency = models.CharField(_("currency"), max_length=3)
    """Of the value, the minimum and the budget: one for all."""
    minimum = models.DecimalField(_("from an order of"), max_digits=19, decimal_places=6, null=True, blank=True)
    products = models.JSONField(_("only for these products"), default=list, blank=True)
    first_order_only = models.BooleanField(_("first-time buyers only"), default=False)
    lasts = models.DurationField(_("valid for"), default=timedelta(days=14))
    monthly_budget = models.DecimalField(_("budget per month"), max_digits=19, decimal_places=6, null=True, blank=True)
    max_codes = models.IntegerField(_("codes at most"), null=True, blank=True)
    prefix = models.CharField(_("codes begin with"), max_length=12, blank=True, default="")
    active = models.BooleanField(_("in use"), default=True)
    created_at = models.DateTimeField(_("made"), db_default=Now(), editable=False)

    objects = StoreQuerySet["Offer"].as_manager()

    class Meta:
        verbose_name = _("offer")
        verbose_name_plural = _("offers")
        constraints = [
            models.UniqueConstraint(fields=["store", "name"], name="one_offer_per_name"),
            models.CheckConstraint(
                name="a_percentage_is_between_0_and_100",
                condition=~models.Q(kind="percent") | models.Q(value__gt=0, value__lte=100),
            ),
            models.CheckConstraint(
                name="money_given_is_more_than_nothing",
                condition=~models.Q(kind__in=["amount", "credit"]) | models.Q(value__gt=0),
            ),
            models.CheckConstraint(
                name="shipping_and_gifts_have_no_value",
                condition=~models.Q(kind__in=["free_shipping", "gift"]) | models.Q(value=0),
            ),
            models.CheckConstraint(
                name="a_gift_is_one_product", condition=~models.Q(kind="gift") | models.Q(products__0__isnull=False)
            ),
            models.CheckConstraint(
                name="credit_has_no_conditions",
                condition=~models.Q(kind="credit") | models.Q(minimum__isnull=True, products=[]),
            ),
            models.CheckConstraint(
                name="an_offer_lasts_a_day_or_more", condition=models.Q(lasts__gte=timedelta(days=1))
            ),
            models.CheckConstraint(name="an_offer_has_a_currency", condition=models.Q(currency__regex=r"^[A-Z]{3}$")),
        ]

    def __str__(self) -> str:
        return self.name


class Code(models.Model):
    """One person's code, from wanted to used or gone.

        wanted → issuing → issued → redeemed
           ↑        │         └──→ expired → withdrawn (out of the shop)
           └────────┴→ refused

    `issuing` is committed before the shop is asked. `due_at` is when something is to be done: make it, let it
    expire, delete it in the shop.
    """

    class Status(models.TextChoices):
        WANTED = "wanted", _("to be made")
        ISSUING = "issuing", _("being made")
        ISSUED = "issued", _("valid")
        REFUSED = "refused", _("could not be made")
        REDEEMED = "redeemed", _("used")
        EXPIRED = "expired", _("ended unused")
        WITHDRAWN = "withdrawn", _("deleted in the shop")

    DUE = (Status.WANTED, Status.ISSUING, Status.ISSUED, Status.EXPIRED)

    store = models.ForeignKey(Store, on_delete=models.CASCADE, related_name="codes", db_index=False)
    offer = models.ForeignKey(Offer, on_delete=models.CASCADE, related_name="codes", db_index=False)
    customer = models.ForeignKey(Customer, null=True, on_delete=models.SET_NULL, related_name="codes", db_index=False)
    ref = models.CharField(max_length=80)
    """Whose wish it was: `run:812/step:3`."""
    code = models.CharField(_("code"), max_length=40)
    status = models.CharField(_("status"), max_length=9, choices=Status, default=Status.WANTED)
    due_at = models.DateTimeField(null=True, editable=False)
    given_at = models.DateTimeField(_("given"))
    ends_at = models.DateTimeField(_("valid until"))
    """The last second of the last day, in the shop's own time."""
    expected = models.DecimalField(max_digits=19, decimal_places=6, default=0, editable=False)
    """What it will cost, as far as one can tell when it is given; counts against the budget until it is used."""
    issued_at = models.DateTimeField(_("made"), null=True)
    batch = models.CharField(max_length=80, blank=True, default="", editable=False)
    parent = models.CharField(max_length=120, blank=True, default="", editable=False)
    external_id = models.CharField(max_length=120, blank=True, default="", editable=False)
    handle = models.CharField(max_length=300, blank=True, default="", editable=False)
    """What to ask on with while the shop is still making it."""
    token = models.UUIDField(null=True, editable=False)
    attempts = models.SmallIntegerField(default=0, editable=False)
    trouble = models.CharField(_("trouble"), max_length=30, blank=True, default="")
    detail = models.CharField(max_length=300, blank=True, default="", editable=False)
    order = models.ForeignKey(Order, null=True, on_delete=models.SET_NULL, related_name="+")
    redeemed_at = models.DateTimeField(_("used"), null=True)
    discount = models.DecimalField(_("discount"), max_digits=19, decimal_places=6, default=0)
    discount_currency = models.CharField(max_length=3, blank=True, default="")
    leaked_at = models.DateTimeField(_("used by somebody else"), null=True)
    ending_told_at = models.DateTimeField(null=True, editable=False)

    objects = StoreQuerySet["Code"].as_manager()

    class Meta:
        verbose_name = _("code")
        verbose_name_plural = _("codes")
        constraints = [
            models.UniqueConstraint(fields=["store", "ref"], name="a_wish_gives_one_code"),
            models.UniqueConstraint(fields=["store", "code"], name="a_code_is_one_of_its_kind"),
            models.CheckConstraint(name="codes_are_in_capitals", condition=models.Q(code=Upper("code"))),
            models.CheckConstraint(
                name="an_open_code_is_due",
                condition=models.Q(status__in=["wanted", "issuing", "issued", "expired"], due_at__isnull=False)
                | models.Q(status__in=["refused", "redeemed", "withdrawn"], due_at__isnull=True),
            ),
            models.CheckConstraint(
                name="a_valid_code_was_made", condition=~models.Q(status="issued") | models.Q(issued_at__isnull=False)
            ),
            models.CheckConstraint(
                name="a_used_code_says_when",
                condition=~models.Q(status="redeemed") | models.Q(redeemed_at__isnull=False),
            ),
            models.CheckConstraint(
                name="a_refused_code_says_why", condition=~models.Q(status="refused") | ~models.Q(trouble="")
            ),
            models.CheckConstraint(
                name="a_discount_has_a_currency", condition=models.Q(discount=0) | ~models.Q(discount_currency="")
            ),
        ]
        indexes = [
            # The queues: what is to be made, to expire, to be deleted.
            models.Index(fields=["status", "due_at", "id"], name="code_due", condition=models.Q(due_at__isnull=False)),
            # One person's codes: the pause between two, and farming.
            models.Index(fields=["customer", "-given_at"], name="code_of_customer"),
            # An offer's month, its list and its numbers.
            models.Index(fields=["offer", "-given_at"], name="code_of_offer"),
            # What ends soon and nobody was told of.
            models.Index(
                fields=["ends_at"], name="code_ending", condition=models.Q(status="issued", ending_told_at__isnull=True)
            ),
        ]

    def __str__(self) -> str:
        return self.code


class CreditGiven(models.Model):
    """Money put on somebody's account in the shop: written before the shop is asked, so never asked twice.

    Codes may be asked for again under their own name; credit has none, and a second call is a second gift
    (shopify.md 10.3).
    """

    store_path = "code__store"

    code = models.OneToOneField(Code, on_delete=models.CASCADE, primary_key=True, related_name="credit")
    asked_at = models.DateTimeField()

    objects = StoreQuerySet["CreditGiven"].as_manager()

    class Meta:
        verbose_name = _("credit given")
        verbose_name_plural = _("credit given")

    def __str__(self) -> str:
        return f"credit {self.code_id}"
