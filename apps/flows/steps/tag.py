from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, ClassVar

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from apps.core import db
from apps.core.forms import FieldRefused
from apps.flows.parts import AtOnce, steps
from apps.flows.taking import Case, Taken
from apps.segments import measuring

# Person by person in key order; whoever has what is added and lacks what is taken off is left alone.
_TAG = """
WITH asked AS (
    SELECT customer_id, jsonb_agg(DISTINCT tag) FILTER (WHERE added) AS more,
        array_agg(DISTINCT tag) FILTER (WHERE NOT added) AS less
    FROM unnest(%s::bigint[], %s::text[], %s::boolean[]) AS t(customer_id, tag, added) GROUP BY customer_id
), people AS MATERIALIZED (
    SELECT p.id FROM customers_customer p WHERE p.id IN (SELECT customer_id FROM asked) AND p.erased_at IS NULL
    ORDER BY p.id FOR NO KEY UPDATE
)
UPDATE customers_customer p SET tags = coalesce((
    SELECT jsonb_agg(tag ORDER BY tag) FROM (
        SELECT DISTINCT tag FROM jsonb_array_elements_text(p.tags || coalesce(a.more, '[]')) AS tag
        WHERE tag <> ALL (coalesce(a.less, '{}'))
    ) AS kept), '[]')
FROM asked a JOIN people ON people.id = a.customer_id
WHERE p.id = a.customer_id AND NOT (p.tags @> coalesce(a.more, '[]') AND NOT p.tags ?| coalesce(a.less, '{}'))
"""


@steps.register("tag")
@dataclass(frozen=True, slots=True, kw_only=True)
class Tag(AtOnce):
    """Put words of your own on the person, or take them off."""

    kind: ClassVar[str]
    label: ClassVar[Any] = _("Tag")
    short: ClassVar[str] = "add"
    acts: ClassVar[bool] = True

    add: tuple[str, ...] = field(
        default=(), metadata={"label": _("Add these words"), "max_length": 80, "example": "regular"}
    )
    remove: tuple[str, ...] = field(
        default=(), metadata={"label": _("Take these words off"), "max_length": 80, "example": "newcomer"}
    )

    def __post_init__(self) -> None:
        if not self.add and not self.remove:
            raise FieldRefused("add", gettext("expected a word to add or to take off"))
        if set(self.add) & set(self.remove):
            raise FieldRefused("remove", gettext("the same word cannot be added and taken off"))

    @classmethod
    def take(cls, cases: Sequence[Case], at: datetime) -> list[Taken]:
        words = [
            (case.run.customer_id, word, added)
            for case in cases
            if not case.shadow
            for added, given in ((True, case.step.add), (False, case.step.remove))
            for word in given
        ]
        if words:
            db.run(_TAG, [list(column) for column in zip(*words, strict=True)])
            # The diary says nothing of tags; segments that ask for one must hear of it.
            measuring.touch([customer for customer, _, _ in words], at)
        return [Taken(case=case, outcome="in_shadow" if case.shadow else "tagged") for case in cases]
