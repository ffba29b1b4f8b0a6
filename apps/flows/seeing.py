"""Looking before switching on: of which of a flow's mails nobody has seen yet what people will get."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from django.utils.translation import gettext

from apps.flows.models import Flow, Looked
from apps.flows.trees import Node, every_step, long_form
from apps.mail.models import Template


class NotLookedAt(ValueError):
    """Mails of this flow that nobody has looked at."""

    def __init__(self, mails: list[Template]) -> None:
        self.mails = mails
        names = ", ".join(mail.slug for mail in mails)
        super().__init__(gettext("Look at every mail once before you switch this on: %s") % names)


def mails_of(flow: Flow) -> list[Template]:
    """The published mails the flow sends, in the shop's own language where there is one, in the order of its steps."""
    plan = long_form(flow.version.definition if flow.version else flow.draft)
    slugs = list(dict.fromkeys(slug for node in every_step(plan) for slug in templates_in(node)))
    rows = Template.objects.of(flow.store_id).filter(slug__in=slugs, live__isnull=False).select_related("live", "store")
    found: dict[str, Template] = {}
    for row in rows.order_by("slug", "pk"):
        if row.slug not in found or row.locale == row.store.locale:
            found[row.slug] = row
    return [found[slug] for slug in slugs if slug in found]


def templates_in(node: Node) -> list[str]:
    """The mails a step names: its own, and the texts that take turns with it."""
    own, also = node.config.get("template"), node.config.get("also")
    named = [own, *(also if isinstance(also, list) else [also])]
    return [slug for slug in named if isinstance(slug, str) and slug]


def unseen(flow: Flow) -> list[Template]:
    """The mails nobody has looked at as they are published now."""
    mails = mails_of(flow)
    seen = set(
        Looked.objects.of(flow.store_id)
        .filter(version__in=[mail.live_id for mail in mails])
        .values_list("version_id", flat=True)
    )
    return [mail for mail in mails if mail.live_id not in seen]


def look(flow: Flow, versions: Collection[int], at: datetime) -> None:
    """Somebody looked at these published versions; only those that are this flow's own count."""
    own = {mail.live_id for mail in mails_of(flow) if mail.live_id is not None}
    Looked.objects.bulk_create(
        [Looked(version_id=version, looked_at=at) for version in sorted(own & set(versions))], ignore_conflicts=True
    )


def must_be_seen(flow: Flow) -> None:
    """Raises NotLookedAt when a mail of it was not looked at."""
    mails = unseen(flow)
    if mails:
        raise NotLookedAt(mails)
