"""What we say: templates in frozen versions, and the outbox with one row per mail."""

from __future__ import annotations

import uuid

from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from apps.carts.models import Cart
from apps.core.scoping import StoreQuerySet
from apps.customers.models import Customer
from apps.offers.models import Code
from apps.orders.models import Order
from apps.stores.models import Store


class Template(models.Model):
    """A mail's text in one language, as a draft; `live` is what goes out."""

    store = models.ForeignKey(Store, on_delete=models.CASCADE, related_name="templates")
    slug = models.SlugField(_("name"), max_length=80)
    locale = models.CharField(_("language"), max_length=10)
    subject = models.CharField(_("subject"), max_length=250)
    preheader = models.CharField(_("preview line"), max_length=250, blank=True, default="")
    mjml = models.TextField(_("MJML"))
    text = models.TextField(_("plain text"))
    based_on = models.CharField(max_length=120, blank=True, default="", editable=False)
    """The shipped template and its checksum, so that an upgrade can offer a diff."""
    live = models.ForeignKey(
        "TemplateVersion", null=True, blank=True, on_delete=models.PROTECT, related_name="+", editable=False
    )
    changed_at = models.DateTimeField(_("changed"), auto_now=True)

    objects = StoreQuerySet["Template"].as_manager()

    class Meta:
        verbose_name = _("template")
        verbose_name_plural = _("templates")
        ordering = ["slug", "locale"]
        constraints = [models.UniqueConstraint(fields=["store", "slug", "locale"], name="one_template_per_language")]

    def __str__(self) -> str:
        return f"{self.slug} ({self.locale})"


class TemplateVersion(models.Model):
    """A published text, frozen: its source and what was compiled from it."""

    store_path = "template__store"

    template = models.ForeignKey(Template, on_delete=models.CASCADE, related_name="versions")
    number = models.IntegerField(_("version"))
    subject = models.CharField(max_length=250)
    preheader = models.CharField(max_length=250, blank=True, default="")
    mjml = models.TextField()
    text = models.TextField()
    compiled = models.JSONField()
    published_at = models.DateTimeField(_("published"), db_default=Now())

    objects = StoreQuerySet["TemplateVersion"].as_manager()

    class Meta:
        verbose_name = _("template version")
        verbose_name_plural = _("template versions")
        constraints = [models.UniqueConstraint(fields=["template", "number"], name="versions_are_numbered")]

    def __str__(self) -> str:
        return f"{self.template} v{self.number}"


