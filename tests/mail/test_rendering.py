"""The quick way and the plain way write the same mail; whatever a shopper typed stays text."""

from __future__ import annotations

import html
import quopri
import re
from html.parser import HTMLParser

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from apps.mail import blocks
from apps.mail.compiling import compile_here
from apps.mail.context import BasketLine, shop_data
from apps.mail.liquid import HTML, TEXT
from apps.mail.rendering import Slots, prepared, render, tidy
from apps.mail.samples import sample, variants

MAILS = [(mail, locale) for mail in blocks.mails("abandoned-checkout") for locale in blocks.LOCALES]
FIRST = compile_here(blocks.load("abandoned-checkout", "1", "nl"), "nl")


@pytest.mark.parametrize(("mail", "locale"), MAILS)
def test_settled_programs_write_what_liquid_writes(mail, locale):
    compiled = compile_here(blocks.load("abandoned-checkout", mail, locale), locale)

    for context in variants(locale).values():
        quick = render(compiled, context, address=lambda slot, _: f"https://m.example/r/{slot}?x=1&y=2")
        data = context.data()
        data["track"] = Slots(lambda slot, _: f"https://m.example/r/{slot}?x=1&y=2")
        data["mail"] |= {"subject": quick.subject, "preheader": quick.preheader}
        assert html.unescape(quick.html) == html.unescape(HTML.from_string(compiled.html).render(data))
        assert quick.html.isascii()
        assert quick.text == tidy(TEXT.from_string(compiled.text).render(data))
        assert quick.targets == data["track"].targets


def test_every_shipped_part_runs_as_a_program():
    ready = prepared(FIRST, sample("nl").shop)

    assert [p.__name__ for p in (ready.subject, ready.preheader, ready.html, ready.text)] == ["written"] * 4


def test_a_tag_programs_do_not_know_is_walked_instead():
    compiled = msgspec.structs.replace(
        FIRST,
        checksum="walked",
        text="{% assign a = 'b' %}{% case a %}{% when 'b' %}{{ person.first_name }}{% endcase %}",
    )

    assert render(compiled, sample("nl")).text == "Ada\n"


class Tags(HTMLParser):
    def __init__(self, page: str) -> None:
        super().__init__()
        self.seen: list[tuple[str, tuple[str, ...]]] = []
        self.links: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.seen.append((tag, tuple(name for name, _ in attrs)))
        self.links += [value or "" for name, value in attrs if name in ("href", "src")]


ATTACKS = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "'><svg onload=alert(1)>",
    "javascript:alert(1)",
    "{{ shop.name }}",
    "{% include 'x' %}",
    "<mj-include path='/etc/passwd'/>",
    "</title><script>",
    "--><script>x</script>",
    "]]><b>",
    "&lt;script&gt;",
    "\u202eevil",
    "a\r\nBcc: x@y.example",
    "<a href=https://evil.example>klik</a>",
    "\x00<b>",
]


@given(st.one_of(st.sampled_from(ATTACKS), st.text(max_size=80)))
@settings(max_examples=300, deadline=None)
def test_what_a_shopper_typed_never_becomes_markup(text):
    full = sample("nl")
    quiet = Tags(render(FIRST, full).html).seen
    line = msgspec.structs.replace(full.basket.lines[0], title=text or "x", url=text, image=full.basket.lines[0].image)
    typed = msgspec.structs.replace(
        full,
        first_name=text,
        reason=text or "x",
        basket=msgspec.structs.replace(full.basket, lines=(line, *full.basket.lines[1:])),
    )

    mail = render(FIRST, typed)
    tags = Tags(mail.html)

    allowed = {name for name, _ in quiet}
    assert {name for name, _ in tags.seen} <= allowed
    assert all(re.match(r"https?://|tel:|mailto:", link) for link in tags.links)
    assert quopri.decodestring(mail.quoted_html).decode().replace("\r\n", "\n") == mail.html.replace("\r\n", "\n")
    assert not re.search("[\x00-\x08\u202a-\u202e\u2066-\u2069]", mail.html + mail.text + mail.subject)


def test_names_that_look_like_links_are_not_links():
    full = sample("nl")
    lines = (BasketLine(title="Win op www.evil.example nu"),)
    context = msgspec.structs.replace(
        full, first_name="x@evil.example", basket=msgspec.structs.replace(full.basket, lines=lines)
    )

    mail = render(FIRST, context)

    assert "www.evil.example" not in mail.text + mail.html
    assert "x@evil.example" not in mail.text + mail.html


def test_a_mail_too_large_shows_fewer_lines():
    full = sample("nl")
    lines = tuple(
        msgspec.structs.replace(full.basket.lines[0], url="https://x.example/" + "a" * 1900) for _ in range(5)
    )
    wide = msgspec.structs.replace(full, basket=msgspec.structs.replace(full.basket, lines=lines))
    big = msgspec.structs.replace(
        FIRST,
        checksum="big",
        html=FIRST.html.replace("{{ line.title }}", "{{ line.title }}" + "y" * 9000),
    )

    mail = render(big, wide)

    assert len(mail.html.encode()) < 102_000
    assert "en nog 2 artikelen" in mail.html


def test_a_shop_keeps_one_set_of_settled_pieces():
    shop = sample("nl").shop

    assert shop_data(shop, "nl") is shop_data(msgspec.structs.replace(shop), "nl")
