"""Publishing says what is wrong, where, and never harms the process that asked."""

from __future__ import annotations

import contextlib
import resource
import time

import msgspec
import pytest

from apps.mail import blocks
from apps.mail.blocks import Source
from apps.mail.compiling import compile_here, compile_template
from apps.mail.problems import TemplateRefused
from apps.mail.rendering import RenderFailed, render
from apps.mail.samples import sample

SHIPPED = blocks.load("abandoned-checkout", "1", "nl")


def source(body: str = "", *, text: str = "", **changes: str) -> Source:
    page = f"<mjml>\n<mj-body>\n{body}\n{{% block footer %}}\n</mj-body>\n</mjml>"
    given = {
        "subject": "Een mandje",
        "preheader": "Wat in het mandje ligt, en de weg terug ernaartoe.",
        "mjml": page,
    }
    return Source(**{**given, "text": text + "\n{{ links.restore }}\n{% block footer %}", **changes})


def words(text: str) -> str:
    return f"<mj-section><mj-column><mj-text>{text}</mj-text></mj-column></mj-section>"


def refused(template: Source) -> list[tuple[str, str, int]]:
    with pytest.raises(TemplateRefused) as caught:
        compile_here(template, "nl")
    return [(p.code, p.part, p.line) for p in caught.value.problems if p.level == "error"]


@pytest.mark.parametrize(
    ("template", "finding"),
    [
        (source(words("{{ basket.totaal }}")), ("unknown_variable", "mjml", 3)),
        (
            source("\n" + words("{% for line in basket.lines %}{{ line.titel }}{% endfor %}")),
            ("unknown_variable", "mjml", 4),
        ),
        (source(text="a\nb {{ person.name }}"), ("unknown_variable", "text", 2)),
        (source(words("{% if person.first_name %}")), ("liquid", "mjml", 3)),
        (source(words("{% include 'x' %}")), ("liquid", "mjml", 3)),
        (source(words("{{ person.first_name | shout }}")), ("unknown_filter", "mjml", 3)),
        (source(words("{{ person.first_name")), ("unclosed_tag", "mjml", 3)),
        (source("<mj-sectoin></mj-sectoin>"), ("unknown_element", "mjml", 3)),
        (source('<mj-include path="/etc/passwd" />'), ("refused_element", "mjml", 3)),
        (source(words("<script>x</script>")), ("refused_element", "mjml", 3)),
        (source(words('<a onclick="x()">x</a>')), ("refused_attribute", "mjml", 3)),
        (source("<mj-section><mj-column>"), ("unclosed_element", "mjml", 6)),
        (
            source("<mj-wrapper><mj-raw><p>x</p></mj-raw></mj-wrapper>"),
            ("raw_in_wrapper", "mjml", 3),
        ),
        (source("{% block carousel %}"), ("unknown_block", "mjml", 3)),
        (source(text="", subject="{{ basket.nothing }}"), ("unknown_variable", "subject", 1)),
        (source(words("x"), mjml="<p>x</p>{% block footer %}"), ("not_mjml", "mjml", 1)),
        (source(words('<a href="javascript:alert(1)">x</a>')), ("link", "mjml", 1)),
        (source(words("Hallo {{ person.first_name }},")), ("bare_greeting", "mjml", 1)),
        (source(words('<span style="color: #cccccc">flets</span>')), ("contrast", "mjml", 1)),
        (source(words('<span style="font-size: 10px">klein</span>')), ("text_size", "mjml", 1)),
        (
            source('<mj-section><mj-column><mj-image src="https://x.example/a.png" /></mj-column></mj-section>'),
            ("no_alt", "mjml", 3),
        ),
        (source(words("{{ basket.lines | json }}")), ("unknown_filter", "mjml", 3)),
    ],
)
def test_a_mistake_is_named_with_its_place(template, finding):
    codes = refused(template)

    assert finding[:2] in [c[:2] for c in codes]
    if finding[0] != "unclosed_element":
        assert finding in codes


def test_a_template_without_footer_cannot_be_published():
    bare = msgspec.structs.replace(
        SHIPPED, text="{{ links.restore }}", mjml=SHIPPED.mjml.replace("{% block footer %}", "")
    )

    assert {c[:2] for c in refused(bare)} == {("no_footer", "mjml"), ("no_footer", "text")}


def test_the_sandbox_compiles_as_we_do():
    assert compile_template(SHIPPED, "nl") == compile_here(SHIPPED, "nl")


@pytest.mark.parametrize("depth", [65, 10_000, 30_000])
def test_deep_nesting_is_refused_and_nobody_dies(depth):
    with pytest.raises(TemplateRefused) as caught:
        compile_template(source("<p>" * depth), "nl")

    assert caught.value.problems[0].code == "too_deep"