class Message(models.Model):
    """One mail to one person, and everything that became of it.

    It knows no flow: whoever asks for it stamps origin, kind, priority and `valid_until`. The states are
    those of the docs' state machine; nothing leaves before `sending` is committed.
    """

    class Status(models.TextChoices):
        PLANNED = "planned", _("waiting")
        CLAIMED = "claimed", _("being prepared")
        SENDING = "sending", _("leaving")
        ACCEPTED = "accepted", _("accepted")
        REJECTED = "rejected", _("refused")
        UNKNOWN = "unknown", _("unknown")
        SKIPPED = "skipped", _("not sent")

    class Kind(models.TextChoices):
        MARKETING = "marketing", _("marketing")
        SERVICE = "service", _("service")
        CONFIRMATION = "confirmation", _("confirmation")
        INTERNAL = "internal", _("internal")

    WAITING = (Status.PLANNED, Status.CLAIMED, Status.SENDING)

    uid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    # The indexes below begin with these; one of their own would be written anew with every change of status.
    store = models.ForeignKey(Store, on_delete=models.CASCADE, related_name="messages", db_index=False)
    customer = models.ForeignKey(
        Customer, null=True, on_delete=models.SET_NULL, related_name="messages", db_index=False
    )
    origin = models.CharField(max_length=80)
    kind = models.CharField(_("kind"), max_length=12, choices=Kind, default=Kind.MARKETING)
    purpose = models.CharField(_("purpose"), max_length=40)
    priority = models.SmallIntegerField(_("priority"), default=50)
    template_slug = models.CharField(_("template"), max_length=80)
    cart = models.ForeignKey(Cart, null=True, on_delete=models.SET_NULL, related_name="messages")
    order = models.ForeignKey(Order, null=True, on_delete=models.SET_NULL, related_name="messages")
    code = models.ForeignKey(Code, null=True, on_delete=models.SET_NULL, related_name="messages", db_index=False)
    """The offer's code that this mail may bring; left out when it cannot be used."""
    about = models.JSONField(default=dict, db_default=models.Value({}, models.JSONField()))
    """What else the mail speaks of, as ids and our own words: {"product": "77", "survey": 5, "custom": 12}."""
    shadow = models.BooleanField(_("in shadow"), default=False, db_default=False)
    """Decided like any other and written down, and never sent."""
    since = models.DateTimeField(null=True)
    """An order placed from this moment on silences the mail; null: no order does."""
    night_only = models.BooleanField(default=False)
    """Obeys the night, but not Sunday or the day window (the first basket mail)."""
    status = models.CharField(_("status"), max_length=10, choices=Status, default=Status.PLANNED)
    planned_at = models.DateTimeField(_("planned"))
    wanted_at = models.DateTimeField(_("wanted at"))
    """When it was first due; `due_at` moves on when the gate holds it."""
    due_at = models.DateTimeField(_("due"), null=True)
    valid_until = models.DateTimeField(_("of use until"))
    reason = models.CharField(_("reason"), max_length=40, blank=True, default="")
    verdict = models.JSONField(default=dict)
    """The gate's last verdict with the inputs it saw."""
    token = models.UUIDField(null=True, editable=False)
    lease_until = models.DateTimeField(null=True, editable=False)
    claims = models.SmallIntegerField(default=0)
    attempts = models.SmallIntegerField(default=0)
    sending_epoch = models.IntegerField(default=1, editable=False)
    sending_at = models.DateTimeField(_("left at"), null=True)
    holder = models.CharField(max_length=60, blank=True, default="", editable=False)
    """Which worker process sent it: the reconciler asks whether it still lives."""
    ended_at = models.DateTimeField(_("ended"), null=True)
    address = models.CharField(_("address"), max_length=320, blank=True, default="")
    basis = models.CharField(_("legal basis"), max_length=30, blank=True, default="")
    policy_version = models.CharField(max_length=30, blank=True, default="")
    evidence = models.JSONField(default=dict)
    template_version = models.ForeignKey(TemplateVersion, null=True, on_delete=models.SET_NULL, db_index=False)
    provider_id = models.CharField(max_length=200, blank=True, default="")
    response = models.CharField(_("server's answer"), max_length=300, blank=True, default="")

    objects = StoreQuerySet["Message"].as_manager()

    class Meta:
        verbose_name = _("message")
        verbose_name_plural = _("messages")
        constraints = [
            models.UniqueConstraint(fields=["store", "origin"], name="a_message_is_planned_once"),
            models.CheckConstraint(
                name="a_mail_leaves_with_a_basis",
                condition=~models.Q(status__in=["sending", "accepted"])
                | (~models.Q(basis="") & ~models.Q(policy_version="")),
            ),
            models.CheckConstraint(
                name="not_sent_has_a_reason", condition=~models.Q(status="skipped") | ~models.Q(reason="")
            ),
            models.CheckConstraint(
                name="waiting_message_is_due",
                condition=models.Q(status__in=["planned", "claimed"], due_at__isnull=False)
                | (~models.Q(status__in=["planned", "claimed"]) & models.Q(due_at__isnull=True)),
            ),
        ]
        indexes = [
            # The sending tick: which stores have mail due, then the oldest of one store.
            models.Index(
                fields=["store", "due_at", "id"],
                name="message_due",
                condition=models.Q(status__in=["planned", "claimed"]),
            ),
            # The caps: how much left for this person lately.
            models.Index(
                fields=["customer", "sending_at"],
                name="message_left_for",
                condition=models.Q(sending_at__isnull=False, kind="marketing"),
            ),
            models.Index(fields=["customer", "-planned_at"], name="message_of_customer"),
            # The balance on the status page, and the lists behind each count.
            models.Index(fields=["store", "status", "-planned_at"], name="message_of_store"),
            # The reconciler: sends whose end is not known.
            models.Index(fields=["lease_until"], name="message_in_doubt", condition=models.Q(status="sending")),
        ]

    def __str__(self) -> str:
        return f"{self.template_slug} ({self.get_status_display()})"


class Letter(models.Model):
    """What one message says, frozen the first time it was rendered: every attempt sends the same."""

    store_path = "message__store"

    message = models.OneToOneField(Message, on_delete=models.CASCADE, primary_key=True, related_name="letter")
    subject = models.CharField(_("subject"), max_length=300)
    context = models.JSONField()
    """What was filled in: with the frozen template version it gives the same mail again."""
    targets = models.JSONField(default=list)
    """Where each link slot leads; a click is only ever sent to one of these."""
    size = models.IntegerField(default=0)
    rendered_at = models.DateTimeField()

    objects = StoreQuerySet["Letter"].as_manager()

    class Meta:
        verbose_name = _("letter")
        verbose_name_plural = _("letters")

    def __str__(self) -> str:
        return self.subject


class OutboxMail(models.Model):
    """A mail of an installation without a mail connection: kept here, shown in admin, sent nowhere."""

    message = models.OneToOneField(Message, on_delete=models.CASCADE, primary_key=True, related_name="outbox")
    store_path = "message__store"

    data = models.BinaryField()
    at = models.DateTimeField(_("at"), db_default=Now())

    objects = StoreQuerySet["OutboxMail"].as_manager()

    class Meta:
        verbose_name = _("mail in the outbox")
        verbose_name_plural = _("outbox")

    def __str__(self) -> str:
        return str(self.message)
