"""Our render against the naive chain: mjml + premailer + html2text + Django's MIME, a mail of about
22 KB.

Both write the same mail for the same people, in interleaved rounds; CPU time counts, medians are
printed. The naive chain renders the same Liquid template per person, inlines, derives its text,
rewrites its links and lets Django build the message, as one does at first. Issue 2, section 8: at
least 80 times.
"""

from __future__ import annotations

import gc
import re
import statistics
import sys
import time
import warnings
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from email import message_from_bytes, policy
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import html2text
import mjml
import msgspec
import premailer
from django.conf import settings

if not settings.configured:
    settings.configure(DEFAULT_CHARSET="utf-8")
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
    mail = render(
        COMPILED, context, address=tokens.addresses("https://m.example", 7, number, ring=RING)
    )
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
    page = re.sub(
        r'href="(http[^"]+)"', lambda m: f'href="https://m.example/r/{number}?{hash(m[1])}"', page
    )
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


def main() -> int:
    warnings.simplefilter("ignore")
    parsed = message_from_bytes(ours(0, people(1, 0)[0]), policy=policy.default)
    assert not parsed.defects, parsed.defects
    for write in (ours, naive):
        cpu(write, people(3, 0), 0)
    # What start-up made is not looked through again, for either.
    gc.collect()
    gc.freeze()
    mine, theirs = [], []
    for turn in range(7):
        theirs.append(cpu(naive, people(15, turn * 1000), turn * 1000))
        mine.append(cpu(ours, people(400, 100_000 + turn * 1000), turn * 1000))
    fast, slow = statistics.median(mine), statistics.median(theirs)
    size = len(ours(0, people(1, 0)[0])) / 1024
    print(
        f"| render ({size:.0f} KB mail), CPU ms a person | naive {slow:.2f} | ours {fast:.3f} "
        f"| {slow / fast:.0f} x (bar {BAR}) |"
    )
    return 0 if slow >= BAR * fast else 1


if __name__ == "__main__":
    raise SystemExit(main())
