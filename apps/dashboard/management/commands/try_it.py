"""Misuse the running engine on purpose: `try_it signature`. See docs/try-to-break-it.md.

Every verb plays a shop, a stranger or bad luck, against the real door and the real worker, and prints what
came of it.
"""

from __future__ import annotations

import email
import email.policy
import os
import re
import signal
from argparse import ArgumentParser
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import msgspec
from django.conf import settings
from django.core.management.base import CommandError, no_translations
from django.db.models import Count

from apps.carts.models import Cart
from apps.consent.models import Suppression
from apps.core import clock, db
from apps.customers.models import Customer
from apps.dashboard.demo.people import Person
from apps.dashboard.management.commands import _try_shop as shops
from apps.dashboard.management.commands._try_shop import NEIGHBOUR, SHOP, TryShop, somebody, until
from apps.dashboard.management.commands._try_staff import log_in, newest_page, page_of
from apps.flows.models import Enrollment
from apps.ingestion.models import Delivery
from apps.mail import library
from apps.mail.compiling import compile_template
from apps.mail.models import Message, OutboxMail
from apps.mail.problems import TemplateRefused
from apps.stores.commanding import StoreCommand
from apps.stores.models import Store

MIB: Final = 1024 * 1024
BURST: Final = 200
GUESS: Final = "proef"
FORM: Final = {"Content-Type": "application/x-www-form-urlencoded"}
HOLDERS: Final = "SELECT application_name FROM pg_stat_activity WHERE application_name LIKE 'mandje-holder %%'"


class Command(StoreCommand):
    help = "Tries to break the running engine; see docs/try-to-break-it.md."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("what", choices=list(TRIES), metavar="WHAT", help=", ".join(TRIES))

    @no_translations
    def handle(self, *args: Any, what: str, **options: Any) -> None:
        if settings.ENV.production:
            raise CommandError("this makes shops and breaks things: not in production")
        if not settings.ENV.email_url.startswith("outbox"):
            raise CommandError("this mails people who do not exist: run it without EMAIL_URL")
        TRIES[what](self.stdout.write)


Say = Callable[[str], Any]


def make_shops(say: Say) -> None:
    for name, wait in shops.WAITS.items():
        shops.shop(name)
        say(f"{name}: a basket is left behind after 1s, its mail goes {wait} later")


def signature(say: Say) -> None:
    shop = shops.shop(SHOP)
    body = shop.basket(somebody())
    before = _kept(shop)
    say(f"signed with another secret: {shop.post('cart.updated', body, secret=GUESS)}")
    unsigned = {"Content-Type": "application/json", "X-WC-Webhook-Topic": "cart.updated"}
    say(f"not signed at all:          {shops.say('POST', shop.path, unsigned, body)}")
    theirs = shops.shop(NEIGHBOUR).sign("cart.updated", body)
    say(f"signed by another shop:     {shops.say('POST', shop.path, theirs, body)}")
    say(f"stored: {_kept(shop) - before}")


def fifty(say: Say) -> None:
    shop = shops.shop(SHOP)
    body = shop.basket(somebody())
    headers, before = shop.sign("cart.updated", body), _kept(shop)
    with ThreadPoolExecutor(10) as crowd:
        answers = list(crowd.map(lambda _: shops.say("POST", shop.path, headers, body), range(50)))
    for answer, count in Counter(map(str, answers)).items():
        say(f"{count} times: {answer}")
    say(f"stored: {_kept(shop) - before}")


def order(say: Say) -> None:
    shop, who = shops.shop(SHOP), somebody()
    say(f"a basket is left behind: {shop.post('cart.updated', shop.basket(who))}")
    run = until(lambda: Enrollment.objects.of(shop.store).filter(customer__email_key=who.email).first())
    due = run.triggered_at + timedelta(seconds=6)
    until(lambda: clock.now() >= due - timedelta(seconds=1))
    say(f"one second before its mail, an order: {shop.post('order.created', shop.order(who))}")
    until(lambda: clock.now() > due + timedelta(seconds=4))
    run.refresh_from_db()
    say(f"the flow for this person: {run.status}, {run.reason}")
    left = Message.objects.of(shop.store).filter(customer_id=run.customer_id, sending_at__isnull=False)
    say(f"mails that left: {left.count()}")