def test_a_source_too_large_is_refused_before_anything_looks_at_it():
    with pytest.raises(TemplateRefused) as caught:
        compile_template(source("x" * 300_000), "nl")

    assert caught.value.problems[0].code == "too_large"


LEAKS = [
    f"{{{{ {path} }}}}"
    for base in (
        "shop",
        "person",
        "basket",
        "links",
        "mail",
        "track",
        "self",
        "request",
        "settings",
        "config",
        "''",
    )
    for path in (
        f"{base}.__class__",
        f"{base}.__class__.__mro__",
        f"{base}['__init__']['__globals__']",
        f"{base}.__dict__",
        f"{base}.keys",
        f"{base}.items",
        f"{base}.copy",
        f"{base}.format",
        f"{base}.__subclasses__",
    )
]
FOREIGN = [
    "{{ 7*7 }}",
    "${7*7}{{",
    "{% import os %}",
    "{% load static %}",
    "{% debug %}",
    "{% include '/etc/passwd' %}",
    "{% render 'x' %}",
    "{% extends 'x' %}",
    "{% macro x %}{% endmacro %}",
    "{% liquid assign x = 1 %}",
    "{% increment x %}",
    "{% tablerow x in y %}{% endtablerow %}",
    "{{ 'x' | safe }}",
    "{{ 'x' | eval }}",
    "{{ 'x' | map: 'y' }}",
    "{{ x | sort }}",
    "{{ 'a' | split: '' }}",
    "{{ 1 | times: 9 }}",
    "{{ 'x' | ljust: 99999999 }}",
    "{{ 'a' | prepend: 'b' }}",
]
BOMBS = [
    "{% for a in (1..100000) %}{% for b in (1..100000) %}x{% endfor %}{% endfor %}",
    "{% for a in (1..999999999999) %}x{% endfor %}",
    "{% assign x = 'aaaaaaaaaa' %}" + "{% assign x = x | append: x %}" * 40 + "{{ x }}",
    "{% capture x %}aaaaaaaaaa{% endcapture %}" + "{% capture x %}{{ x }}{{ x }}{% endcapture %}" * 40 + "{{ x }}",
    "{% assign x = 'aaaaaaaaaa' | append: 'bbbbbbbbbb' %}" + "{% assign x = x | replace: 'a', x %}" * 30 + "{{ x }}",
    "{% if 1 %}" * 500 + "{% endif %}" * 500,
    "{% for a in (1..4999) %}" + "x" * 200 + "{% endfor %}",
    "{{ 'x' | " + " | ".join(["append: 'y'"] * 2000) + " }}",
    "{{ " + "a." * 5000 + "b }}",
    "{{ " + "(" * 5000 + " }}",
    "{% if " + " and ".join(["person"] * 3000) + " %}x{% endif %}",
]


@pytest.mark.parametrize("payload", LEAKS + FOREIGN)
def test_nothing_leaks_out_of_the_data(payload):
    codes = refused(source(words(payload)))

    assert {code for code, _, _ in codes} <= {
        "unknown_variable",
        "unknown_filter",
        "liquid",
        "unclosed_tag",
        "unresolved",
        "render",
    }


@pytest.mark.parametrize("bomb", range(len(BOMBS)))
def test_a_bomb_ends_in_the_child(bomb):
    before, began = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.monotonic()

    with contextlib.suppress(TemplateRefused):
        compile_template(source(words(BOMBS[bomb])), "nl")

    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 50 * 1024
    assert time.monotonic() - began < 12
    assert compile_here(SHIPPED, "nl").html


def test_limits_hold_while_sending():
    compiled = msgspec.structs.replace(compile_here(SHIPPED, "nl"), html=BOMBS[0], checksum="bomb")

    with pytest.raises(RenderFailed):
        render(compiled, sample("nl"))


def test_links_in_loops_and_with_queries_get_slots():
    body = words(
        '<a href="https://shop.example/?a=1&amp;b=2">een</a> <a href="https://shop.example/{{ basket.currency }}">twee</a>'  # noqa: E501
        '{% for line in basket.lines %}<a href="{{ line.url }}">{{ line.title }}</a>{% endfor %}'
        '<a href="mailto:post@shop.example">post</a>'
    )
    compiled = compile_here(source(body, text="Zie https://shop.example/?a=1&b=2."), "nl")

    mail = render(compiled, sample("nl"), address=lambda slot, _: f"https://m.example/r/{slot}")

    assert mail.targets[:2] == ["https://shop.example/?a=1&b=2", "https://shop.example/EUR"]
    assert mail.targets[2:5] == [f"https://molenzicht.example/p/{n}" for n in (1, 2, 3)]
    assert all(f'href="https://m.example/r/{slot}"' in mail.html for slot in range(5))
    assert "Zie https://m.example/r/0." in mail.text
    assert "mailto:post@shop.example" in mail.html
