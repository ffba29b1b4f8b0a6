"""Words that come from outside, made safe to stand in a sentence.

Names are typed by visitors. They lose control and direction signs; what a mail program would turn
into a link ("www.evil.example", an address) gets a zero-width break, so that our mail never
advertises a stranger's link (reliability.md 3.1, "Homograph / spoof").
"""

from __future__ import annotations

import re
from functools import lru_cache

from apps.mail.sizes import SHORT_NAME

# C0, C1, line and paragraph separators, bidi marks/embeddings/isolates, zero-width signs, BOM, lone
# surrogates.
UNSEEN = re.compile(
    "[\x00-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb\ud800-\udfff]+"
)
LINKLIKE = re.compile(r"(?<=\w)([.@])(?=[^\W\d_]{2})|(://)|(?<=\w)(@)")
BREAK = "\u200b"
CUT = re.compile(r"\s+[-\u2013\u2014|(\[{/:].*$|[|(\[{\u2013\u2014].*$|\s*,\s.*$")


def clean(text: str, limit: int = 200) -> str:
    """One line without signs that are not seen."""
    if text.isprintable() and "  " not in text:  # printable: no controls, no direction or zero-width signs
        return text[:limit].strip()
    return " ".join(UNSEEN.sub(" ", text).split())[:limit].rstrip()


def unlinked(text: str) -> str:
    """A name no mail program makes a link of."""
    if "." not in text and "@" not in text and "://" not in text:
        return text
    return LINKLIKE.sub(lambda found: f"{found.group()}{BREAK}", text)


@lru_cache(maxsize=8192)
def spoken(text: str, limit: int = 200) -> str:
    """A name as it stands in a mail."""
    return unlinked(clean(text, limit))


@lru_cache(maxsize=8192)
def short_name(title: str) -> str:
    """A product as one would say it: cut at dash, pipe or bracket, at most thirty signs (product.md
    7).
    """
    name = clean(title)
    cut = CUT.sub("", name).strip()
    name = cut if len(cut) >= 3 else name
    if len(name) <= SHORT_NAME:
        return name
    whole = name[: SHORT_NAME - 1].rsplit(" ", 1)[0] if " " in name[: SHORT_NAME - 1] else name[: SHORT_NAME - 1]
    return whole.rstrip(" ,;:&+-") + "…"
