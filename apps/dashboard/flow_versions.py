"""A flow's versions on its page: what each changed, what the draft would change, and what our preset changed since."""

from __future__ import annotations

from dataclasses import dataclass

from apps.flows.differing import Change, differences
from apps.flows.models import Flow, Version
from apps.flows.upgrading import Upgrade, offered
from apps.flows.words_of import Names

MOST = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """One version, with what it changed against the one before."""

    version: Version
    changes: list[Change]
    is_first: bool
    in_use: bool


def history(flow: Flow, names: Names) -> list[Past]:
    """The versions, newest first."""
    versions = list(flow.versions.order_by("-number")[: MOST + 1])
    return [
        Past(
            version=version,
            changes=[] if before is None else differences(before.definition, version.definition, names),
            is_first=version.number == 1,
            in_use=version.pk == flow.version_id,
        )
        for version, before in zip(versions[:MOST], [*versions[1:], None], strict=False)
    ]


def since_published(flow: Flow, names: Names) -> list[Change]:
    """What publishing the draft would change; nothing for a flow that was never published."""
    return [] if flow.version is None else differences(flow.version.definition, flow.draft, names)


def upgrade_of(flow: Flow, names: Names) -> Upgrade | None:
    """What we changed in the preset it is a copy of."""
    return None if flow.deleted_at is not None else offered(flow, names)
