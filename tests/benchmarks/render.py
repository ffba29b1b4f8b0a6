"""Our render against the naive chain: mjml + premailer + html2text + Django's MIME, a mail of about
22 KB.

Both write the same mail for the same people, in interleaved rounds; CPU time counts. The naive chain
renders the same Liquid template per person, inlines, derives its text, rewrites its links and lets
Django build the message, as one does at first.
"""

from __future__ import annotations

import gc
import re
import statistics
import time
import warnings
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from email import message_from_bytes, policy

import html2text
import mjml
import msgspec
import premailer
from django.core.mail import EmailMultiAlternatives
from liquid import Environment

from apps.mail import blocks, tokens
from apps.mail.addresses import mailbox
from apps.mail.compiling import compile_here
from apps.mail.context import MailContext
from apps.mail.headers import Origin, headers
from apps.mail.letters import Letter
from apps.mail.rendering import render
from apps.mail.samples import sample
from tests.benchmarks.stage import Stage
from tests.benchmarks.table import Line

BAR = 80
RING = ("benchmark-key-of-32-bytes-or-more",)
AT = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
ORIGIN = Origin(
    store="molenzicht",
    flow="abandoned-checkout",
    kind="marketing",
    sender="mandje",
    domain="shop.example",
)
SENDER = mailbox("Molenzicht", "post@shop.example")
SOURCE = blocks.load("abandoned-checkout", "1", "nl")
COMPILED = compile_here(SOURCE, "nl")


def people(count: int, start: int) -> list[MailContext]:
    """Everybody has an own name, own amounts, own links: nothing is the same mail twice."""
    full, replace = sample("nl"), msgspec.structs.replace
    found = []
    for n in range(start, start + count):
        lines = tuple(
            replace(line, total=(line.total or 0) + Decimal(n) / 100, url=f"{line.url}?v={n}")
            for line in full.basket.lines
        )
        basket = replace(full.basket, lines=lines, total=Decimal("103.90") + Decimal(n) / 100)
        links = replace(
            full.links,
            restore=f"https://molenzicht.example/h?id={n}",
            unsubscribe=f"https://m.example/u/{n}",
        )
        found.append(replace(full, first_name=f"Ada{n}", basket=basket, links=links))
    return found


def ours(number: int, context: MailContext) -> bytes:
    mail = render(COMPILED, context, address=tokens.addresses("https://m.example", 7, number, ring=RING))
    return Letter(
        sender=SENDER,
        reply_to=SENDER,
        to=f"ada{number}@example.org",
        subject=mail.subject,
        text=mail.text,
        html=mail.html,
        quoted_html=mail.quoted_html,
        headers=headers(
            f"m-{number}",
            origin=ORIGIN,
            at=AT,
            unsubscribe=context.links.unsubscribe,
            unsubscribe_mailbox="u@shop.example",
        ),
    ).as_bytes()


LIQUID = Environment(autoescape=True)
NAIVE_MJML = LIQUID.from_string(blocks.expand(SOURCE.mjml, "nl", ".mjml"))
NAIVE_SUBJECT = LIQUID.from_string(SOURCE.subject)


def naive(number: int, context: MailContext) -> bytes:
    data = context.data()
    page = mjml.mjml2html(NAIVE_MJML.render(data))
    page = premailer.Premailer(
        page, allow_network=False, cssutils_logging_level="CRITICAL", keep_style_tags=True
    ).transform()
    page = re.sub(r'href="(http[^"]+)"', lambda m: f'href="https://m.example/r/{number}?{hash(m[1])}"', page)
    message = EmailMultiAlternatives(
        NAIVE_SUBJECT.render(data),
        html2text.html2text(page),
        SENDER,
        [f"ada{number}@example.org"],
        headers={"X-Id": str(number)},
    )
    message.attach_alternative(page, "text/html")
    return message.message().as_bytes()


def cpu(write: Callable[[int, MailContext], bytes], who: list[MailContext], start: int) -> float:
    """CPU milliseconds a mail."""
    before = time.process_time()
    for number, context in enumerate(who, start):
        write(number, context)
    return (time.process_time() - before) / len(who) * 1000


def measure(stage: Stage) -> list[Line]:
    warnings.simplefilter("ignore")
    parsed = message_from_bytes(ours(0, people(1, 0)[0]), policy=policy.default)
    assert not parsed.defects, parsed.defects
    for write in (ours, naive):
        cpu(write, people(3, 0), 0)
    # What start-up made is not looked through again, for either.
    gc.collect()
    gc.freeze()
    mine, theirs = [], []
    for turn in range(15 if stage.full else 7):
        theirs.append(cpu(naive, people(15, turn * 1000), turn * 1000))
        mine.append(cpu(ours, people(400, 100_000 + turn * 1000), turn * 1000))
    return [_line(statistics.median(mine), statistics.median(theirs))]


def _line(fast: float, slow: float) -> Line:
    size = len(ours(0, people(1, 0)[0])) / 1024
    return Line(
        path=f"render one person's mail of {size:.0f} KB",
        peer="mjml + premailer + html2text + Django's MIME",
        measured=f"{slow / fast:.0f} × less CPU",
        bar=f"≥ {BAR} ×",
        met=slow >= BAR * fast,
        details=(f"ours {fast:.3f} ms CPU a person", f"the naive chain {slow:.2f} ms CPU a person"),
    )
