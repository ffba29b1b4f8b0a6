"""Which text was in force: templates are frozen in versions, and each says from when it went out."""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from datetime import datetime

from django.conf import settings

from apps.core import db
from apps.flows.simulating.history import Scope
from apps.mail import facts
from apps.mail.batch import locales

_VERSIONS = """
SELECT t.slug, t.locale, v.number, v.published_at FROM mail_template t
JOIN mail_templateversion v ON v.template_id = t.id WHERE t.store_id = %s
ORDER BY t.slug, t.locale, v.published_at, v.number
"""


class Wordings:
    """A shop's published texts, each from the moment it went out."""

    def __init__(self, scope: Scope) -> None:
        self.shop = facts.shops([scope.store_id], settings.ENV.public_url)[scope.store_id]
        self.known: dict[str, dict[str, list[tuple[datetime, int]]]] = defaultdict(dict)
        for slug, locale, number, at in db.rows(_VERSIONS, [scope.store_id]):
            self.known[slug].setdefault(locale, []).append((at, number))

    def version(self, slug: str, person: str, at: datetime) -> int | None:
        """The number of the version this person would have read at that moment; None: there was none yet."""
        mine = self.known.get(slug, {})
        wanted = next((locale for locale in locales(person, self.shop) if locale in mine), None)
        published = mine.get(wanted or min(mine, default=""), [])
        place = bisect_right(published, at, key=lambda one: one[0])
        return published[place - 1][1] if place else None
