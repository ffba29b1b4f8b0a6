"""Writes one shop's configuration into the plugin's only file; the words come from strangers."""

from __future__ import annotations

import io
import re
import zipfile
from dataclasses import dataclass, field, fields
from functools import cache
from pathlib import Path
from typing import Final

VERSION: Final = "1.0.0"
NEEDS: Final = {"requires": "6.4", "requires_php": "7.4", "tested": "7.0"}
"""WordPress and PHP, as WordPress asks for them in an update."""
BOX_COUNTRIES: Final = ("NL", "BE", "DE", "AT", "FR")
"""Where an address counts only with a ticked box (decision 20b)."""
FOLDER: Final = "mandje"

_OPEN, _CLOSE = "// <mandje:configuration>", "// </mandje:configuration>"
_BLOCK: Final = re.compile(f"{_OPEN}\n.*?{_CLOSE}\n", re.DOTALL)
_UPDATE_LINE: Final = " * Update URI: false\n"
# It stands in a comment: nothing in it may end the comment.
_UPDATES: Final = re.compile(r"https?://[A-Za-z0-9.-]+(?::\d{1,5})?/companion/[A-Za-z0-9_-]{1,40}/", re.ASCII)
_CONTROL: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Configuration:
    """What the plugin of one shop is told. Its field names are the plugin's keys."""

    endpoint: str
    """The shop's own address at our door."""
    updates: str
    """Where new versions are, ending in a slash."""
    secret: str = field(repr=False)
    mode: str
    """consent, notice or accounts (woocommerce.md 5.5)."""
    countries: tuple[str, ...] = BOX_COUNTRIES
    box: str = ""
    """The text of the opt-in box; '' leaves it to the plugin."""
    text_version: str = ""


def configured(shop: Configuration) -> bytes:
    """The plugin's PHP for this shop. Raises ValueError when the address for updates is none."""
    if not _UPDATES.fullmatch(shop.updates):
        raise ValueError("updates: expected https://host/companion/<store key>/")
    lines = [f"\t{_php(one.name)} => {_php(getattr(shop, one.name))},\n" for one in fields(shop)]
    block = (
        "// <mandje:configuration>\nconst CONFIGURATION = array(\n"
        + "".join(lines)
        + ");\n// </mandje:configuration>\n"
    )
    # Functions, not strings: a backslash in a replacement would mean something.
    source, found = _BLOCK.subn(lambda _: block, _source())
    if found != 1 or source.count(_UPDATE_LINE) != 1:
        raise ValueError("the plugin has lost its configuration block")
    return source.replace(_UPDATE_LINE, f" * Update URI: {shop.updates}\n").encode("utf-8", "replace")


def packed(shop: Configuration) -> bytes:
    """The zip WordPress installs: the same bytes for the same configuration."""
    file = zipfile.ZipInfo(f"{FOLDER}/{FOLDER}.php", date_time=(1980, 1, 1, 0, 0, 0))
    file.compress_type = zipfile.ZIP_DEFLATED
    file.create_system = 3
    file.external_attr = 0o100644 << 16
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        archive.writestr(file, configured(shop))
    return made.getvalue()


@cache
def _source() -> str:
    return Path(__file__).with_name("mandje.php").read_text("utf-8")


def _php(value: str | tuple[str, ...]) -> str:
    """A PHP literal. In single quotes only the quote and the backslash mean anything, a dollar or `?>` does not."""
    if isinstance(value, tuple):
        return f"array( {', '.join(_php(one) for one in value)} )" if value else "array()"
    kept = _CONTROL.sub("", value).replace("\\", "\\\\").replace("'", "\\'")
    return f"'{kept}'"
