"""The plan: flows in frozen versions, and each person's way through them."""

from __future__ import annotations

from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from apps.carts.models import Cart
from apps.core.scoping import StoreQuerySet
from apps.customers.models import Customer
from apps.mail.models import TemplateVersion
from apps.orders.models import Order
from apps.segments.models import Segment
from apps.stores.models import Store


class Flow(models.Model):
    """A series of mails. What the owner edits here is a draft; `version` is what runs."""

    store = models.ForeignKey(Store, on_delete=models.CASCADE, related_name="flows")
    slug = models.SlugField(_("short name"), max_length=80)
    name = models.CharField(_("name"), max_length=120)
    based_on = models.CharField(max_length=80, blank=True, default="", editable=False)
    """The preset it was made of; '' for a flow of the shop's own."""
    base = models.JSONField(default=dict, db_default=models.Value({}, models.JSONField()), editable=False)
    """That preset's plan when it was last taken over or left alone; {}: as the first version has it."""
    live = models.BooleanField(_("on"), default=False)
    live_since = models.DateTimeField(_("on since"), null=True, editable=False)
    shadow = models.BooleanField(_("in shadow"), default=False, db_default=False)
    """On, but only deciding: every mail is judged and written down, and none is sent."""
    draft = models.JSONField(_("plan"), default=dict)
    """The definition in the words of its YAML file, steps included."""
    version = models.ForeignKey(
        "Version", null=True, blank=True, on_delete=models.PROTECT, related_name="+", editable=False
    )
    deleted_at = models.DateTimeField(null=True, editable=False)

    objects = StoreQuerySet["Flow"].as_manager()

    class Meta:
        verbose_name = _("flow")
        verbose_name_plural = _("flows")
        ordering = ["slug"]
        constraints = [models.UniqueConstraint(fields=["store", "slug"], name="one_flow_per_short_name")]

    def __str__(self) -> str:
        return self.name


class Version(models.Model):
    """A published plan. A trigger in the database refuses changes."""

    store_path = "flow__store"

    flow = models.ForeignKey(Flow, on_delete=models.CASCADE, related_name="versions")
    number = models.IntegerField(_("version"))
    definition = models.JSONField()
    published_at = models.DateTimeField(_("published"))

    objects = StoreQuerySet["Version"].as_manager()

    class Meta:
        verbose_name = _("flow version")
        verbose_name_plural = _("flow versions")
        ordering = ["-number"]
        constraints = [models.UniqueConstraint(fields=["flow", "number"], name="flow_versions_are_numbered")]

    def __str__(self) -> str:
        return f"{self.flow} v{self.number}"


class Looked(models.Model):
    """Somebody looked at this published mail as people get it; a flow is switched on when all its mails were."""

    store_path = "version__template__store"

    version = models.OneToOneField(TemplateVersion, on_delete=models.CASCADE, primary_key=True, related_name="+")
    looked_at = models.DateTimeField(_("looked at"))

    objects = StoreQuerySet["Looked"].as_manager()

    class Meta:
        verbose_name = _("mail looked at")
        verbose_name_plural = _("mails looked at")

    def __str__(self) -> str:
        return f"{self.version_id} {self.looked_at:%Y-%m-%d}"


class Draw(models.Model):
    """The holdout's lot: drawn once per person and flow, kept over versions and re-entries."""

    store_path = "flow__store"

    flow = models.ForeignKey(Flow, on_delete=models.CASCADE, related_name="draws")
    customer = models.ForeignKey(Customer, on_delete=models.CASCADE, related_name="draws")
    ticket = models.DecimalField(max_digits=7, decimal_places=4)
    """0 up to 100; below the share that was in force at the first draw means held out."""
    held_out = models.BooleanField(_("in the control group"))
    drawn_at = models.DateTimeField(db_default=Now())

    objects = StoreQuerySet["Draw"].as_manager()

    class Meta:
        verbose_name = _("draw")
        verbose_name_plural = _("draws")
        constraints = [models.UniqueConstraint(fields=["flow", "customer"], name="one_draw_per_person")]

    def __str__(self) -> str:
        return f"{self.customer_id}: {self.ticket}"


