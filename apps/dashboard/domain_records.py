"""What a sender's domain says of itself in DNS: who may send for it (SPF), what to do with the rest (DMARC), and, as
far as it can be guessed, whether its mail is signed (DKIM).

A silence is no answer: what could not be asked is unknown, and only what a name server said is missing or wrong.
Records are strangers' text; nothing of them leaves this module but the closed words below.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

import dns.exception
import dns.name
import dns.nameserver
import dns.rdatatype
import dns.resolver

SELECTORS: Final = ("default", "mail", "google", "selector1", "s1", "k1", "pm")
"""Under which names hosts and providers publish their keys: cPanel and Plesk, OpenDKIM and Brevo, Google, Microsoft,
SendGrid, Mailchimp, Postmark. A key under any other name is not found: DNS has no list of names."""
ANCESTORS: Final = 3
"""Parents that are asked for a DMARC record; a shop's mail domain lies no deeper."""
LONGEST: Final = 8_192
"""Characters of one record that are read. A longer SPF record breaks every limit of RFC 7208 anyway."""
POLICIES: Final = ("none", "quarantine", "reject")
_IS_SPF: Final = re.compile(r"v=spf1(?: |$)", re.IGNORECASE)
_IS_DMARC: Final = re.compile(r"v\s*=\s*DMARC1\s*(?:;|$)")
_HAS_KEY: Final = re.compile(r"(?:^|;)\s*p\s*=\s*[A-Za-z0-9+/]")
_MODIFIER: Final = re.compile(r"(?!redirect=)[a-z][a-z0-9_.-]*=")


class Spf(StrEnum):
    """Who may send (RFC 7208)."""

    GOOD = "good"
    MISSING = "missing"
    SEVERAL = "several"
    """More than one record: a receiver counts none (section 4.5)."""
    OPEN = "open"
    """It ends in +all: everybody may send."""
    NOBODY = "nobody"
    """It names no sender at all."""
    NO_DOMAIN = "no_domain"
    UNKNOWN = "unknown"


class Dmarc(StrEnum):
    """What receivers are asked to do with mail that proves nothing (RFC 7489)."""

    GOOD = "good"
    MISSING = "missing"
    SEVERAL = "several"
    BROKEN = "broken"
    """No policy that a receiver understands."""
    UNKNOWN = "unknown"


class Dkim(StrEnum):
    """Whether a key was found under one of the common names (RFC 6376). Not found says nothing."""

    FOUND = "found"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Records:
    """What was found. `dmarc_at` is the name whose record counts, '' where there is none."""

    spf: Spf = Spf.UNKNOWN
    dmarc: Dmarc = Dmarc.UNKNOWN
    policy: str = ""
    dmarc_at: str = ""
    dkim: Dkim = Dkim.UNKNOWN

    @property
    def complete(self) -> bool:
        """Both that decide were answered."""
        return self.spf is not Spf.UNKNOWN and self.dmarc is not Dmarc.UNKNOWN


def look_up(
    domain: str, *, seconds: float = 3.0, nameservers: Sequence[dns.nameserver.Nameserver] | None = None
) -> Records:
    """Ask the machine's resolver, or these servers, and be done within `seconds`. Raises nothing."""
    try:
        name = dns.name.from_text(domain, idna_codec=dns.name.IDNA_2008_UTS_46)
        asking = _Asking(resolver=_resolver(seconds, nameservers), until=time.monotonic() + seconds)
    except dns.exception.DNSException:
        return Records()
    # A name has the root as its last label: a bare top-level one sends no shop's mail.
    return _found(name, asking) if len(name) > 2 else Records()


def _resolver(seconds: float, nameservers: Sequence[dns.nameserver.Nameserver] | None) -> dns.resolver.Resolver:
    made = dns.resolver.Resolver(configure=nameservers is None)
    if nameservers is not None:
        made.nameservers = list(nameservers)
    # Of one server's time: a packet that was lost is sent again while there is some left.
    made.timeout = seconds / 3
    return made


class _Silence(Exception):
    """No name server said yes or no in time."""


class _Walled(Exception):
    """The resolver denies even what everybody knows: it stands behind a wall, and its no says nothing of a domain."""


