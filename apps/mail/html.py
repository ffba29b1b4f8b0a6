"""From checked MJML to HTML that still holds its Liquid: the pipeline of performance.md section 6.

1 every piece of Liquid becomes a token · 2 inline styles are cut out · 3 mrml · 4 tokens between
elements become comments, which HTML parsers leave in place (between table rows too) · 5 the styles
are inlined · 6 links get their tracking slot · 7 the Liquid returns.
"""

from __future__ import annotations

import html
import re

import css_inline
import mjml as mrml

from apps.mail.colours import whole
from apps.mail.links import web_address
from apps.mail.liquid import ascii_only
from apps.mail.mjml import spans
from apps.mail.problems import Problem, TemplateRefused

TOKEN = re.compile(r"<!--\s*zqT(\d+)Tqz\s*-->|zqT(\d+)Tqz")
LONE = re.compile(r"zqT(\d+)Tqz")
INLINE = re.compile(r"<mj-style\s[^>]*inline=[\"']inline[\"'][^>]*>(.*?)</mj-style>", re.DOTALL)
PIECES = re.compile(r"(<!--.*?-->|<style\b.*?</style>|<title\b.*?</title>|<[^>]*>)", re.DOTALL | re.IGNORECASE)
HREF = re.compile(r"\shref=\"([^\"]*)\"")
SRC = re.compile(r"\s(?:src|background)=\"([^\"]*)\"")
SHORT_COLOUR = re.compile(r"(bgcolor=\"|color:|background:)(\s*)(#[0-9a-fA-F]{3})(?![0-9a-fA-F])")
# mrml asks Google for Ubuntu when no font is set: every opened mail would tell Google who reads it.
FOREIGN_FONTS = re.compile(r"<!--\[if !mso\]><!--><link[^>]*fonts\.googleapis.*?<!--<!\[endif\]-->", re.DOTALL)
TABLE = re.compile(r"<table(?![^>]*\brole=)")
IMAGE = re.compile(r"<img(?![^>]*\balt=)")
NO_TBODY = re.compile(r"(<mj-table\b(?:[^>]*[^>/])?>)(?!\s*<tbody)(.*?)(</mj-table>)", re.DOTALL)
OUTPUT = re.compile(r"\{\{-?\s*(.*?)\s*-?\}\}", re.DOTALL)
UNTRACKED = ("links.unsubscribe", "links.preferences", "links.confirm")


def mask(text: str) -> tuple[str, list[str]]:
    """The text with a token for every piece of Liquid, and the pieces."""
    pieces, _ = spans(text)
    out: list[str] = []
    kept: list[str] = []
    at = 0
    for start, end in pieces:
        out += [text[at:start], f"zqT{len(kept)}Tqz"]
        kept.append(text[start:end])
        at = end
    return "".join(out) + text[at:], kept


def unmask(text: str, kept: list[str]) -> str:
    return TOKEN.sub(lambda found: kept[int(found[1] or found[2])], text)


def to_html(source: str) -> str:
    """Expanded MJML as HTML with Liquid; raises `TemplateRefused` when mrml does not accept it."""
    masked, kept = mask(source)
    styles = "\n".join(INLINE.findall(masked))
    masked = NO_TBODY.sub(r"\1<tbody>\2</tbody>\3", INLINE.sub("", masked))
    try:
        page = mrml.mjml2html(masked)
    except Exception as error:  # mrml raises its own bare types for every kind of refusal
        reason = unmask(str(error), kept)[:200]
        raise TemplateRefused([Problem(code="mjml", values={"reason": reason})]) from error
    page = _inlined(_commented(FOREIGN_FONTS.sub("", page)), styles)
    return _linked(ascii_only(_mended(page)), kept)


def _commented(page: str) -> str:
    """Tokens in running text as comments; those in attributes, styles, titles and comments stay."""
    parts = PIECES.split(page)
    parts[::2] = [LONE.sub(r"<!--zqT\1Tqz-->", text) for text in parts[::2]]
    return "".join(parts)


def _inlined(page: str, styles: str) -> str:
    inliner = css_inline.CSSInliner(
        inline_style_tags=False,
        keep_style_tags=True,
        keep_link_tags=True,
        load_remote_stylesheets=False,
        extra_css=styles or None,
    )
    return inliner.inline(page)


def _mended(page: str) -> str:
    """What mrml leaves out: roles, alt texts, six-digit colours for old Outlook."""
    page = TABLE.sub('<table role="presentation"', page)
    page = IMAGE.sub('<img alt=""', page)
    return SHORT_COLOUR.sub(lambda found: found[1] + found[2] + whole(found[3]), page)


def _linked(page: str, kept: list[str]) -> str:
    """Slots in every link, the filter on every picture, the Liquid back in its place."""
    page = HREF.sub(lambda found: f' href="{slot(found[1], kept)}"', page)
    page = SRC.sub(
        lambda found: found[0].replace(found[1], _picture(found[1], kept)) if found[1] else found[0],
        page,
    )
    return unmask(page, kept)


def slot(target: str, kept: list[str]) -> str:
    """A link's target as Liquid that puts the tracked address there."""
    if target.startswith(("mailto:", "tel:", "#")):
        return target
    alone = LONE.fullmatch(target)
    if alone:
        output = OUTPUT.fullmatch(kept[int(alone[1])])
        if output and "|" not in output[1]:
            return f"{{{{ {output[1]} | {'url' if output[1] in UNTRACKED else 'track'} }}}}"
    literal = html.unescape(target)
    if LONE.search(literal):
        return _mixed(literal, kept)
    if not web_address(literal):
        raise TemplateRefused([Problem(code="link", values={"what": unmask(literal, kept)[:80]})])
    # Escaped: in an HTML template Liquid takes its author's literals for HTML.
    return f"{{{{ '{html.escape(web_address(literal))}' | track }}}}"


def _mixed(target: str, kept: list[str]) -> str:
    """`https://shop/{{ x }}` and filtered links: captured whole, so that the filter sees the
    finished address.
    """
    written = unmask(target, kept)
    starts_well = re.match(r"https?://[\w.-]+[/?#]", written) or LONE.fullmatch(target)
    if not starts_well or "{%" in written:
        raise TemplateRefused([Problem(code="link", values={"what": written[:80]})])
    return f"{{% capture zq_link %}}{written}{{% endcapture %}}{{{{ zq_link | track }}}}"


def _picture(target: str, kept: list[str]) -> str:
    alone = LONE.fullmatch(target)
    output = OUTPUT.fullmatch(kept[int(alone[1])]) if alone else None
    if output and "|" not in output[1]:
        return f"{{{{ {output[1]} | url }}}}"
    if LONE.search(target) or web_address(html.unescape(target)):
        return target
    raise TemplateRefused([Problem(code="link", values={"what": target[:80]})])
