"""A template's drafts and versions: save, publish, compare, go back."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from dataclasses import dataclass

import msgspec
from django.db import transaction
from django.db.models import Max

from apps.mail.blocks import Source
from apps.mail.compiling import compile_template
from apps.mail.models import Template, TemplateVersion
from apps.mail.problems import Problem

PARTS = ("subject", "preheader", "mjml", "text")


@dataclass(frozen=True, slots=True, kw_only=True)
class DiffLine:
    """One line of a comparison: `mark` is "+", "-" or ""."""

    mark: str
    text: str


def source_of(row: Template | TemplateVersion) -> Source:
    """The four texts of a draft or a version."""
    return Source(subject=row.subject, preheader=row.preheader, mjml=row.mjml, text=row.text)


def save(template: Template, source: Source) -> list[Problem]:
    """Keep a draft that compiles; returns its warnings. Raises TemplateRefused, and then nothing changed."""
    compiled = compile_template(source, template.locale)
    _keep(template, source)
    return list(compiled.problems)


def publish(template: Template, source: Source) -> TemplateVersion:
    """The draft goes out from now on, as a version that never changes. Raises TemplateRefused.

    A draft that says nothing new keeps the version in use.
    """
    compiled = compile_template(source, template.locale)
    with transaction.atomic():
        locked = Template.objects.select_for_update().get(pk=template.pk)
        _keep(locked, source)
        live = locked.live
        if live is None or source_of(live) != source:
            live = _freeze(locked, source, msgspec.to_builtins(compiled))
    template.refresh_from_db()
    return live


def _freeze(template: Template, source: Source, compiled: dict[str, object]) -> TemplateVersion:
    last = template.versions.aggregate(last=Max("number"))["last"] or 0
    version = TemplateVersion.objects.create(
        template=template, number=last + 1, compiled=compiled, **msgspec.structs.asdict(source)
    )
    template.live = version
    template.save(update_fields=["live"])
    return version


def roll_back(template: Template, version: TemplateVersion) -> TemplateVersion:
    """What an earlier version says goes out again, as a new version; history stays as it was."""
    return publish(template, source_of(version))


def _keep(template: Template, source: Source) -> None:
    for part in PARTS:
        setattr(template, part, getattr(source, part))
    template.save(update_fields=[*PARTS, "changed_at"])


def diff(old: Source, new: Source) -> list[DiffLine]:
    """What changed, part by part; unchanged stretches are left out."""
    found: list[DiffLine] = []
    for part in PARTS:
        lines = _diff(getattr(old, part).splitlines(), getattr(new, part).splitlines())
        found += [DiffLine(mark="@", text=part), *lines] if lines else []
    return found


def _diff(old: Sequence[str], new: Sequence[str]) -> list[DiffLine]:
    lines = list(difflib.unified_diff(old, new, lineterm="", n=2))[2:]
    return [DiffLine(mark=line[0].strip(), text=line[1:]) for line in lines if not line.startswith("@@")]
