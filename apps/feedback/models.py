"""What is asked, what was answered, what was reviewed, and who signed up by themselves."""

from __future__ import annotations

from decimal import Decimal

from django.db import models
from django.utils.translation import gettext_lazy as _

from apps.core.scoping import StoreQuerySet
from apps.customers.models import Customer
from apps.feedback.parts import choices_of_kinds
from apps.orders.models import Order
from apps.stores.models import Notice, Store


class Survey(models.Model):
    """One question to customers, in one version; `slug` names it over all its versions.

    From the first time it is asked its words stand still, which a trigger in the database keeps: an answer means
    what was read. A changed survey is a new row with the next number. How many are asked and what counts as a
    low score may change at any time.
    """

    store = models.ForeignKey(Store, on_delete=models.CASCADE, related_name="surveys")
    slug = models.SlugField(_("name"), max_length=40)
    number = models.IntegerField(_("version"), default=1)
    kind = models.CharField(_("kind"), max_length=20, choices=choices_of_kinds)
    name = models.CharField(_("title"), max_length=80)
    texts = models.JSONField()
    """Language (`nl`, `nl-u`, `en`) → {"question", "answers": [[code, label], …], "parts": {part: question}}."""
    share = models.DecimalField(_("asked of %"), max_digits=5, decimal_places=2, default=Decimal(100))
    low_mark = models.SmallIntegerField(_("low score from"), null=True, blank=True)
    """At or below this score the owner is told at once; null: no score is low."""
    frozen_at = models.DateTimeField(_("first asked"), null=True, editable=False)
    replaced_at = models.DateTimeField(_("replaced"), null=True, editable=False)
    created_at = models.DateTimeField(_("made"), auto_now_add=True)

    objects = StoreQuerySet["Survey"].as_manager()

    class Meta:
        verbose_name = _("survey")
        verbose_name_plural = _("surveys")
        ordering = ["slug", "-number"]
        constraints = [
            models.UniqueConstraint(fields=["store", "slug", "number"], name="surveys_are_numbered"),
            models.UniqueConstraint(
                fields=["store", "slug"],
                condition=models.Q(replaced_at__isnull=True),
                name="a_survey_has_one_present_version",
            ),
            models.CheckConstraint(
                name="a_share_is_a_percentage", condition=models.Q(share__gte=0) & models.Q(share__lte=100)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} v{self.number}"


class Answer(models.Model):
    """What one person answered to one mail. Answering again makes a new row and dates the old one."""

    store = models.ForeignKey(Store, on_delete=models.CASCADE, related_name="answers")
    survey = models.ForeignKey(Survey, on_delete=models.CASCADE, related_name="answers", verbose_name=_("survey"))
    customer = models.ForeignKey(
        Customer, null=True, on_delete=models.SET_NULL, related_name="answers", verbose_name=_("customer")
    )
    message = models.BigIntegerField(_("mail"), editable=False)
    """The mail it came with, as a plain number: mail stands a floor higher."""
    order = models.ForeignKey(
        Order, null=True, on_delete=models.SET_NULL, related_name="answers", verbose_name=_("order")
    )
    said = models.JSONField(_("answer"))
    """Part of the question → the code of the answer; '' is the part of a survey with one question."""
    score = models.SmallIntegerField(_("score"), null=True)
    """The lowest of its parts; null where answers have no order."""
    low = models.BooleanField(_("low score"), default=False)
    comment = models.TextField(_("comment"), blank=True, default="")
    answered_at = models.DateTimeField(_("answered"))
    replaced_at = models.DateTimeField(_("replaced"), null=True, editable=False)

    objects = StoreQuerySet["Answer"].as_manager()

    class Meta:
        verbose_name = _("answer")
        verbose_name_plural = _("answers")
        constraints = [
            models.UniqueConstraint(
                fields=["survey", "message"],
                condition=models.Q(replaced_at__isnull=True),
                name="a_mail_has_one_answer_in_force",
            ),
        ]
        indexes = [
            # The results of a survey, over a period.
            models.Index(fields=["store", "survey", "-answered_at"], name="answer_of_survey"),
            # What this person answered: conditions and exits.
            models.Index(fields=["customer", "-answered_at"], name="answer_of_customer"),
        ]

    def __str__(self) -> str:
        return f"{self.survey} · {', '.join(self.said.values())}"


class OwnReview(models.Model):
    """A review written on our own page, for a shop that has none. Shown to the owner; published only if allowed."""

    store = models.ForeignKey(Store, on_delete=models.CASCADE, related_name="own_reviews")
    customer = models.ForeignKey(
        Customer, null=True, on_delete=models.SET_NULL, related_name="own_reviews", verbose_name=_("customer")
    )
    order = models.ForeignKey(
        Order, null=True, on_delete=models.SET_NULL, related_name="own_reviews", verbose_name=_("order")
    )
    message = models.BigIntegerField(editable=False)
    position = models.SmallIntegerField(editable=False)
    """The line of the order it is about."""
    product = models.CharField(_("product"), max_length=40)
    title = models.CharField(_("name"), max_length=300)
    rating = models.SmallIntegerField(_("rating"))
    text = models.TextField(_("text"), blank=True, default="")
    author = models.CharField(_("author"), max_length=80, blank=True, default="")
    """The name to stand under it; '' for none."""
    may_publish = models.BooleanField(_("may be published"), default=False)
    written_at = models.DateTimeField(_("written"))
    changed_at = models.DateTimeField(_("changed"), null=True)

    objects = StoreQuerySet["OwnReview"].as_manager()

    class Meta:
        verbose_name = _("review on our page")
        verbose_name_plural = _("reviews on our page")
        constraints = [
            models.UniqueConstraint(fields=["store", "message", "position"], name="one_review_per_mail_and_line"),
            models.CheckConstraint(name="an_own_review_has_five_stars", condition=models.Q(rating__range=(1, 5))),
        ]
        indexes = [
            # Whether this person reviewed that product.
            models.Index(fields=["customer", "product"], name="own_review_of_customer"),
            models.Index(fields=["store", "-written_at"], name="own_reviews_newest"),
        ]

    def __str__(self) -> str:
        return f"{self.rating} · {self.title}"


class LowScore(models.Model):
    """Somebody is not content: the owner is told at once, by mail and on the shop's pages, until it is looked after.

    `due_at` is when the mail to the shop's own address is to be tried next; null: it left, or is given up.
    """

    store = models.ForeignKey(Store, on_delete=models.CASCADE, related_name="low_scores")
    customer = models.ForeignKey(
        Customer, null=True, on_delete=models.SET_NULL, related_name="low_scores", verbose_name=_("customer")
    )
    answer = models.OneToOneField(Answer, null=True, on_delete=models.CASCADE, verbose_name=_("answer"))
    review = models.OneToOneField(OwnReview, null=True, on_delete=models.CASCADE, verbose_name=_("review"))
    score = models.SmallIntegerField(_("score"))
    at = models.DateTimeField(_("at"))
    due_at = models.DateTimeField(null=True, editable=False)
    attempts = models.SmallIntegerField(default=0, editable=False)
    attended_at = models.DateTimeField(_("looked after"), null=True, editable=False)
    """When somebody of the shop said that it is dealt with."""

    objects = StoreQuerySet["LowScore"].as_manager()

    class Meta:
        verbose_name = _("low score")
        verbose_name_plural = _("low scores")
        constraints = [
            models.CheckConstraint(
                name="a_low_score_has_one_source",
                condition=models.Q(answer__isnull=False, review__isnull=True)
                | models.Q(answer__isnull=True, review__isnull=False),
            ),
        ]
        indexes = [
            # Those to be mailed to their shops.
            models.Index(fields=["due_at"], name="low_score_due", condition=models.Q(due_at__isnull=False)),
            # Those nobody has looked after yet.
            models.Index(
                fields=["store", "-at"], name="low_scores_waiting", condition=models.Q(attended_at__isnull=True)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.score} · {self.at:%Y-%m-%d}"


class SignUp(models.Model):
    """One pressing of the button on the sign-up page, with what proves it (GDPR art. 7(1)).

    `notice` is the text that stood beside the box. Without `customer` nothing was recorded of anybody: the
    address may get no mail at all, or the person was forgotten since.
    """

    class Outcome(models.TextChoices):
        GRANTED = "granted", _("signed up")
        ASKED = "asked", _("asked to confirm")
        CONFIRMED = "confirmed", _("confirmed")
        KNOWN = "known", _("was signed up already")
        IGNORED = "ignored", _("left alone")

    store = models.ForeignKey(Store, on_delete=models.CASCADE, related_name="sign_ups")
    customer = models.ForeignKey(
        Customer, null=True, on_delete=models.CASCADE, related_name="sign_ups", verbose_name=_("customer")
    )
    notice = models.ForeignKey(Notice, on_delete=models.PROTECT, verbose_name=_("text then shown"))
    outcome = models.CharField(_("outcome"), max_length=9, choices=Outcome)
    language = models.CharField(_("language"), max_length=10)
    source_url = models.CharField(_("on page"), max_length=300, blank=True, default="")
    visitor = models.CharField(max_length=64, blank=True, default="", editable=False)
    """A keyed hash of where it came from: counted for an hour, then of no use to anybody."""
    at = models.DateTimeField(_("at"))
    confirmed_at = models.DateTimeField(_("confirmed"), null=True)

    objects = StoreQuerySet["SignUp"].as_manager()

    class Meta:
        verbose_name = _("sign-up")
        verbose_name_plural = _("sign-ups")
        constraints = [
            models.CheckConstraint(
                name="a_confirmation_has_its_moment",
                condition=models.Q(outcome="confirmed", confirmed_at__isnull=False)
                | (~models.Q(outcome="confirmed") & models.Q(confirmed_at__isnull=True)),
            ),
        ]
        indexes = [
            # How often somebody pressed within the hour.
            models.Index(fields=["store", "-at"], name="sign_ups_newest"),
            models.Index(fields=["customer", "-at"], name="sign_ups_of_customer"),
        ]

    def __str__(self) -> str:
        return f"{self.get_outcome_display()} {self.at:%Y-%m-%d}"
