"""Colours of a shop made readable: WCAG 2.2 contrast, on light and on dark.

A shop picks one accent. Text on it, links in it and the dark version are derived, so that no choice
of the owner can make a button or a link unreadable.
"""

from __future__ import annotations

import re
from functools import lru_cache

INK = "#1c1b1a"
PAPER = "#ffffff"
NIGHT = "#1f1f22"
ACCENT = "#24507a"

HEX = re.compile(r"#(?:[0-9a-f]{3}|[0-9a-f]{6})", re.IGNORECASE)


def is_colour(value: str) -> bool:
    return HEX.fullmatch(value) is not None


def whole(colour: str) -> str:
    """`#abc` as `#aabbcc`: old Outlook reads only six digits."""
    digits = colour[1:].lower()
    return "#" + (digits if len(digits) == 6 else "".join(d * 2 for d in digits))


def channels(colour: str) -> tuple[int, int, int]:
    digits = whole(colour)[1:]
    return int(digits[:2], 16), int(digits[2:4], 16), int(digits[4:], 16)


def luminance(colour: str) -> float:
    red, green, blue = (
        c / 255 / 12.92 if c / 255 <= 0.04045 else ((c / 255 + 0.055) / 1.055) ** 2.4 for c in channels(colour)
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def text_on(background: str) -> str:
    """White where it can be read, else ink."""
    return PAPER if contrast(PAPER, background) >= 4.5 else INK


@lru_cache(maxsize=1024)
def readable(colour: str, background: str, ratio: float = 4.5) -> str:
    """The nearest tint of a colour that can be read on a background."""
    target = 0 if luminance(background) > 0.18 else 255
    found = whole(colour)
    for step in range(21):
        mixed = [round(c + (target - c) * step / 20) for c in channels(colour)]
        found = "#{:02x}{:02x}{:02x}".format(*mixed)
        if contrast(found, background) >= ratio:
            break
    return found
