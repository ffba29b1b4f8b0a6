"""What can go wrong at a platform's edge, named by what the caller can do."""

from __future__ import annotations

from datetime import timedelta

from apps.stores.troubles import Trouble


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


class ShopTrouble(Exception):
    """The shop could not be asked. `trouble` has a sentence for the owner, which `values` fill.

    `retry_after` is when asking again makes sense, None when only the owner can mend it. The values never hold a
    key, a token or an address of a person.
    """

    def __init__(self, trouble: Trouble, *, retry_after: timedelta | None = None, **values: str) -> None:
        self.trouble = trouble
        self.retry_after = retry_after
        self.values = {name: value[:300] for name, value in values.items()}
        told = ", ".join(f"{name} {value}" for name, value in self.values.items())
        super().__init__(f"{trouble.value}: {told}" if told else trouble.value)


class ShopUnreachable(ShopTrouble):
    """No answer, too many questions, or the shop's own failure: it may work in a while."""


class AccessRefused(ShopTrouble):
    """The keys do not open, or not this: the owner must act."""


class ShopClosed(ShopTrouble):
    """The shop is frozen, locked or gone: stop, and keep everything."""


class AnswerUnreadable(ShopTrouble):
    """Something answered that is not the shop's API: a login page, half an answer, a redirect."""

    location: str = ""
    """Where a redirect leads, whole: to be judged as a new address, and never shown or kept."""


class AddressForbidden(ShopTrouble):
    """An address we never call: not https, not public, or not this shop's."""


class NotOffered(ShopTrouble):
    """This platform, or this shop's version of it, cannot do that."""
