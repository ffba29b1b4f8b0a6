"""What the beginning of a shop's page says of its look: name, logo, colour, language, and where its data stands.

The page is a stranger's: it is read in pieces and with a clock, so that no nesting or unclosed sign can keep us busy.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any, Final
from urllib.parse import urljoin, urlsplit

import msgspec

from apps.mail.colours import PAPER, contrast, is_colour, readable, text_on, whole
from apps.mail.links import web_address
from apps.mail.names import clean

READ_SECONDS: Final = 0.7
_PIECE: Final = 16 * 1024
_LONGEST_REST: Final = 64 * 1024
_STYLE_LIMIT: Final = 128 * 1024
_NOT_IN_MAIL: Final = (".svg", ".ico", ".webp.svg")
_TITLE_CUT: Final = re.compile(r"\s+[|\u2013\u2014\u00b7:-]\s+")
_CURRENCY: Final = re.compile(r"Shopify\.currency\s*=\s*\{\s*\"active\"\s*:\s*\"([A-Z]{3})\"")
_SHOP_DOMAIN: Final = re.compile(r"Shopify\.shop\s*=\s*\"([a-z0-9][a-z0-9-]{0,60}\.myshopify\.com)\"")
_RGB: Final = re.compile(r"(\d{1,3})\s*,\s*(\d{1,3})\s*,\s*(\d{1,3})")
# Themes name their accent in a few well-known ways; the likeliest first.
_ACCENTS: Final = re.compile(
    r"--(?:wp--preset--color--(?:accent|primary|vivid)|color-(?:primary|accent|button|base-accent-1)|accent|primary"
    r"|primary-color|accent-color|brand)\s*:\s*([^;}{]{3,40})[;}]"
)


@dataclass(slots=True)
class Head:
    """What was found, as it stood there: nothing here is safe to show before it is cleaned."""

    names: dict[str, str] = field(default_factory=dict)
    logos: dict[str, str] = field(default_factory=dict)
    colours: list[str] = field(default_factory=list)
    language: str = ""
    currency: str = ""
    shop_domain: str = ""
    api: str = ""
    """Where WordPress says its REST API stands."""
    shopify: bool = False
    woocommerce: bool = False

    def name(self, host: str) -> str:
        found = (self.names.get(place, "") for place in ("site", "data", "application", "title"))
        return next((name for name in found if name), host)

    def logo(self, base: str, *, loopback: bool) -> str:
        found = (self.logos.get(place, "") for place in ("data", "picture", "shared", "touch"))
        return next((logo for place in found if (logo := picture_address(place, base, loopback=loopback))), "")

    def colour(self) -> str:
        """The first colour that can carry a button: not nearly paper, and darker where no words can be read on it."""
        found = next((colour for colour in self.colours if contrast(colour, PAPER) >= 1.6), "")
        return readable(found, PAPER) if found and contrast(found, text_on(found)) < 4.5 else found


def picture_address(place: str, base: str, *, loopback: bool) -> str:
    """A picture that a mail program can show, '' for any other."""
    try:
        found = web_address(urljoin(base, place.strip())) if place.strip() else ""
        parts = urlsplit(found)
    except ValueError:
        return ""
    plain = loopback and parts.hostname in ("localhost", "127.0.0.1")
    if not found or (parts.scheme != "https" and not plain):
        found = f"https{found[4:]}" if found.startswith("http:") and not plain else found
    return "" if parts.path.lower().endswith(_NOT_IN_MAIL) else found


def read_head(page: bytes) -> Head:
    """Read as much of the page as a moment allows."""
    text = page.decode("utf-8", "replace")
    reader, stop = _Reader(), time.monotonic() + READ_SECONDS
    for start in range(0, len(text), _PIECE):
        try:
            reader.feed(text[start : start + _PIECE])
        except AssertionError:
            # `<![x[`: the library gives up on a page that no browser minds. What came before it is enough.
            break
        if time.monotonic() > stop or len(reader.rawdata) > _LONGEST_REST:
            break
    return _finished(reader, text)


def _finished(reader: _Reader, text: str) -> Head:
    head = reader.head
    head.names.setdefault("title", _TITLE_CUT.split(clean("".join(reader.title), 120))[0])
    for script in reader.data:
        _told(head, script)
    found = (colour_of(match) for match in _ACCENTS.findall("".join(reader.styles)[:_STYLE_LIMIT]))
    head.colours += [colour for colour in found if colour]
    head.shopify = "cdn.shopify.com" in text or "Shopify.theme" in text or "/cdn/shop/" in text
    head.woocommerce = "woocommerce" in text.lower()
    head.currency = match[1] if (match := _CURRENCY.search(text)) else ""
    head.shop_domain = match[1] if (match := _SHOP_DOMAIN.search(text)) else ""
    return head


def colour_of(said: str) -> str:
    """`#abc`, `#aabbcc`, `rgb(1, 2, 3)` or `1, 2, 3` as six digits; '' for anything else."""
    said = said.strip().lower()
    if is_colour(said):
        return whole(said)
    found = _RGB.search(said) if said.startswith(("rgb(", *"0123456789")) else None
    parts = [int(part) for part in found.groups()] if found else []
    return "#{:02x}{:02x}{:02x}".format(*parts) if parts and max(parts) < 256 else ""


class _Reader(HTMLParser):
    """Collects, and judges nothing."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.head = Head()
        self.title: list[str] = []
        self.styles: list[str] = []
        self.data: list[str] = []
        self._into: list[str] | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        said = {name: (value or "")[:2000] for name, value in attrs}
        match tag:
            case "html":
                self.head.language = said.get("lang", "")[:2].lower()
            case "meta":
                self._meta(said)
            case "link":
                self._link(said)
            case "img":
                self._picture(said)
            case "title" if not self.title:
                self._into = self.title
            case "style":
                self._into = self.styles
            case "script" if said.get("type") == "application/ld+json":
                self._into = self.data = [*self.data, ""]
            case _:
                pass

    def handle_endtag(self, tag: str) -> None:
        if tag in ("title", "style", "script"):
            self._into = None

    def handle_data(self, data: str) -> None:
        if self._into is self.data and self.data:
            self.data[-1] += data
        elif self._into is not None:
            self._into.append(data)

    def _meta(self, said: dict[str, str]) -> None:
        name, content = (said.get("property") or said.get("name", "")).lower(), said.get("content", "")
        if name in ("og:site_name", "application-name"):
            self.head.names.setdefault("site" if name.startswith("og") else "application", clean(content, 80))
        elif name in ("theme-color", "msapplication-tilecolor") and colour_of(content):
            self.head.colours.append(colour_of(content))
        elif name == "og:image" and "logo" in content.lower():
            self.head.logos.setdefault("shared", content)

    def _link(self, said: dict[str, str]) -> None:
        rels = said.get("rel", "").lower().split()
        if "apple-touch-icon" in rels or "apple-touch-icon-precomposed" in rels:
            self.head.logos.setdefault("touch", said.get("href", ""))
        elif "https://api.w.org/" in rels:
            self.head.api = said.get("href", "")

    def _picture(self, said: dict[str, str]) -> None:
        words = " ".join(said.get(name, "") for name in ("class", "id", "alt", "src")).lower()
        source = said.get("src") or said.get("data-src", "")
        if "logo" in words and source and not source.startswith("data:"):
            self.head.logos.setdefault("picture", source)


def _told(head: Head, script: str) -> None:
    """schema.org: the organisation's own name and logo."""
    try:
        data = msgspec.json.decode(script.strip().encode())
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return
    for thing in _things(data):
        kind = str(thing.get("@type", ""))
        if "Organization" in kind or "Store" in kind or "WebSite" in kind:
            name, logo = thing.get("name"), thing.get("logo")
            logo = logo.get("url") if isinstance(logo, dict) else logo
            if isinstance(name, str):
                head.names.setdefault("data", clean(name, 80))
            if isinstance(logo, str):
                head.logos.setdefault("data", logo[:2000])


def _things(data: Any) -> Iterator[dict[str, Any]]:
    found = data if isinstance(data, list) else [data]
    for one in found[:50]:
        if isinstance(one, dict):
            yield one
            graph = one.get("@graph")
            yield from (thing for thing in graph[:50] if isinstance(thing, dict)) if isinstance(graph, list) else ()