def kill(say: Say) -> None:
    shop = shops.shop(SHOP)
    people = [somebody() for _ in range(BURST)]
    answers = Counter(str(shop.post("cart.updated", shop.basket(who))) for who in people)
    for answer, count in answers.items():
        say(f"{count} baskets are left behind: {answer}")
    # What a killed worker was reading in waits for its lease; that would be another try.
    until(lambda: not Delivery.objects.of(shop.store).filter(state="waiting").exists())
    mine = Message.objects.of(shop.store).filter(customer__email_key__in=[who.email for who in people])
    until(lambda: mine.filter(status__in=("sending", "accepted")).exists())
    for pid in _workers():
        os.kill(pid, signal.SIGKILL)
    say("the first mails leave: kill -9 for the worker")
    until(lambda: mine.filter(status__in=("accepted", "unknown")).count() == BURST)
    say("a new worker was started, and no mail waits any more")
    ended = dict(mine.values_list("status").annotate(Count("id")))
    say(f"planned {BURST} = accepted + unknown: {sum(ended.values()) == BURST}")
    kept = OutboxMail.objects.filter(message__in=mine)
    twice = kept.values("message__address").annotate(count=Count("pk")).filter(count__gt=1)
    say(f"people with two mails: {twice.count()}")
    say(f"called accepted and not in the outbox: {mine.filter(status='accepted', outbox__isnull=True).count()}")


def redis(say: Say) -> None:
    note = settings.ENV.folder / "redis.pid"
    if not note.exists():
        raise CommandError("this engine has no Redis of its own to stop")
    shop, who = shops.shop(NEIGHBOUR), somebody()
    os.kill(int(note.read_text()), signal.SIGKILL)
    say("kill -9 for Redis")
    say(f"a basket is left behind: {shop.post('cart.updated', shop.basket(who))}")
    say(f"its mail: {until(lambda: shop.mail_to(who)).status}")


def neighbour(say: Say) -> None:
    mine, theirs = shops.shop(SHOP), shops.shop(NEIGHBOUR)
    _visit(mine)
    _visit(theirs)
    opened = log_in(mine)
    for name, model in (("deliveries", Delivery), ("baskets", Cart), ("customers", Customer)):
        own, other = (newest_page(model, shop) for shop in (mine, theirs))
        say(f"{name}: own {opened(own)}, another shop's {opened(other)}")
    own, other = (page_of(Store, shop.store.pk) for shop in (mine, theirs))
    say(f"shop: own {opened(own)}, another shop's {opened(other)}")


def include(say: Say) -> None:
    _compile(say, "{% include '/etc/passwd' %}")
    _compile(say, "{% for a in (1..9999999) %}{% for b in (1..9999999) %}x{% endfor %}{% endfor %}")
    _compile(say, "{{ shop.__class__.__mro__ }}")
    _compile(say, "<script>alert(1)</script>")


def nested(say: Say) -> None:
    _compile(say, "<b>" * 10_000 + "</b>" * 10_000)


BROKEN: Final = {
    "not JSON": b"<html>502 Bad Gateway</html>",
    "a NUL": b'{"id": 1, "status": "processing\\u0000"}',
    "NaN": b'{"id": 1, "total": NaN}',
    "a million brackets": b"[" * 1_000_000,
    "broken UTF-8": b'{"id": 1, "status": "\xff\xfe"}',
    "an error object": b'{"code": "woocommerce_rest_cannot_view", "message": "Sorry"}',
}


def broken(say: Say) -> None:
    shop = shops.shop(SHOP)
    for name, body in BROKEN.items():
        answer = shop.post("order.updated", body)
        kept = Delivery.objects.of(shop.store).filter(topic="order.updated", size=len(body))
        found = until(lambda kept=kept: kept.exclude(state="waiting").order_by("-id").first())  # type: ignore[misc]
        say(f"{name}: {answer.status}, then {found.state}: {found.reason.partition(':')[0]}")


def large(say: Say) -> None:
    shop = shops.shop(SHOP)
    headers = shop.sign("order.updated", b"") | {"Content-Length": str(9 * MIB)}
    say(f"9 MiB, announced and not even sent: {shops.announce(shop.path, headers)}")


def compressed(say: Say) -> None:
    shop = shops.shop(SHOP)
    headers = shop.sign("order.updated", b"") | {"Content-Encoding": "gzip", "Content-Length": "20"}
    say(f"a gzip bomb of 20 bytes: {shops.announce(shop.path, headers)}")


