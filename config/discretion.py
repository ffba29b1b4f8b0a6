"""Keeps addresses and secrets out of the log."""

from __future__ import annotations

import logging
import re

ADDRESS = re.compile(r"[A-Za-z0-9._%+'-]+@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+")
CREDENTIALS = re.compile(r"(?P<scheme>[a-z][a-z0-9+.-]*://)[^\s/@]+@")
NAMED = re.compile(
    r"(?i)(?P<name>password|secret|token|api[_-]?key|authorization|sleutel)"
    r"(?P<is>[\"']?\s*[=:]\s*[\"']?)(?:Bearer\s+|Basic\s+)?[^\s\"'&,}]+"
)


def discreet(text: str) -> str:
    """The text without what must not be read in a log."""
    text = CREDENTIALS.sub(r"\g<scheme>[secret]@", text)
    text = NAMED.sub(r"\g<name>\g<is>[secret]", text)
    return ADDRESS.sub("[address]", text)


class Discreet(logging.Filter):
    """Rewrites a record before anybody formats it."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.msg, record.args = discreet(record.getMessage()), None
        if record.exc_info and not record.exc_text:
            record.exc_text = discreet(logging.Formatter().formatException(record.exc_info))
        return True
