"""What the template editor shows."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from apps.carts.models import Cart
from apps.dashboard.previewing import Preview, preview
from apps.dashboard.versions import diff, source_of
from apps.mail.blocks import Source, names
from apps.mail.models import Template

MOST_BASKETS = 20


def editor(template: Template, *, may_write: bool, at: datetime) -> dict[str, Any]:
    """The context of the editor, with the draft's preview in it: it reads without a script too."""
    source = source_of(template)
    versions = list(template.versions.order_by("-number")[:30])
    return {
        "template": template,
        "source": source,
        "preview": preview(source, template, None, at),
        "baskets": baskets_of(template),
        "blocks": names(),
        "versions": [_version(version, template) for version in versions],
        "is_live": template.live is not None and source_of(template.live) == source,
        "languages": Template.objects.of(template.store_id).filter(slug=template.slug).order_by("locale"),
        "may_write": may_write,
    }


def _version(version: Any, template: Template) -> dict[str, Any]:
    return {
        "row": version,
        "live": version.pk == template.live_id,
        "diff": diff(source_of(version), source_of(template)),
    }


def baskets_of(template: Template) -> list[Cart]:
    """Real baskets whose data the draft can be shown with."""
    carts = Cart.objects.of(template.store_id).filter(customer__email_key__isnull=False).exclude(lines=[])
    return list(carts.select_related("customer").order_by("-last_activity_at")[:MOST_BASKETS])


def typed(given: Any) -> Source:
    """What stands in the editor; browsers send line ends of their own."""
    texts = {part: str(given.get(part, "")).replace("\r\n", "\n") for part in ("subject", "preheader", "mjml", "text")}
    return Source(**texts)


def problems(shown: Preview) -> list[dict[str, Any]]:
    """Problems as the page lists them."""
    return [
        {
            "level": problem.level,
            "part": problem.part,
            "line": problem.line,
            "column": problem.column,
            "message": problem.message,
            "hint": problem.hint,
        }
        for problem in shown.problems
    ]
