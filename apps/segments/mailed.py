"""What became of mails: the fields and the SQL that received, clicked and opened share.

Mail stands a floor above; of it conditions read rows, by SQL alone, and nothing of its code.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from apps.core.sql import Sql
from apps.segments import phrases
from apps.segments.done import Done, Tally

Channel = Literal["any", "marketing", "service"]
CHANNELS = {"any": _("any mail"), "marketing": _("marketing mail"), "service": _("service mail")}


@dataclass(frozen=True, slots=True, kw_only=True)
class Mailed(Done):
    """Which mails are meant: marketing or service, and which texts."""

    channel: Channel = field(default="any", metadata={"label": _("channel"), "choices": CHANNELS})
    mails: tuple[str, ...] = field(
        default=(), metadata={"label": _("mails"), "max_length": 80, "help": _("Short names of texts; none: any.")}
    )

    def which(self) -> tuple[Sql, ...]:
        """That `m` is such a mail, and was really sent."""
        found = [Sql("m.status = 'accepted' AND NOT m.shadow")]
        if self.channel != "any":
            found.append(Sql("m.kind = %s::text", (self.channel,)))
        if self.mails:
            found.append(Sql("m.template_slug = ANY(%s::text[])", (list(self.mails),)))
        return tuple(found)

    def mails_where(self, moment: str, *, source: str = "mail_message m", counted: str = "count(*)") -> Tally:
        return Tally(
            source=source,
            person="m.customer_id",
            store="m.store_id",
            filters=(*self.which(), *self.during(moment)),
            counted=counted,
        )

    def mail_words(self) -> str:
        """a marketing mail (cart-1 or cart-2)."""
        kinds = {
            "any": gettext("a mail"),
            "marketing": gettext("a marketing mail"),
            "service": gettext("a service mail"),
        }
        return f" {kinds[self.channel]}" + (f" ({phrases.either(self.mails)})" if self.mails else "")
