from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from apps.core.sql import Sql
from apps.segments import phrases
from apps.segments.done import Tally
from apps.segments.mailed import Mailed
from apps.segments.parts import conditions


@conditions.register("clicked")
@dataclass(frozen=True, slots=True, kw_only=True)
class Clicked(Mailed):
    """Followed a link of a mail, as a person and not as a scanner. Counted are mails, not clicks."""

    label: ClassVar[Any] = _("Clicked in a mail")

    def tally(self) -> Tally:
        source = "mail_message m JOIN tracking_click t ON t.message_id = m.id AND t.machine = ''"
        return self.mails_where("t.at", source=source, counted="count(DISTINCT m.id)")

    def which(self) -> tuple[Sql, ...]:
        # A click proves that the mail arrived, whatever its server said.
        return Mailed.which(self)[1:]

    def sentence(self) -> str:
        return phrases.told(
            self,
            yes=gettext("has clicked in%(what)s%(often)s%(when)s"),
            no=gettext("has not clicked in%(what)s%(when)s"),
            what=self.mail_words(),
        )
