"""What was asked and answered: surveys with their numbers, low scores, reviews on our page, sign-ups."""

# ruff: noqa: ARG002 -- the signatures are Django's
from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.contrib.admin import SimpleListFilter
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from apps.accounts.roles import Deed, may, stores_of, visible
from apps.core import clock
from apps.dashboard import asked
from apps.dashboard.admin.base import ScopedAdmin, StoreFilter
from apps.dashboard.goods_form import dressed
from apps.dashboard.survey_form import SurveyForm, question_form
from apps.feedback.models import Answer, LowScore, OwnReview, SignUp, Survey


@admin.register(Survey)
class SurveyAdmin(ScopedAdmin):
    """A survey with what came of it, its words, and its versions."""

    page_template = "dashboard/survey.html"
    change_list_template = "dashboard/surveys.html"
    list_display = ("name", "slug", "store", "kind", "number", "share", "frozen_at")
    list_filter = (StoreFilter, "kind")
    list_select_related = ("store",)
    search_fields = ("name", "slug")
    ordering = ("name", "store")

    def get_queryset(self, request: HttpRequest) -> Any:
        found = super().get_queryset(request)
        # A list of what is asked now: earlier versions stand on the survey's page.
        at_list = request.resolver_match is not None and request.resolver_match.url_name == "feedback_survey_changelist"
        return found.filter(replaced_at__isnull=True) if at_list else found

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        mine = [store for store in stores_of(request.user) if may(request.user, Deed.WRITE, store)]
        more = {"makers": [(store, question_form()) for store in mine], **(extra_context or {})}
        answer: HttpResponse = super().changelist_view(request, more)
        return answer

    def page(self, request: HttpRequest, row: Any, **more: Any) -> HttpResponse:
        if request.method != "POST":
            return super().page(request, row, **more)
        if not may(request.user, Deed.WRITE, row.store_id) or row.replaced_at is not None:
            raise Http404
        form = SurveyForm(row, request.POST)
        if not form.is_valid():
            messages.error(request, gettext("Nothing was saved: see what is wrong below."))
            return super().page(request, row, form=dressed(form))
        newest = form.save(clock.now())
        self.log_change(request, newest, str(newest))
        messages.success(
            request,
            gettext("Saved. Who was asked before keeps the words they read.")
            if newest.pk != row.pk
            else gettext("Saved."),
        )
        return redirect("admin:feedback_survey_change", newest.pk)

    def page_context(self, request: HttpRequest, row: Any) -> dict[str, Any]:
        days = request.GET.get("days", "")
        return {
            "form": dressed(SurveyForm(row)),
            "may_write": may(request.user, Deed.WRITE, row.store_id) and row.replaced_at is None,
            **asked.survey_facts(row, clock.now(), int(days) if days in map(str, asked.PERIODS) else 90),
        }


class StillOpen(SimpleListFilter):
    """Whether somebody of the shop looked after it."""

    title = _("looked after")
    parameter_name = "open"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("yes", _("not yet")), ("no", _("looked after"))]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        match self.value():
            case "yes":
                return queryset.filter(attended_at__isnull=True)
            case "no":
                return queryset.filter(attended_at__isnull=False)
            case _:
                return queryset


@admin.register(LowScore)
class LowScoreAdmin(ScopedAdmin):
    """Who is not content, in which words; with the button that says it is looked after."""

    page_template = "dashboard/low_score.html"
    list_display = ("at", "store", "customer", "source", "words", "attended_at")
    list_filter = (StoreFilter, StillOpen)
    list_select_related = ("store", "customer", "answer__survey", "review")
    search_fields = ("customer__email",)
    ordering = ("-at",)

    @admin.display(description=_("score"))
    def source(self, low: LowScore) -> str:
        return asked.source_of(low)

    @admin.display(description=_("in their words"))
    def words(self, low: LowScore) -> str:
        return asked.words_of(low)[:120] or "–"

    def page_context(self, request: HttpRequest, row: Any) -> dict[str, Any]:
        return {
            "low": row,
            "source": asked.source_of(row),
            "words": asked.words_of(row),
            "may_write": may(request.user, Deed.WRITE, row.store_id),
            "may_lift": may(request.user, Deed.MANAGE, row.store_id) and asked.holds_of(row, clock.now()),
        }


class SurveyFilter(SimpleListFilter):
    """Which survey, over all its versions; only those of this person's shops are named."""

    title = _("survey")
    parameter_name = "survey"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        slugs = visible(Survey.objects.all(), request.user).order_by("slug").values_list("slug", flat=True)
        return [(slug, slug) for slug in slugs.distinct()]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        return queryset.filter(survey__slug=self.value()) if self.value() else queryset


@admin.register(Answer)
class AnswerAdmin(ScopedAdmin):
    """Every answer, those that were replaced too."""

    list_display = ("answered_at", "store", "survey", "customer", "told", "score", "comment", "in_force")
    list_filter = (StoreFilter, SurveyFilter, "low")
    list_select_related = ("store", "survey", "customer")
    search_fields = ("customer__email", "comment")
    ordering = ("-answered_at",)
    fields = ("store", "survey", "customer", "order", "said", "score", "low", "comment", "answered_at", "replaced_at")

    @admin.display(description=_("answer"))
    def told(self, answer: Answer) -> str:
        return ", ".join(f"{part}: {code}" if part else code for part, code in answer.said.items())

    @admin.display(description=_("in force"), boolean=True)
    def in_force(self, answer: Answer) -> bool:
        return answer.replaced_at is None


@admin.register(OwnReview)
class OwnReviewAdmin(ScopedAdmin):
    """What buyers wrote on our page, and whether it may be shown."""

    list_display = ("title", "store", "rating", "author", "customer", "may_publish", "written_at")
    list_filter = (StoreFilter, "rating", "may_publish")
    list_select_related = ("store", "customer")
    search_fields = ("title", "author", "text")
    ordering = ("-written_at",)
    fields = (
        "title", "product", "store", "customer", "order", "rating", "text", "author", "may_publish", "written_at",
        "changed_at",
    )  # fmt: skip


@admin.register(SignUp)
class SignUpAdmin(ScopedAdmin):
    """Who signed up by themselves, with the text they read; and the page and form for it."""

    change_list_template = "dashboard/sign_ups.html"
    list_display = ("at", "store", "customer", "outcome", "source_url", "confirmed_at")
    list_filter = (StoreFilter, "outcome")
    list_select_related = ("store", "customer")
    search_fields = ("customer__email",)
    ordering = ("-at",)
    fields = ("store", "customer", "outcome", "notice", "language", "source_url", "at", "confirmed_at")

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        pages = [page for store in stores_of(request.user) if (page := asked.sign_up_page(store)) is not None]
        answer: HttpResponse = super().changelist_view(request, {"pages": pages, **(extra_context or {})})
        return answer
