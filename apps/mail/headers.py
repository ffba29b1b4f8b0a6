"""The headers every mail of ours carries (reliability.md 4.2).

One-click unsubscribe is RFC 8058, automatic mail says so (RFC 3834), Feedback-ID lets Gmail report
per flow and shop. No `Precedence: bulk`: each mail is one person's.
"""

from __future__ import annotations

import re
from datetime import datetime
from email.utils import format_datetime
from functools import lru_cache

import msgspec

from apps.mail.addresses import a_label, address
from apps.mail.links import web_address
from apps.mail.names import clean

UNFIT = re.compile(r"[^A-Za-z0-9_.-]+")


class Origin(msgspec.Struct, frozen=True, kw_only=True):
    """What a message comes from, in signs that are safe in headers of their own."""

    store: str
    flow: str
    kind: str
    sender: str
    domain: str
    """The domain Message-ID and List-Id are said under: the store's sending domain."""
    name: str = ""


def message_id(uid: str, domain: str) -> str:
    """The same for every attempt at one message, so that any doubt can be looked up."""
    return f"<{_fit(uid)}@{a_label(domain)}>"


def headers(
    uid: str, *, origin: Origin, at: datetime, unsubscribe: str = "", unsubscribe_mailbox: str = ""
) -> dict[str, str]:
    """All headers but From, To, Reply-To and Subject, in the order they are written."""
    found = {
        "Date": format_datetime(at),
        "Message-ID": message_id(uid, origin.domain),
        "Auto-Submitted": "auto-generated",
        "X-Auto-Response-Suppress": "OOF, AutoReply",
        "List-Id": f"<{_fit(origin.flow)}.{_fit(origin.store)}.{a_label(origin.domain)}>",
        "Feedback-ID": ":".join(_fit(part) for part in (origin.flow, origin.store, origin.kind, origin.sender)),
    }
    return found | _unsubscribe(unsubscribe, unsubscribe_mailbox, uid)


def _unsubscribe(url: str, mailbox: str, uid: str) -> dict[str, str]:
    ways = [f"<{web_address(url)}>"] if web_address(url) else []
    if mailbox:
        ways.append(f"<mailto:{address(mailbox)}?subject=unsubscribe-{_fit(uid)}>")
    if not ways:
        return {}
    found = {"List-Unsubscribe": ", ".join(ways)}
    if web_address(url):
        # RFC 8058 asks for https; a running shop's public address has it, a demo's need not.
        found["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    return found


@lru_cache(maxsize=2048)
def _fit(text: str) -> str:
    return UNFIT.sub("-", clean(text, 60)).strip(".-") or "none"
