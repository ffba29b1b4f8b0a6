"""Was that a person? Scanners follow links before anybody reads the mail, and must never count."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from enum import StrEnum
from functools import lru_cache

import msgspec
from crawleruseragents import is_crawler
from django.http import HttpRequest

TOO_SOON = timedelta(seconds=2)
"""Nobody reads a mail and clicks within this."""
AGENT_LIMIT = 400

# Guards of mailboxes that name themselves and stand on no list of crawlers.
GUARDS = re.compile(
    r"barracuda|proofpoint|mimecast|safelinks|trend ?micro|symantec|messagelabs|ironport|fireeye"
    r"|forcepoint|sophos|zscaler|virustotal|cloudmark|\bjava/",
    re.IGNORECASE,
)


class Machine(StrEnum):
    """Why a click is not a person's."""

    HEAD = "head"
    SCANNER = "scanner"
    PREFETCH = "prefetch"
    TOO_SOON = "too_soon"
    BURST = "burst"


class Visit(msgspec.Struct, frozen=True, kw_only=True):
    """What a request says of itself."""

    method: str
    agent: str
    purpose: str = ""


def visit_of(request: HttpRequest) -> Visit:
    headers = request.headers
    return Visit(
        method=request.method or "",
        agent=headers.get("User-Agent", "")[:AGENT_LIMIT],
        purpose=headers.get("Sec-Purpose", headers.get("Purpose", ""))[:AGENT_LIMIT],
    )


def machine(visit: Visit, left_at: datetime | None, at: datetime) -> str:
    """The first reason to take this visit for a machine's; '' for a person's."""
    if visit.method == "HEAD":
        return Machine.HEAD
    if is_scanner(visit.agent):
        return Machine.SCANNER
    if "prefetch" in visit.purpose.lower():
        return Machine.PREFETCH
    if left_at is not None and abs(at - left_at) < TOO_SOON:
        return Machine.TOO_SOON
    return ""


@lru_cache(maxsize=4096)
def is_scanner(agent: str) -> bool:
    """A browser always says what it is: silence is a machine's."""
    return not agent.strip() or GUARDS.search(agent) is not None or bool(is_crawler(agent))
