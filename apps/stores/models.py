"""Shops, their secrets and their settings."""

from __future__ import annotations

import secrets as random
import string
from datetime import timedelta
from typing import Any, ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from apps.core.scoping import StoreQuerySet
from apps.core.secrets import seal, unseal

KEY_LENGTH = 22


def new_key() -> str:
    """An opaque, unguessable name for a store in a URL: 131 bits, letters and digits only.

    A dash in front would make a command take it for an option.
    """
    return "".join(random.choice(string.ascii_letters + string.digits) for _ in range(KEY_LENGTH))


class Store(models.Model):
    """A shop. `key` names it in URLs; `rules` and `profile` hold what the owner set."""

    store_path = "pk"

    class Status(models.TextChoices):
        ACTIVE = "active", _("active")
        PAUSED = "paused", _("paused")
        UNINSTALLED = "uninstalled", _("uninstalled")

    class Feed(models.TextChoices):
        """How we know of orders the webhooks missed (decision 13)."""

        NONE = "none", _("webhooks only")
        POLLED = "polled", _("asked every few minutes")
        LIVE = "live", _("asked before each mail")

    key = models.CharField(_("key"), max_length=40, unique=True, default=new_key, editable=False)
    platform = models.CharField(_("platform"), max_length=20)
    name = models.CharField(_("name"), max_length=120)
    url = models.URLField(_("shop address"), max_length=300)
    shop_domain = models.CharField(_("myshopify domain"), max_length=120, blank=True, default="")
    external_id = models.CharField(max_length=40, blank=True, default="", editable=False)
    status = models.CharField(_("status"), max_length=12, choices=Status, default=Status.ACTIVE)
    currency = models.CharField(_("currency"), max_length=3, default="EUR")
    language = models.CharField(_("language"), max_length=5, default="nl")
    formality = models.CharField(_("je or u"), max_length=2, default="je", choices=[("je", "je"), ("u", "u")])
    time_zone = models.CharField(_("time zone"), max_length=50, default="Europe/Amsterdam")
    country = models.CharField(_("country"), max_length=2, default="NL")
    abandon_after = models.DurationField(_("idle time"), default=timedelta(minutes=60))
    from_email = models.CharField(_("sender address"), max_length=200, blank=True, default="")
    from_name = models.CharField(_("sender name"), max_length=120, blank=True, default="")
    reply_to = models.CharField(_("replies go to"), max_length=200, blank=True, default="")
    postal_address = models.CharField(_("postal address"), max_length=300, blank=True, default="")
    registration_number = models.CharField(_("registration number"), max_length=60, blank=True, default="")
    link_host = models.CharField(_("link host"), max_length=200, blank=True, default="")
    holdout = models.DecimalField(_("control group %"), max_digits=5, decimal_places=2, default=0)
    rules = models.JSONField(_("rules"), default=dict, blank=True)
    profile = models.JSONField(_("shop profile"), default=dict, blank=True)
    order_statuses = models.JSONField(_("order statuses"), default=dict, blank=True)
    transport_sealed = models.TextField(blank=True, default="", editable=False)
    transport_paused_until = models.DateTimeField(null=True, editable=False)
    transport_problem = models.CharField(max_length=300, blank=True, default="", editable=False)
    feed = models.CharField(_("order feed"), max_length=8, choices=Feed, default=Feed.NONE)
    orders_polled_at = models.DateTimeField(_("orders last asked"), null=True, editable=False)
    companion_seen_at = models.DateTimeField(null=True, editable=False)
    signature_version = models.SmallIntegerField(default=1, editable=False)
    shop_version = models.CharField(max_length=40, blank=True, default="", editable=False)
    last_delivery_at = models.DateTimeField(_("last delivery"), null=True, editable=False)
    last_claim_at = models.DateTimeField(null=True, editable=False)
    sending_epoch = models.IntegerField(default=1, editable=False)
    is_demo = models.BooleanField(_("demo shop"), default=False, editable=False)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)

    objects = StoreQuerySet["Store"].as_manager()

    class Meta:
        verbose_name = _("store")
        verbose_name_plural = _("stores")
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name

    @property
    def transport_url(self) -> str:
        """This store's own mail connection, '' for the installation's."""
        return unseal(self.transport_sealed, bound_to=f"{self.key}/transport")

    @transport_url.setter
    def transport_url(self, url: str) -> None:
        self.transport_sealed = seal(url, bound_to=f"{self.key}/transport")

    @property
    def locale(self) -> str:
        """The default texts: `nl`, `nl-u` or `en`."""
        return f"{self.language}-u" if self.language == "nl" and self.formality == "u" else self.language

    @property
    def version(self) -> tuple[int, ...]:
        """The shop software's version as numbers, () when unknown."""
        parts = self.shop_version.split(".")
        return tuple(int(part) for part in parts if part.isdigit())