class _NoName(Exception):
    """The name does not exist, nor does anything below it (RFC 8020)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asking:
    """All questions about one domain, within one stretch of time."""

    resolver: dns.resolver.Resolver = field(repr=False)
    until: float

    def texts(self, name: dns.name.Name) -> list[str]:
        """The TXT records of this name, each as one text (its strings joined as they stand: RFC 7208 section 3.3).

        Raises _NoName and _Silence.
        """
        answer = self._answer(name, dns.rdatatype.TXT)
        return [b"".join(one.strings)[:LONGEST].decode("ascii", "replace") for one in answer]

    def knows_the_world(self) -> bool:
        """Whether this resolver can name the servers of the root, as every one on the internet can."""
        try:
            return bool(len(self._answer(dns.name.root, dns.rdatatype.NS)))
        except (_NoName, _Silence):
            return False

    def _answer(self, name: dns.name.Name, kind: dns.rdatatype.RdataType) -> dns.resolver.Answer:
        left = self.until - time.monotonic()
        if left <= 0:
            raise _Silence
        try:
            return self.resolver.resolve(name, kind, lifetime=left, raise_on_no_answer=False)
        except dns.resolver.NXDOMAIN:
            raise _NoName from None
        except dns.exception.DNSException:
            raise _Silence from None

    def below(self, label: str, name: dns.name.Name) -> list[str]:
        """The TXT records of a name below this one; none where it does not exist or cannot be a name."""
        try:
            return self.texts(dns.name.from_text(label, origin=name))
        except (_NoName, dns.name.NameTooLong):
            return []


def _found(name: dns.name.Name, asking: _Asking) -> Records:
    try:
        spf = _spf_of(name, asking)
    except _Walled:
        return Records()
    except _Silence:
        spf = Spf.UNKNOWN
    if spf is Spf.NO_DOMAIN:
        return Records(spf=spf, dmarc=Dmarc.MISSING)
    try:
        dmarc, policy, at = _dmarc(name, asking)
    except _Silence:
        dmarc, policy, at = Dmarc.UNKNOWN, "", ""
    return Records(spf=spf, dmarc=dmarc, policy=policy, dmarc_at=at, dkim=_dkim(name, asking))


def _spf_of(name: dns.name.Name, asking: _Asking) -> Spf:
    try:
        texts = asking.texts(name)
    except _NoName:
        texts, missing = [], Spf.NO_DOMAIN
    else:
        missing = Spf.MISSING
    if not texts and not asking.knows_the_world():
        raise _Walled
    return _spf(texts) if texts else missing


def _spf(texts: list[str]) -> Spf:
    found = [text.lower().split()[1:] for text in texts if _IS_SPF.match(text)]
    if len(found) != 1:
        return Spf.SEVERAL if found else Spf.MISSING
    terms = [term for term in found[0] if not _MODIFIER.match(term)]
    # What stands after an `all` is never read (section 5.1).
    place = next((at for at, term in enumerate(terms) if term.lstrip("+-~?") == "all"), len(terms))
    if terms[place : place + 1] in (["all"], ["+all"]):
        return Spf.OPEN
    return Spf.GOOD if terms[:place] else Spf.NOBODY


def _dmarc(name: dns.name.Name, asking: _Asking) -> tuple[Dmarc, str, str]:
    """Of the domain, else of the nearest parent that has one: also mail from a subdomain is judged by that."""
    for place in (name, *_parents(name)):
        found = [text for text in asking.below("_dmarc", place) if _IS_DMARC.match(text)]
        tags = _tags(found[0]) if found else {}
        if not found or (place != name and tags.get("psd") == "y"):
            continue
        at = place.to_text(omit_final_dot=True)
        if len(found) > 1:
            return Dmarc.SEVERAL, "", at
        policy = tags.get("p", "") if place == name else tags.get("sp", tags.get("p", ""))
        return (Dmarc.GOOD, policy, at) if policy in POLICIES else (Dmarc.BROKEN, "", at)
    return Dmarc.MISSING, "", ""


def _parents(name: dns.name.Name) -> Iterator[dns.name.Name]:
    """The domains above, never a bare top-level one."""
    for _ in range(min(ANCESTORS, len(name) - 3)):
        name = name.parent()
        yield name


def _tags(text: str) -> dict[str, str]:
    pairs = (part.partition("=") for part in text.split(";"))
    return {key.strip().lower(): value.strip().lower() for key, _, value in pairs}


def _dkim(name: dns.name.Name, asking: _Asking) -> Dkim:
    try:
        # One question spares seven: where nothing is below this name, no key is.
        asking.texts(dns.name.from_text("_domainkey", origin=name))
        signed = any(_HAS_KEY.search(text) for one in SELECTORS for text in asking.below(f"{one}._domainkey", name))
    except (_NoName, _Silence, dns.name.NameTooLong):
        return Dkim.UNKNOWN
    return Dkim.FOUND if signed else Dkim.UNKNOWN
