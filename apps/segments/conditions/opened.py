from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from apps.core.sql import Sql
from apps.events.kinds import MAIL_OPENED
from apps.segments import phrases
from apps.segments.done import Tally
from apps.segments.mailed import Mailed
from apps.segments.parts import conditions


@conditions.register("opened")
@dataclass(frozen=True, slots=True, kw_only=True)
class Opened(Mailed):
    """Looked at a mail, as a person: what a mail program loads by itself is no opening. Counted are mails."""

    label: ClassVar[Any] = _("Opened a mail")

    def tally(self) -> Tally:
        source = (
            "mail_message m JOIN events_event v ON v.customer_id = m.customer_id"
            " AND v.subject = 'message:' || m.id AND v.kind = '" + MAIL_OPENED + "'"
            " AND coalesce(v.data ->> 'machine', '') = ''"
        )
        return self.mails_where("v.occurred_at", source=source, counted="count(DISTINCT m.id)")

    def which(self) -> tuple[Sql, ...]:
        # It was opened, so it arrived, whatever its server said.
        return Mailed.which(self)[1:]

    def sentence(self) -> str:
        return phrases.told(
            self,
            yes=gettext("has opened%(what)s%(often)s%(when)s"),
            no=gettext("has not opened%(what)s%(when)s"),
            what=self.mail_words(),
        )
