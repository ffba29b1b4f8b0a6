"""What publishing leaves behind."""

from __future__ import annotations

import msgspec

from apps.mail.problems import Problem


class Compiled(msgspec.Struct, frozen=True, kw_only=True):
    """Plain data, stored with a template's version; `checksum` is its name in every cache."""

    locale: str
    subject: str
    preheader: str
    html: str
    text: str
    checksum: str
    needs: tuple[str, ...] = ()
    """Names of the context without which this mail has nothing to say and is not sent."""
    problems: tuple[Problem, ...] = ()
    """Warnings only: a template with errors is not compiled."""