class Enrollment(models.Model):
    """One person in one flow."""

    class Status(models.TextChoices):
        ACTIVE = "active", _("inside")
        COMPLETED = "completed", _("finished")
        EXITED = "exited", _("left")
        HELD_OUT = "held_out", _("in the control group")

    # Every index is written anew with every step: one of its own has only what the constraints and indexes below,
    # which begin with customer and flow, do not find; and what is null is in none.
    store = models.ForeignKey(Store, on_delete=models.CASCADE, related_name="enrollments", db_index=False)
    flow = models.ForeignKey(Flow, on_delete=models.CASCADE, related_name="enrollments", db_index=False)
    version = models.ForeignKey(Version, on_delete=models.PROTECT, related_name="enrollments", db_index=False)
    customer = models.ForeignKey(Customer, on_delete=models.CASCADE, related_name="enrollments", db_index=False)
    cart = models.ForeignKey(Cart, null=True, on_delete=models.SET_NULL, related_name="enrollments", db_index=False)
    order = models.ForeignKey(Order, null=True, on_delete=models.SET_NULL, related_name="enrollments", db_index=False)
    subject = models.CharField(max_length=80, blank=True, default="")
    occasion = models.CharField(max_length=80)
    about = models.JSONField(default=dict, db_default=models.Value({}, models.JSONField()))
    """What began it, for its mails: ids and our own words, e.g. {"product": "77", "line": 812, "custom": 12}."""
    status = models.CharField(_("status"), max_length=10, choices=Status, default=Status.ACTIVE)
    reason = models.CharField(_("reason"), max_length=40, blank=True, default="")
    position = models.SmallIntegerField(_("next step"), default=0)
    triggered_at = models.DateTimeField(_("began at"))
    entered_at = models.DateTimeField(_("entered"))
    step_at = models.DateTimeField(null=True)
    """From when the step at `position` may be taken, as the plan says it; null: as counted from the beginning."""
    spoke = models.SmallIntegerField(null=True, editable=False)
    """The position of the step that asked for the last mail: the next one minds how late it went."""
    spoke_at = models.DateTimeField(null=True, editable=False)
    """When that mail was planned for."""
    due_at = models.DateTimeField(_("next step at"), null=True)
    """When to look at this run again; from when its step may be taken is worked out then."""
    attempts = models.SmallIntegerField(default=0, editable=False)
    """How often in a row its step could not be taken."""
    ended_at = models.DateTimeField(_("ended"), null=True)

    objects = StoreQuerySet["Enrollment"].as_manager()

    class Meta:
        verbose_name = _("enrollment")
        verbose_name_plural = _("enrollments")
        constraints = [
            models.UniqueConstraint(
                fields=["customer", "flow", "subject"],
                condition=models.Q(status="active"),
                name="one_active_enrollment_per_subject",
            ),
            models.UniqueConstraint(
                fields=["customer", "flow", "subject", "occasion"],
                name="one_enrollment_per_occasion",
            ),
            models.CheckConstraint(
                name="active_means_due",
                condition=models.Q(status="active", due_at__isnull=False)
                | (~models.Q(status="active") & models.Q(due_at__isnull=True)),
            ),
        ]
        indexes = [
            # The advancing tick: oldest due first.
            models.Index(fields=["due_at", "id"], name="enrollment_due", condition=models.Q(status="active")),
            # Goals: whoever is inside because of a basket or an order.
            models.Index(fields=["cart"], name="enrollment_of_cart", condition=models.Q(cart__isnull=False)),
            models.Index(fields=["order"], name="enrollment_of_order", condition=models.Q(order__isnull=False)),
            models.Index(fields=["flow", "status", "-entered_at"], name="enrollment_of_flow"),
        ]

    def __str__(self) -> str:
        return f"{self.customer_id} · {self.flow_id}"


class Sweep(models.Model):
    """A date-shaped flow's broom: who came due between `swept_until` and now is enrolled, set-wise."""

    store_path = "flow__store"

    flow = models.OneToOneField(Flow, on_delete=models.CASCADE, primary_key=True, related_name="sweep")
    swept_until = models.DateTimeField()
    due_at = models.DateTimeField()

    objects = StoreQuerySet["Sweep"].as_manager()

    class Meta:
        verbose_name = _("sweep")
        verbose_name_plural = _("sweeps")
        indexes = [models.Index(fields=["due_at"], name="sweep_due")]

    def __str__(self) -> str:
        return f"{self.flow_id} {self.swept_until:%Y-%m-%d %H:%M}"


class StepRun(models.Model):
    """One step taken by one person."""

    store_path = "enrollment__store"

    enrollment = models.ForeignKey(Enrollment, on_delete=models.CASCADE, related_name="runs", db_index=False)
    position = models.SmallIntegerField(_("step"))
    kind = models.CharField(_("kind"), max_length=30)
    outcome = models.CharField(_("outcome"), max_length=40)
    detail = models.JSONField(default=dict)
    at = models.DateTimeField(_("at"))

    objects = StoreQuerySet["StepRun"].as_manager()

    class Meta:
        verbose_name = _("step taken")
        verbose_name_plural = _("steps taken")
        constraints = [models.UniqueConstraint(fields=["enrollment", "position"], name="a_step_is_taken_once")]

    def __str__(self) -> str:
        return f"{self.position} {self.outcome}"


