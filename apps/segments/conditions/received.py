from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from apps.segments import phrases
from apps.segments.done import Tally
from apps.segments.mailed import Mailed
from apps.segments.parts import conditions


@conditions.register("received")
@dataclass(frozen=True, slots=True, kw_only=True)
class Received(Mailed):
    """Was sent a mail of ours that the mail server took."""

    label: ClassVar[Any] = _("Received a mail")

    def tally(self) -> Tally:
        return self.mails_where("m.sending_at")

    def sentence(self) -> str:
        return phrases.told(
            self,
            yes=gettext("has received%(what)s%(often)s%(when)s"),
            no=gettext("has not received%(what)s%(when)s"),
            what=self.mail_words(),
        )
