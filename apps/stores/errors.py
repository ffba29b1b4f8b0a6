"""What can go wrong at a platform's edge, named by what the caller can do."""

from __future__ import annotations


class SignatureRefused(Exception):
    """The delivery is not signed by this store. Answer 401 and say nothing."""


class Unreadable(Exception):
    """A payload that cannot become snapshots. It is kept and quarantined with this reason."""

    def __init__(self, code: str, detail: str = "") -> None:
        super().__init__(f"{code}: {detail}" if detail else code)
        self.code = code
        self.detail = detail


class Ignored(Exception):
    """A delivery we know of and have no use for. It is kept as 'ignored' with this reason."""
