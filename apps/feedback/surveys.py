"""A store's surveys: the shipped ones when first needed, a new version when asked words change."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

import msgspec
from django.db import transaction

from apps.core import db
from apps.feedback import shipped
from apps.feedback.models import Survey
from apps.feedback.parts import kinds, load

Place = tuple[int, str]
"""(store, slug)"""


class Present(msgspec.Struct, frozen=True, kw_only=True):
    """The version of a survey that is asked now."""

    id: int
    store_id: int
    slug: str
    kind: str
    share: Decimal


_INSTALL = """
INSERT INTO feedback_survey (store_id, slug, number, kind, name, texts, share, low_mark, created_at)
SELECT w.store_id, w.slug, 1, w.kind, coalesce(w.names ->> s.language, w.names ->> 'en'), w.texts, 100, w.low_mark,
    %(at)s
FROM unnest(%(stores)s::bigint[], %(slugs)s::text[], %(kinds)s::text[], %(names)s::jsonb[], %(texts)s::jsonb[],
    %(marks)s::smallint[]) AS w(store_id, slug, kind, names, texts, low_mark)
JOIN stores_store s ON s.id = w.store_id
WHERE NOT EXISTS (SELECT FROM feedback_survey k WHERE k.store_id = w.store_id AND k.slug = w.slug)
ON CONFLICT DO NOTHING
"""

_PRESENT = """
SELECT v.id, v.store_id, v.slug, v.kind, v.share FROM feedback_survey v
JOIN unnest(%s::bigint[], %s::text[]) AS w(store_id, slug) USING (store_id, slug)
WHERE v.replaced_at IS NULL
"""


def present(wanted: Collection[Place], at: datetime) -> dict[Place, Present]:
    """The version of each that is asked now; a shipped survey is installed when a store first needs it.

    A slug that is neither the store's own nor shipped is not in the answer.
    """
    places = sorted(set(wanted))
    if not places:
        return {}
    found = _present(places)
    missing = [place for place in places if place not in found and place[1] in shipped.known()]
    if missing:
        _install(missing, at)
        found |= _present(missing)
    return found


def _present(places: list[Place]) -> dict[Place, Present]:
    rows = db.rows(_PRESENT, [[place[0] for place in places], [place[1] for place in places]])
    return {
        (row[1], row[2]): Present(id=row[0], store_id=row[1], slug=row[2], kind=row[3], share=row[4]) for row in rows
    }


def _install(places: list[Place], at: datetime) -> None:
    load()
    told = [shipped.survey(slug) for _, slug in places]
    db.run(
        _INSTALL,
        {
            "stores": [store for store, _ in places],
            "slugs": [slug for _, slug in places],
            "kinds": [one.kind for one in told],
            "names": [msgspec.json.encode(one.name).decode() for one in told],
            "texts": [msgspec.json.encode(one.texts).decode() for one in told],
            "marks": [kinds.get(one.kind).low_mark for one in told],
            "at": at,
        },
    )


def install(store_id: int, at: datetime) -> None:
    """All shipped surveys, for a page that shows what a store can ask."""
    present([(store_id, slug) for slug in shipped.known()], at)


def freeze(ids: Collection[int], at: datetime) -> None:
    """These versions are about to be read by somebody: their words stand still from now on."""
    db.run(
        "UPDATE feedback_survey SET frozen_at = %s WHERE id = ANY(%s::bigint[]) AND frozen_at IS NULL",
        [at, sorted(set(ids))],
    )


def reword(survey: Survey, texts: Mapping[str, Any], at: datetime) -> Survey:
    """The same survey with other words: the row itself when nobody was asked yet, else its next version."""
    with transaction.atomic():
        newest = Survey.objects.select_for_update().of(survey.store_id).filter(slug=survey.slug, replaced_at=None).get()
        if newest.texts == texts:
            return newest
        if newest.frozen_at is None:
            newest.texts = dict(texts)
            newest.save(update_fields=["texts"])
            return newest
        newest.replaced_at = at
        newest.save(update_fields=["replaced_at"])
        return Survey.objects.create(
            store_id=newest.store_id,
            slug=newest.slug,
            number=newest.number + 1,
            kind=newest.kind,
            name=newest.name,
            texts=dict(texts),
            share=newest.share,
            low_mark=newest.low_mark,
        )