def address(say: Say) -> None:
    shop = shops.shop(SHOP)
    body, bare = shop.basket(somebody()), shop.path.rstrip("/")
    say(f"without the last slash: {shop.post('cart.updated', body, path=bare)}")
    say(f"with it:                {shop.post('cart.updated', body)}")
    say(f"a shop we do not know:  {shop.post('cart.updated', body, path=f'{bare[:-3]}xyz/')}")
    say(f"another platform:       {shop.post('cart.updated', body, path=bare.replace('woocommerce', 'magento'))}")
    say(f"a GET:                  {shops.say('GET', shop.path, {})}")


def header(say: Say) -> None:
    shop = shops.shop(NEIGHBOUR)
    who = somebody("Eve\r\nBcc: everybody@probeer.example\r\n\r\n{{ shop.name }}<b>")
    say(f"a basket of “Eve⏎Bcc: everybody…”: {shop.post('cart.updated', shop.basket(who))}")
    mail = _read(until(lambda: shop.mail_to(who)))
    say(f"To: {'the shopper alone' if who.email in str(mail['To']) else mail['To']}")
    say(f"Bcc: {mail['Bcc']}")
    body = mail.get_body(("html",))
    text = body.get_content() if isinstance(body, email.message.EmailMessage) else ""
    say(f"the name as a tag in the HTML: {'{{ shop.name }}<b>' in text}")


def link(say: Say) -> None:
    shop, who = shops.shop(NEIGHBOUR), somebody()
    shop.post("cart.updated", shop.basket(who))
    mail = _read(until(lambda: shop.mail_to(who)))
    path = urlsplit(re.findall(r"<(http[^>]+)>", str(mail["List-Unsubscribe"]))[0]).path
    forged = path[:-4] + ("AAAA" if not path.endswith("AAAA") else "BBBB")
    say(f"a forged link, looked at: {shops.say('GET', forged, {})}")
    say(f"a forged link, pressed:   {shops.say('POST', forged, FORM, b'List-Unsubscribe=One-Click')}")
    say(f"unsubscribed: {_suppressed(shop, who)}")
    say(f"the real link, looked at: {shops.say('GET', path, {})}")
    say(f"unsubscribed: {_suppressed(shop, who)}")
    say(f"the real link, pressed:   {shops.say('POST', path, FORM, b'List-Unsubscribe=One-Click')}")
    say(f"unsubscribed: {_suppressed(shop, who)}")


TRIES: Final[dict[str, Callable[[Say], None]]] = {
    "shops": make_shops,
    "signature": signature,
    "fifty": fifty,
    "order": order,
    "kill": kill,
    "redis": redis,
    "neighbour": neighbour,
    "include": include,
    "nested": nested,
    "broken": broken,
    "large": large,
    "compressed": compressed,
    "address": address,
    "header": header,
    "link": link,
}


def _kept(shop: TryShop) -> int:
    return Delivery.objects.of(shop.store).filter(topic="cart.updated").count()


def _workers() -> list[int]:
    """The processes that send: each holds a session under its own number."""
    pids = [int(row[0].rpartition(" ")[2]) for row in db.rows(HOLDERS, [])]
    return [pid for pid in pids if pid != os.getpid() and b"celery" in _command_line(pid)]


def _command_line(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""


def _visit(shop: TryShop) -> None:
    """Somebody fills a basket, so that there is something to look at."""
    who = somebody()
    shop.post("cart.updated", shop.basket(who))
    until(lambda: Cart.objects.of(shop.store).filter(customer__email_key=who.email).first())


def _compile(say: Say, piece: str) -> None:
    """Put it into the text of a shipped mail, as a marketer could."""
    source = library.source_of(f"{shops.FLOW}-1", "en")
    hostile = msgspec.structs.replace(source, mjml=source.mjml.replace("<mj-text>", f"<mj-text>{piece}", 1))
    try:
        compile_template(hostile, "en")
    except TemplateRefused as refused:
        first = refused.problems[0]
        say(f"{piece[:40]}: refused, {first.message}")
    else:
        say(f"{piece[:40]}: accepted")


def _read(message: Message) -> email.message.EmailMessage:
    kept = OutboxMail.objects.get(message=message)
    return email.message_from_bytes(bytes(kept.data), policy=email.policy.default)


def _suppressed(shop: TryShop, who: Person) -> bool:
    known = Customer.objects.of(shop.store).get(email_key=who.email)
    return Suppression.objects.of(shop.store).filter(address_hash=known.address_hash).exists()
