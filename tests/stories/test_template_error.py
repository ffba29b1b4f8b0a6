"""Scenario 30: a mail that cannot be right is not saved, its line is named, and what was in use stays in use."""

from __future__ import annotations

import msgspec
import pytest

from apps.dashboard import versions
from apps.mail.models import Template
from apps.mail.problems import TemplateRefused
from tests.shopkeeping import ADA
from tests.stories import baskets

WRONG = {
    "an unknown variable": ("text", "Hallo,\n\nDag {{ person.nickname }}.\n{% block footer %}\n", 3),
    "a broken tag": ("text", "Hallo,\n{% if basket.total %}\nzonder einde\n{% block footer %}\n", 2),
    "an unclosed output": ("subject", "Je mandje {{ basket.count", 1),
    "an unknown element": (
        "mjml",
        "<mjml>\n<mj-body>\n<mj-buton>x</mj-buton>{% block footer %}\n</mj-body>\n</mjml>",
        3,
    ),
    "no footer": ("mjml", "<mjml>\n<mj-body>\n</mj-body>\n</mjml>", None),
    "a file of the machine": ("text", "{% include '/etc/passwd' %}\n{% block footer %}", 1),
}


@pytest.mark.parametrize("act", [versions.save, versions.publish])
@pytest.mark.parametrize(("part", "text", "line"), WRONG.values(), ids=WRONG.keys())
def test_it_is_refused_with_its_line_and_the_old_one_goes_out(woo, act, part, text, line):
    template = Template.objects.of(woo.shop.store).get(slug="abandoned-checkout-1", locale="nl")
    before, live = versions.source_of(template), template.live_id

    with pytest.raises(TemplateRefused) as refused:
        act(template, msgspec.structs.replace(before, **{part: text}))

    lines = {(problem.part, problem.line) for problem in refused.value.problems}
    assert lines
    assert line is None or (part, line) in lines
    template.refresh_from_db()
    assert (versions.source_of(template), template.live_id) == (before, live)
    baskets.leaves(woo, ADA)
    woo.waits(hours=3)
    assert woo.mail(ADA).subject == "Je winkelmandje staat nog voor je klaar"


def test_a_better_one_goes_out_from_the_next_mail_on(story):
    template = Template.objects.of(story.shop.store).get(slug="abandoned-checkout-1", locale="nl")
    source = versions.source_of(template)

    versions.publish(template, msgspec.structs.replace(source, subject="{{ basket.first }} staat klaar"))
    baskets.leaves(story, ADA)
    story.waits(hours=3)

    first = "Linen Shirt" if story.is_shopify else "Brass Storm Lantern"
    assert story.mail(ADA).subject == f"{first} staat klaar"
