"""People: one row per address, or per account whose address is not known yet."""

from __future__ import annotations

from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from apps.core.scoping import StoreQuerySet
from apps.stores.models import Store


class Customer(models.Model):
    """A person the shop knows. Two different addresses are never one person (decision 3).

    Each attribute is the newest that any payload naming this address said (its stamp). Totals are recomputed
    for the touched rows in the transaction that records an order.
    """

    store = models.ForeignKey(Store, on_delete=models.CASCADE, related_name="customers")
    email = models.CharField(_("e-mail address"), max_length=320, null=True)
    email_key = models.CharField(max_length=320, null=True, editable=False)
    address_hash = models.BinaryField(max_length=16, null=True, editable=False)
    """Keyed hash of `email_key`: suppressions are found by it and survive erasure."""
    first_name = models.CharField(_("first name"), max_length=200, blank=True, default="")
    last_name = models.CharField(_("last name"), max_length=200, blank=True, default="")
    locale = models.CharField(_("language"), max_length=20, blank=True, default="")
    country = models.CharField(_("country"), max_length=2, blank=True, default="")
    name_stamp = models.CharField(max_length=60, default="", blank=True, editable=False, db_collation="C")
    locale_stamp = models.CharField(max_length=60, default="", blank=True, editable=False, db_collation="C")
    country_stamp = models.CharField(max_length=60, default="", blank=True, editable=False, db_collation="C")
    orders_count = models.IntegerField(_("orders"), default=0, editable=False)
    first_order_at = models.DateTimeField(_("first order"), null=True, editable=False)
    last_order_at = models.DateTimeField(_("last order"), null=True, editable=False)
    last_paid_at = models.DateTimeField(null=True, editable=False)
    tags = models.JSONField(_("tags"), default=list, db_default=models.Value([], models.JSONField()))
    """Short words of the owner's, of a flow's step or of another app's; a list of texts without repeats."""
    properties = models.JSONField(_("properties"), default=dict, db_default=models.Value({}, models.JSONField()))
    """What other apps told about this person, by name; texts, numbers and booleans."""
    birth_month = models.SmallIntegerField(_("month of birth"), null=True, blank=True)
    birth_day = models.SmallIntegerField(_("day of birth"), null=True, blank=True)
    """Without a year: nobody's age is needed to wish them well."""
    erased_at = models.DateTimeField(_("erased"), null=True, editable=False)
    created_at = models.DateTimeField(_("first seen"), db_default=Now(), editable=False)

    objects = StoreQuerySet["Customer"].as_manager()

    class Meta:
        verbose_name = _("customer")
        verbose_name_plural = _("customers")
        constraints = [
            models.UniqueConstraint(fields=["store", "email_key"], name="one_customer_per_address"),
            models.CheckConstraint(
                name="a_birthday_has_a_day_and_a_month",
                condition=models.Q(birth_month__isnull=True, birth_day__isnull=True)
                | models.Q(birth_month__range=(1, 12), birth_day__range=(1, 31)),
            ),
        ]
        indexes = [
            # The birthdays of a day.
            models.Index(
                fields=["store", "birth_month", "birth_day"],
                name="customer_birthday",
                condition=models.Q(birth_month__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return self.email or str(_("customer %(id)s") % {"id": self.pk})


class Hold(models.Model):
    """While it stands, this person gets no promotion: a return, a complaint, a late parcel, a low score.

    One per person, kind and subject; lifted by `ends_at`. Service mail and a basket's own reminder go on.
    """

    class Kind(models.TextChoices):
        RETURN = "return", _("a return is open")
        COMPLAINT = "complaint", _("a complaint is open")
        DELAY = "delay", _("an order is late")
        SCORE = "score", _("gave a low score")

    store = models.ForeignKey(Store, on_delete=models.CASCADE, related_name="holds", db_index=False)
    customer = models.ForeignKey(Customer, on_delete=models.CASCADE, related_name="holds")
    kind = models.CharField(_("why"), max_length=10, choices=Kind)
    subject = models.CharField(max_length=80, blank=True, default="")
    """What it is about, e.g. `order:1042`."""
    began_at = models.DateTimeField(_("since"))
    ends_at = models.DateTimeField(_("until"), null=True)
    """Null: until somebody lifts it."""

    objects = StoreQuerySet["Hold"].as_manager()

    class Meta:
        verbose_name = _("hold")
        verbose_name_plural = _("holds")
        constraints = [
            models.UniqueConstraint(fields=["store", "customer", "kind", "subject"], name="a_hold_stands_once")
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} · {self.customer_id}"


class CustomEvent(models.Model):
    """What another app told of somebody: a ticket was closed, points were earned, a parcel is late.

    Told once per `key`. Triggers, conditions and mails read it; the diary's line of kind `custom` points at it.
    """

    store = models.ForeignKey(Store, on_delete=models.CASCADE, related_name="custom_events", db_index=False)
    customer = models.ForeignKey(Customer, on_delete=models.CASCADE, related_name="custom_events", db_index=False)
    name = models.CharField(_("what happened"), max_length=60)
    properties = models.JSONField(_("properties"), default=dict)
    """By name: texts, numbers and booleans. Told by strangers: shown, never believed."""
    subject = models.CharField(max_length=80, blank=True, default="")
    """`order:<id>` when it named one of the shop's orders."""
    occurred_at = models.DateTimeField(_("when"))
    key = models.CharField(max_length=120, editable=False)
    recorded_at = models.DateTimeField(db_default=Now(), editable=False)

    objects = StoreQuerySet["CustomEvent"].as_manager()

    class Meta:
        verbose_name = _("custom event")
        verbose_name_plural = _("custom events")
        constraints = [models.UniqueConstraint(fields=["store", "key"], name="a_custom_event_is_told_once")]
        indexes = [
            # Whether it happened to this person lately, for conditions.
            models.Index(fields=["customer", "name", "-occurred_at"], name="custom_event_of_person"),
            # Which names a shop knows, for the builder; and retention.
            models.Index(fields=["store", "name"], name="custom_event_names"),
            models.Index(fields=["recorded_at"], name="custom_event_age"),
        ]

    def __str__(self) -> str:
        return f"{self.name} · {self.customer_id}"


class CustomerKey(models.Model):
    """Another name of a person: a platform account id.

    `rank` 2: the platform's customer record said so; 1: an order or basket did. The newest of the highest
    rank decides whom the account stands for, whatever order the news came in.
    """

    store = models.ForeignKey(Store, on_delete=models.CASCADE)
    kind = models.CharField(max_length=20)
    value = models.CharField(max_length=120)
    customer = models.ForeignKey(Customer, on_delete=models.CASCADE, related_name="keys")
    rank = models.SmallIntegerField(default=1)
    stamp = models.CharField(max_length=60, default="", blank=True, editable=False, db_collation="C")

    objects = StoreQuerySet["CustomerKey"].as_manager()

    class Meta:
        verbose_name = _("customer key")
        verbose_name_plural = _("customer keys")
        constraints = [models.UniqueConstraint(fields=["store", "kind", "value"], name="a_key_names_one_person")]

    def __str__(self) -> str:
        return f"{self.kind}:{self.value}"


class CustomerAlias(models.Model):
    """A merged row's id, so that old links and numbers still find the person."""

    store = models.ForeignKey(Store, on_delete=models.CASCADE)
    old_id = models.BigIntegerField(unique=True)
    customer = models.ForeignKey(Customer, on_delete=models.CASCADE, related_name="aliases")

    objects = StoreQuerySet["CustomerAlias"].as_manager()

    class Meta:
        verbose_name = _("customer alias")
        verbose_name_plural = _("customer aliases")

    def __str__(self) -> str:
        return f"{self.old_id} → {self.customer_id}"


class CustomerTotal(models.Model):
    """What a person spent, per currency: amounts of different currencies are never added."""

    store_path = "customer__store"

    customer = models.ForeignKey(Customer, on_delete=models.CASCADE, related_name="totals")
    currency = models.CharField(_("currency"), max_length=3)
    orders = models.IntegerField(_("orders"))
    spent = models.DecimalField(_("spent"), max_digits=19, decimal_places=6)

    objects = StoreQuerySet["CustomerTotal"].as_manager()

    class Meta:
        verbose_name = _("customer total")
        verbose_name_plural = _("customer totals")
        constraints = [models.UniqueConstraint(fields=["customer", "currency"], name="one_total_per_currency")]

    def __str__(self) -> str:
        return f"{self.currency} {self.spent}"


class PrivacyTask(models.Model):
    """Somebody's request about their data, with the day by which it must be done (GDPR art. 12: a month)."""

    class Action(models.TextChoices):
        EXPORT = "data_request", _("wants a copy")
        ERASE = "redact", _("wants to be forgotten")
        ERASE_SHOP = "redact_shop", _("the shop wants everything erased")

    store = models.ForeignKey(Store, on_delete=models.CASCADE, related_name="privacy_tasks")
    action = models.CharField(_("request"), max_length=14, choices=Action)
    customer_id = models.BigIntegerField(null=True)
    request_id = models.CharField(max_length=80, blank=True, default="")
    asked_at = models.DateTimeField(_("asked"))
    deadline = models.DateTimeField(_("to be done by"))
    done_at = models.DateTimeField(_("done"), null=True)
    note = models.CharField(_("note"), max_length=300, blank=True, default="")

    objects = StoreQuerySet["PrivacyTask"].as_manager()

    class Meta:
        verbose_name = _("privacy request")
        verbose_name_plural = _("privacy requests")
        constraints = [
            models.UniqueConstraint(
                fields=["store", "action", "request_id"],
                condition=~models.Q(request_id=""),
                name="a_request_is_taken_once",
            )
        ]

    def __str__(self) -> str:
        return f"{self.get_action_display()} {self.asked_at:%Y-%m-%d}"