class Connection(models.Model):
    """What we need to call a shop, and how that goes. A store without one is only heard, never asked."""

    store = models.OneToOneField(Store, on_delete=models.CASCADE, related_name="connection")
    way = models.CharField(_("way"), max_length=20, blank=True, default="", editable=False)
    credentials_sealed = models.TextField(blank=True, default="", editable=False)
    token_sealed = models.TextField(blank=True, default="", editable=False)
    token_expires_at = models.DateTimeField(null=True, editable=False)
    token_lease_until = models.DateTimeField(null=True, editable=False)
    trouble = models.CharField(_("trouble"), max_length=30, blank=True, default="", editable=False)
    trouble_values = models.JSONField(default=dict, editable=False)
    trouble_since = models.DateTimeField(null=True, editable=False)
    failures = models.IntegerField(default=0, editable=False)
    paused_until = models.DateTimeField(null=True, editable=False)
    report = models.JSONField(default=dict, editable=False)
    """The last installing or auditing, as plain data."""
    connected_at = models.DateTimeField(_("connected"), null=True, editable=False)
    audited_at = models.DateTimeField(_("last checked"), null=True, editable=False)
    answered_at = models.DateTimeField(_("last answer"), null=True, editable=False)

    objects = StoreQuerySet["Connection"].as_manager()

    class Meta:
        verbose_name = _("connection")
        verbose_name_plural = _("connections")
        constraints = [
            models.CheckConstraint(
                name="a_trouble_has_its_moment",
                condition=models.Q(trouble="", trouble_since__isnull=True)
                | (~models.Q(trouble="") & models.Q(trouble_since__isnull=False)),
            )
        ]

    def __str__(self) -> str:
        return f"{self.store_id} {self.trouble or 'well'}"

    @property
    def credentials(self) -> str:
        """The keys as JSON. Raises SealBroken."""
        return unseal(self.credentials_sealed, bound_to=f"{self.store.key}/credentials")


class StoreSecret(models.Model):
    """A webhook secret. Several may be active while one is being replaced."""

    store = models.ForeignKey(Store, on_delete=models.CASCADE, related_name="secrets")
    sealed = models.TextField()
    created_at = models.DateTimeField(auto_now_add=True)
    retires_at = models.DateTimeField(null=True)

    objects = StoreQuerySet["StoreSecret"].as_manager()

    class Meta:
        verbose_name = _("webhook secret")
        verbose_name_plural = _("webhook secrets")
        ordering = ["-created_at", "-id"]

    def __str__(self) -> str:
        return f"secret {self.pk}"

    @property
    def value(self) -> str:
        return unseal(self.sealed, bound_to=f"{self.store.key}/webhook")

    @classmethod
    def make(cls, store: Store, value: str, **extra: Any) -> StoreSecret:
        """A sealed, unsaved secret of this store."""
        return cls(store=store, sealed=seal(value, bound_to=f"{store.key}/webhook"), **extra)


class Notice(models.Model):
    """What the shop tells people beside the address field, dated (decision 15).

    `opt_in` is the text of the box; `order` is the notice shown when ordering, on which the customer
    exception rests. A text without `from_at` has always been so.
    """

    class Kind(models.TextChoices):
        OPT_IN = "opt_in", _("text of the opt-in box")
        ORDER = "order", _("notice when ordering")

    store = models.ForeignKey(Store, on_delete=models.CASCADE, related_name="notices")
    kind = models.CharField(_("kind"), max_length=8, choices=Kind)
    text = models.TextField(_("text"))
    from_at = models.DateTimeField(_("in force from"), null=True, blank=True)
    until_at = models.DateTimeField(_("in force until"), null=True, blank=True)

    objects = StoreQuerySet["Notice"].as_manager()

    class Meta:
        verbose_name = _("notice text")
        verbose_name_plural = _("notice texts")

    def __str__(self) -> str:
        return f"{self.get_kind_display()} ({self.store})"


class Refusal(models.Model):
    """What the door refused of one store, per day and reason: nothing of the delivery itself is kept."""

    REASONS: ClassVar[dict[str, Any]] = {
        "signature": _("wrong or missing signature"),
        "too_large": _("larger than the limit"),
        "compressed": _("compressed body"),
    }

    store = models.ForeignKey(Store, on_delete=models.CASCADE, related_name="refusals")
    day = models.DateField(_("day"))
    reason = models.CharField(_("reason"), max_length=20, choices=list(REASONS.items()))
    count = models.IntegerField(_("count"), default=0)
    last_at = models.DateTimeField(_("last"))

    objects = StoreQuerySet["Refusal"].as_manager()

    class Meta:
        verbose_name = _("refused delivery")
        verbose_name_plural = _("refused deliveries")
        constraints = [models.UniqueConstraint(fields=["store", "day", "reason"], name="refusals_are_counted_per_day")]

    def __str__(self) -> str:
        return f"{self.reason} {self.day}"
