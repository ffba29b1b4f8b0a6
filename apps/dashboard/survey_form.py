"""A survey's words and how many are asked, as a form; and a new question of one's own."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from django import forms
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils.text import slugify
from django.utils.translation import gettext as say
from django.utils.translation import gettext_lazy as _

from apps.dashboard.goods_form import dressed
from apps.feedback import surveys
from apps.feedback.models import Survey
from apps.feedback.parts import MOST_ANSWERS, kinds
from apps.stores.models import Store

LANGUAGES: Final = {"nl": _("Dutch, je"), "nl-u": _("Dutch, u"), "en": _("English")}
LONGEST_LABEL: Final = 60


class AnswersField(forms.CharField):
    """One answer on each line."""

    def __init__(self, *, exactly: int | None = None, **more: Any) -> None:
        self.exactly = exactly
        super().__init__(max_length=1000, widget=forms.Textarea(attrs={"rows": exactly or MOST_ANSWERS}), **more)

    def clean(self, value: Any) -> list[str]:
        lines = [" ".join(line.split()) for line in super().clean(value).splitlines() if line.strip()]
        if self.exactly is not None and len(lines) != self.exactly:
            raise ValidationError(_("Write %(n)s answers, each on its own line."), params={"n": self.exactly})
        if self.exactly is None and not 2 <= len(lines) <= MOST_ANSWERS:
            raise ValidationError(_("Write two to five answers, each on its own line."))
        if any(len(line) > LONGEST_LABEL for line in lines):
            raise ValidationError(_("An answer has at most %(n)s characters."), params={"n": LONGEST_LABEL})
        return lines


class SurveyForm(forms.Form):
    """The words in every language the survey has, its sample and its low mark."""

    share = forms.DecimalField(
        label=_("asked of %"), min_value=0, max_value=100, max_digits=5, decimal_places=2,
        help_text=_("How many in a hundred are asked; always the same people."),
    )  # fmt: skip
    low_mark = forms.IntegerField(
        label=_("low score from"), required=False, min_value=0, max_value=10,
        help_text=_("At this score or below you are told at once, and promotions to that person wait. Empty: never."),
    )  # fmt: skip

    def __init__(self, survey: Survey, given: Any = None) -> None:
        super().__init__(given, initial={"share": plain(survey.share), "low_mark": survey.low_mark})
        self.survey = survey
        self.kind = kinds.get(survey.kind)
        if all(self.kind.score(code) is None for code in self.kind.codes):
            del self.fields["low_mark"]
        for locale in [*(name for name in LANGUAGES if name in survey.texts), *(set(survey.texts) - set(LANGUAGES))]:
            self.fields.update(self._fields_of(locale, survey.texts[locale]))

    def _fields_of(self, locale: str, words: dict[str, Any]) -> Iterator[tuple[str, forms.Field]]:
        language = LANGUAGES.get(locale, locale)
        yield f"question.{locale}", _line(_("question"), language, words["question"])
        for part in filter(None, self.kind.parts):
            yield f"part.{part}.{locale}", _line(part_name(part), language, words["parts"][part])
        if not is_bare_scale(words):
            yield (
                f"answers.{locale}",
                AnswersField(
                    label=_labelled(_("answers"), language), exactly=len(self.kind.codes) or None,
                    initial="\n".join(label for _code, label in words["answers"]),
                ),
            )  # fmt: skip
        if "low" in words:
            yield f"low.{locale}", _line(_("the lowest means"), language, words["low"])
            yield f"high.{locale}", _line(_("the highest means"), language, words["high"])

    def clean(self) -> dict[str, Any]:
        given: dict[str, Any] = super().clean() or {}
        many = {len(value) for name, value in given.items() if name.startswith("answers.")}
        if len(many) > 1:
            raise ValidationError(_("Write as many answers in every language, in the same order."))
        return given

    def save(self, at: datetime) -> Survey:
        """The version with these words: this one, or a next one when people were asked already."""
        texts = {locale: self._words(locale, words) for locale, words in self.survey.texts.items()}
        newest = surveys.reword(self.survey, texts, at)
        newest.share = self.cleaned_data["share"]
        newest.low_mark = self.cleaned_data.get("low_mark")
        newest.save(update_fields=["share", "low_mark"])
        return newest

    def _words(self, locale: str, words: dict[str, Any]) -> dict[str, Any]:
        said = {**words, "question": self.cleaned_data[f"question.{locale}"]}
        labels = self.cleaned_data.get(f"answers.{locale}")
        if labels is not None:
            said["answers"] = [[code, label] for code, label in zip(self._codes(len(labels)), labels, strict=True)]
        if "parts" in words:
            said["parts"] = {part: self.cleaned_data[f"part.{part}.{locale}"] for part in words["parts"]}
        for end in ("low", "high"):
            if end in words:
                said[end] = self.cleaned_data[f"{end}.{locale}"]
        return said

    def _codes(self, many: int) -> list[str]:
        """The answer at a place keeps its code, so that flows go on to know it; new places get new ones."""
        kept = [code for code, _label in next(iter(self.survey.texts.values()))["answers"]][:many]
        return kept + [f"answer_{place + 1}" for place in range(len(kept), many)]


def is_bare_scale(words: dict[str, Any]) -> bool:
    """Its answers are the numbers themselves: there is nothing to reword."""
    return all(code == label for code, label in words["answers"])


def _line(label: Any, language: Any, initial: str) -> forms.CharField:
    return forms.CharField(label=_labelled(label, language), max_length=200, initial=initial)


def _labelled(label: Any, language: Any) -> str:
    return f"{label} ({language})"


def part_name(part: str) -> str:
    """A stage of the effort survey, as the owner reads it."""
    names = {"find": say("finding"), "order": say("ordering and paying"), "receive": say("receiving")}
    return names.get(part, part)


class QuestionForm(forms.Form):
    """A new question with two to five answers."""

    name = forms.CharField(label=_("name"), max_length=80, help_text=_("Only you see it."))
    question = forms.CharField(label=_("question"), max_length=200)
    answers = AnswersField(label=_("answers"), help_text=_("Two to five, each on its own line."))

    def save(self, store: Store) -> Survey | None:
        """The survey, not asked yet; None when the shop has one of that name."""
        given = self.cleaned_data
        words = {
            "question": given["question"],
            "answers": [[f"answer_{place}", label] for place, label in enumerate(given["answers"], start=1)],
        }
        # Other languages begin with the same words: whoever reads them is asked all the same.
        texts = dict.fromkeys((store.locale, store.language, "en"), words)
        slug = slugify(given["name"])[:40] or "question"
        try:
            with transaction.atomic():
                return Survey.objects.create(
                    store=store, slug=slug, kind="question", name=given["name"], texts=texts, share=Decimal(100)
                )
        except IntegrityError:
            self.add_error("name", _("Another survey has this name."))
            return None


def question_form(given: Any = None) -> forms.Form:
    return dressed(QuestionForm(given))


def plain(share: Decimal) -> str:
    """30 rather than 30.00."""
    return f"{share.normalize():f}"
