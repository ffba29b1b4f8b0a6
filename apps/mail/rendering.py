"""A compiled template and one person's context become a mail. This is the hot path: tens of
thousands an hour.

Everything that can be known earlier is: HTML is compiled at publish, the shop's parts are settled
once per shop, and the quoted-printable form of what never changes is kept, so that per person only
the values are worked on.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import msgspec
from liquid import BoundTemplate, RenderContext
from liquid.exceptions import LiquidError, OutputStreamLimitError

from apps.mail import sizes
from apps.mail.compiled import Compiled
from apps.mail.context import MailContext, Profile, shop_data
from apps.mail.liquid import HTML, TEXT, TRACKER
from apps.mail.names import clean
from apps.mail.programs import Program, program
from apps.mail.quoted import Quoted
from apps.mail.settling import fixed_texts, settle

Address = Callable[[int, str], str]
"""What stands in the mail for a target: slot number and target → address."""


class RenderFailed(Exception):
    """This mail cannot be rendered; the message says why and holds no personal data."""


class TooLarge(RenderFailed):
    """Even with a single line the HTML is larger than mail programs show whole."""


class Rendered(msgspec.Struct, frozen=True, kw_only=True):
    """One mail's words. `targets[slot]` is where the link with that slot leads."""

    subject: str
    preheader: str
    html: str
    text: str
    targets: list[str] = []
    quoted_html: bytes = b""
    """The HTML as quoted-printable, ready for the wire."""


class Sheet:
    """Where Liquid writes: pieces are kept apart, so that unchanging ones are known again by
    identity.
    """

    __slots__ = ("pieces", "size")

    def __init__(self) -> None:
        self.pieces: list[str] = []
        self.size = 0

    def write(self, piece: str) -> int:
        self.size += len(piece)
        if self.size > sizes.OUTPUT_LIMIT:
            raise OutputStreamLimitError("output stream limit reached", token=None)
        self.pieces.append(piece)
        return len(piece)

    @staticmethod
    def writer(template: BoundTemplate) -> Program:
        """The template as a function of its data: written out where possible, else walked."""

        def walked(data: dict[str, Any]) -> list[str]:
            sheet = Sheet()
            template.render_with_context(RenderContext(template, globals=data), sheet)  # type: ignore[arg-type]
            return sheet.pieces

        return program(template) or walked


class Prepared:
    """A compiled template for one shop: four parsed templates and the quoted form of their fixed
    pieces.
    """

    __slots__ = ("html", "preheader", "quoted", "subject", "text")

    def __init__(self, compiled: Compiled, shop: dict[str, Any]) -> None:
        self.subject = Sheet.writer(settle(TEXT.from_string(compiled.subject), shop))
        self.preheader = Sheet.writer(settle(TEXT.from_string(compiled.preheader), shop))
        page = settle(HTML.from_string(compiled.html), shop)
        self.html = Sheet.writer(page)
        self.text = Sheet.writer(settle(TEXT.from_string(compiled.text), shop))
        self.quoted = Quoted(fixed_texts(page))


_prepared: dict[tuple[str, Profile], Prepared] = {}


def prepared(compiled: Compiled, shop: Profile) -> Prepared:
    """Parsed once per process for a version and a shop's present profile."""
    key = (compiled.checksum, shop)
    found = _prepared.get(key)
    if found is None:
        if len(_prepared) >= 512:
            _prepared.clear()
        found = _prepared[key] = Prepared(compiled, shop_data(shop, compiled.locale))
    return found


class Slots:
    """The targets of one mail, in order; the same target keeps its slot."""

    __slots__ = ("address", "shown", "targets")

    def __init__(self, address: Address | None) -> None:
        self.address = address
        self.targets: list[str] = []
        self.shown: dict[str, str] = {}

    def __call__(self, target: str) -> str:
        shown = self.shown.get(target)
        if shown is None:
            slot = len(self.targets)
            self.targets.append(target)
            shown = self.shown[target] = self.address(slot, target) if self.address else target
        return shown

    def __str__(self) -> str:
        return ""


def render(compiled: Compiled, context: MailContext, *, address: Address | None = None) -> Rendered:
    """The mail; fewer basket lines are shown when it would be too large to be shown whole."""
    for lines in (sizes.LINES_SHOWN, 3, 1):
        mail = _render(compiled, context, address, lines)
        if len(mail.html) * 4 <= sizes.HTML_LIMIT or len(mail.html.encode()) < sizes.HTML_LIMIT:
            return mail
    raise TooLarge(f"the HTML is {len(mail.html.encode())} bytes, at most {sizes.HTML_LIMIT - 1} show whole")


def _render(compiled: Compiled, context: MailContext, address: Address | None, lines: int) -> Rendered:
    data = context.data(lines=lines)
    slots = data[TRACKER] = Slots(address)
    ready = prepared(compiled, context.shop)
    try:
        subject = data["mail"]["subject"] = clean("".join(ready.subject(data)), 300)
        preheader = data["mail"]["preheader"] = clean("".join(ready.preheader(data)), 300)
        pieces = ready.html(data)
        text = tidy("".join(ready.text(data)))
    except LiquidError as error:
        raise RenderFailed(f"{type(error).__name__}: {error.args[0] if error.args else ''}"[:300]) from error
    return Rendered(
        subject=subject,
        preheader=preheader,
        html="".join(pieces),
        text=text,
        targets=slots.targets,
        quoted_html=ready.quoted.join(pieces),
    )


SPACES = re.compile(r"[ \t]+\n")


def tidy(text: str) -> str:
    """Blocks that vanished leave no holes: at most one empty line, none at the ends."""
    text = text.replace("\r\n", "\n")
    if " \n" in text or "\t\n" in text:
        text = SPACES.sub("\n", text)
    while "\n\n\n" in text:
        text = text.replace("\n\n\n", "\n\n")
    return text.strip() + "\n"
