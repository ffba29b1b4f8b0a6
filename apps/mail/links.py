"""Web addresses that may stand in a mail: http and https, nothing else."""

from __future__ import annotations

import re
from functools import lru_cache

# No white space, quotes, angle brackets, backslashes or controls: nothing that ends an attribute or
# a header.
# No user-info: `https://shop.example@evil.example` reads as one shop and leads to another.
WEB = re.compile(
    r"https?://(?:[^\s\"'<>\\\x00-\x20\x7f-\x9f\u2028\u2029\ud800-\udfff/?#@:\[\]]+|\[[0-9a-fA-F:.]+\])(?::\d{1,5})?"
    r"(?:[/?#][^\s\"'<>\\\x00-\x20\x7f-\x9f\u2028\u2029\ud800-\udfff]*)?",
    re.IGNORECASE,
)
UNSAFE = re.compile(r"[\"'<> \\]")
ESCAPES = {'"': "%22", "'": "%27", "<": "%3C", ">": "%3E", " ": "%20", "\\": "%5C"}
LIMIT = 2_000


@lru_cache(maxsize=8192)
def web_address(url: object) -> str:
    """The address if it is one, else ''. `javascript:`, `data:` and user-info tricks are not."""
    text = str(url).strip() if url else ""
    if not text or len(text) > LIMIT:
        return ""
    text = UNSAFE.sub(lambda found: ESCAPES[found[0]], text)
    if text.startswith("//"):
        text = "https:" + text
    return text if WEB.fullmatch(text) else ""
