"""What the records of a sender's domain mean for its owner: which record to add or mend, by name and value."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Literal

from django.utils.translation import gettext as _

from apps.dashboard.domain_records import Dkim, Dmarc, Spf
from apps.dashboard.models import SenderDomain

SPF_EXAMPLE: Final = "v=spf1 include:spf.provider.example ~all"
DMARC_EXAMPLE: Final = "v=DMARC1; p=none"


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """How it stands, and what to do. `known` is false where only the owner can say."""

    state: Literal["done", "open", "bad"]
    said: str
    mend: str = ""
    known: bool = True


def judged(domain: str, row: SenderDomain | None) -> Judgement:
    """Of a domain as A-labels, and what is kept of it, if it is of this very domain."""
    name = _("The sender's domain lets us send")
    if not domain:
        return Judgement(state="open", said=name, mend=_("Fill in who the mails are from."))
    if row is None or row.domain != domain or row.looked_at is None:
        return Judgement(state="open", said=name, mend=_("We look its records up within a few minutes."))
    if row.is_good:
        return Judgement(state="done", said=_good(row))
    if row.is_bad:
        return Judgement(state="bad", said=name, mend=" ".join(_mends(row)))
    return unheard(domain)


def unheard(domain: str) -> Judgement:
    """Of a domain whose name servers told us nothing."""
    mend = _(
        "We could not look it up. Ask your mail provider for its SPF and DKIM records, and have a DMARC record at"
        " _dmarc.%(domain)s."
    )
    said = _("The sender's domain lets us send")
    return Judgement(state="open", said=said, mend=mend % {"domain": domain}, known=False)


def _good(row: SenderDomain) -> str:
    if row.dkim == Dkim.FOUND:
        return _("SPF, DKIM and DMARC of %(domain)s are set") % {"domain": row.domain}
    return _("SPF and DMARC of %(domain)s are set; whether DKIM is, your mail provider knows") % {"domain": row.domain}


def _mends(row: SenderDomain) -> Iterator[str]:
    given = {"domain": row.domain, "at": row.dmarc_at, "spf": SPF_EXAMPLE, "dmarc": DMARC_EXAMPLE}
    for sentence in (_of_spf(row.spf), _of_dmarc(row.dmarc) if row.spf != Spf.NO_DOMAIN else ""):
        if sentence:
            yield sentence % given


def _of_spf(code: str) -> str:
    sentences = {
        Spf.MISSING: _(
            "Add a TXT record named %(domain)s with a value like “%(spf)s”: your mail provider says what goes after"
            " include."
        ),
        Spf.SEVERAL: _(
            "%(domain)s has more than one SPF record, so none counts: make one TXT record of them, with a value like"
            " “%(spf)s”."
        ),
        Spf.OPEN: _(
            "The SPF record of %(domain)s lets everybody send in its name: end that TXT record with ~all in place of"
            " +all, like “%(spf)s”."
        ),
        Spf.NOBODY: _(
            "The SPF record of %(domain)s lets nobody send: add your mail provider to that TXT record, like “%(spf)s”."
        ),
        Spf.NO_DOMAIN: _("The domain %(domain)s does not exist: mend the sender's address, or register the domain."),
    }
    return sentences.get(Spf(code), "")


def _of_dmarc(code: str) -> str:
    sentences = {
        Dmarc.MISSING: _("Add a TXT record named _dmarc.%(domain)s with the value “%(dmarc)s”."),
        Dmarc.SEVERAL: _("There is more than one DMARC record at _dmarc.%(at)s, so none counts: keep one."),
        Dmarc.BROKEN: _(
            "The DMARC record at _dmarc.%(at)s has no policy: give that TXT record a value like “%(dmarc)s”."
        ),
    }
    return sentences.get(Dmarc(code), "")