class Notice(models.Model):
    """A word for the owner about one person: shown in the shop's pages, and mailed at once."""

    store = models.ForeignKey(Store, on_delete=models.CASCADE, related_name="notices_of_flows", db_index=False)
    enrollment = models.ForeignKey(Enrollment, on_delete=models.CASCADE, related_name="notices", db_index=False)
    position = models.SmallIntegerField()
    text = models.CharField(_("what the flow says"), max_length=300)
    at = models.DateTimeField(_("at"))
    seen_at = models.DateTimeField(_("seen"), null=True)
    due_at = models.DateTimeField(null=True, editable=False)
    """When to mail it to the owner; null: it was mailed, or cannot be."""
    attempts = models.SmallIntegerField(default=0, editable=False)

    objects = StoreQuerySet["Notice"].as_manager()

    class Meta:
        verbose_name = _("notice to the owner")
        verbose_name_plural = _("notices to the owner")
        ordering = ["-at"]
        constraints = [
            models.UniqueConstraint(fields=["enrollment", "position"], name="an_owner_is_told_once_per_step")
        ]
        indexes = [
            # The mails to the owner that wait.
            models.Index(fields=["due_at"], name="notice_due", condition=models.Q(due_at__isnull=False)),
            # What the shop's pages show.
            models.Index(fields=["store", "-at"], name="notice_of_store"),
        ]

    def __str__(self) -> str:
        return self.text


class Campaign(models.Model):
    """One mail to many, sent by the owner's own hand: now, or at a moment."""

    class Status(models.TextChoices):
        DRAFT = "draft", _("draft")
        PLANNED = "planned", _("planned")
        SENDING = "sending", _("being sent")
        DONE = "done", _("sent")
        STOPPED = "stopped", _("stopped")

    class Kind(models.TextChoices):
        MARKETING = "marketing", _("marketing")
        SERVICE = "service", _("service: what they must know of their order")

    class Audience(models.TextChoices):
        SEGMENT = "segment", _("a segment")
        RECENT_ORDERS = "recent_orders", _("everyone who ordered in the last days")
        EVERYBODY = "everybody", _("everybody")

    store = models.ForeignKey(Store, on_delete=models.CASCADE, related_name="campaigns")
    name = models.CharField(_("name"), max_length=120)
    template_slug = models.CharField(_("template"), max_length=80)
    purpose = models.CharField(_("what it is for"), max_length=40, default="campaign")
    kind = models.CharField(_("kind"), max_length=12, choices=Kind, default=Kind.MARKETING)
    audience = models.CharField(_("to whom"), max_length=16, choices=Audience, default=Audience.SEGMENT)
    segment = models.ForeignKey(
        Segment, null=True, blank=True, on_delete=models.RESTRICT, related_name="campaigns", verbose_name=_("segment")
    )
    days = models.SmallIntegerField(_("days"), default=7)
    """How many days back `recent_orders` looks."""
    send_at = models.DateTimeField(_("send at"), null=True, blank=True)
    """Empty: at once, when the button is pressed."""
    status = models.CharField(_("status"), max_length=8, choices=Status, default=Status.DRAFT)
    due_at = models.DateTimeField(null=True, editable=False)
    started_at = models.DateTimeField(_("begun"), null=True, editable=False)
    """The moment at which the audience is looked at, for every batch the same."""
    ended_at = models.DateTimeField(_("ended"), null=True, editable=False)
    after = models.BigIntegerField(default=0, editable=False)
    """The last person who was planned: the next batch begins behind it."""
    planned = models.IntegerField(_("mails"), default=0, editable=False)
    counts = models.JSONField(default=dict, editable=False)
    """The last head-count: who would get it, and why others would not."""
    made_at = models.DateTimeField(_("made"), db_default=Now(), editable=False)

    objects = StoreQuerySet["Campaign"].as_manager()

    class Meta:
        verbose_name = _("one-off mail")
        verbose_name_plural = _("one-off mails")
        ordering = ["-made_at", "-id"]
        constraints = [
            models.CheckConstraint(
                name="a_segment_is_named",
                condition=~models.Q(audience="segment") | models.Q(segment__isnull=False) | models.Q(status="draft"),
            ),
            models.CheckConstraint(
                name="service_goes_to_buyers",
                condition=models.Q(kind="marketing") | models.Q(audience="recent_orders"),
            ),
            models.CheckConstraint(
                name="what_is_to_be_sent_is_due",
                condition=models.Q(status__in=["planned", "sending"], due_at__isnull=False)
                | (~models.Q(status__in=["planned", "sending"]) & models.Q(due_at__isnull=True)),
            ),
            models.CheckConstraint(name="some_days_back", condition=models.Q(days__range=(1, 365))),
        ]
        indexes = [models.Index(fields=["due_at"], name="campaign_due", condition=models.Q(due_at__isnull=False))]

    def __str__(self) -> str:
        return self.name

    @property
    def origin(self) -> str:
        """The beginning of the origin of each of its mails."""
        return f"campaign:{self.pk}"
