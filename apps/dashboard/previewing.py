"""A draft shown as it would arrive: through the real compiling and rendering, in the sandbox."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, TypeVar

import msgspec
from django.conf import settings

from apps.carts.folding import line_of
from apps.carts.models import Cart
from apps.mail import facts, sandbox
from apps.mail.batch import Batch
from apps.mail.blocks import Source
from apps.mail.compiled import Compiled
from apps.mail.context import BasketLine, Links, MailContext, Ware
from apps.mail.facts import Subject
from apps.mail.gathering import EVERYTHING
from apps.mail.models import Template
from apps.mail.problems import Problem, TemplateRefused
from apps.mail.rendering import Rendered
from apps.mail.samples import sample
from apps.orders.models import Order

Thing = TypeVar("Thing", BasketLine, Ware)

_HREF: Final = re.compile(r"\shref=(\"[^\"]*\"|'[^']*')", re.IGNORECASE)
_DARK: Final = re.compile(r"@media\s*\(\s*prefers-color-scheme\s*:\s*dark\s*\)", re.IGNORECASE)
# Shown beside the screen's own light scheme: the rules for the night apply always.
_ALWAYS: Final = "@media all"


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """What the author sees: the mail, or what is wrong with it, and what could be better."""

    subject: str = ""
    preheader: str = ""
    html: str = ""
    dark: str = ""
    text: str = ""
    size: int = 0
    problems: list[Problem] = field(default_factory=list)

    @property
    def errors(self) -> list[Problem]:
        return [problem for problem in self.problems if problem.level == "error"]


def preview(source: Source, template: Template, cart: Cart | None, at: datetime) -> Preview:
    """The draft with a sample's data, or with a real basket's."""
    return rendered(source, template, context_of(cart, template, at) if cart else sample_of(template))


def rendered(source: Source, template: Template, context: MailContext) -> Preview:
    """This text with this data, compiled and rendered in the sandbox."""
    try:
        answer = sandbox.run(
            "preview",
            {
                "source": msgspec.to_builtins(source),
                "locale": template.locale,
                "context": msgspec.to_builtins(context),
            },
        )
    except TemplateRefused as refused:
        return Preview(problems=list(refused.problems))
    compiled = msgspec.convert(answer["compiled"], Compiled)
    shown = msgspec.convert(answer["rendered"], Rendered)
    return _shown(shown, list(compiled.problems))


def _shown(mail: Rendered, problems: list[Problem]) -> Preview:
    html = unlinked(mail.html)
    return Preview(
        subject=mail.subject,
        preheader=mail.preheader,
        html=html,
        dark=night(html),
        text=mail.text,
        size=len(mail.html.encode()),
        problems=problems,
    )


def unlinked(html: str) -> str:
    """The same page with links that lead nowhere: looking at a mail is not clicking in it."""
    return _HREF.sub("", html)


def night(html: str) -> str:
    """The page as a mail program shows it at night."""
    return _DARK.sub(_ALWAYS, html)


def sample_of(template: Template) -> MailContext:
    """The full sample, in this shop's own name and colours."""
    shop = facts.shops([template.store_id], settings.ENV.public_url)[template.store_id]
    found = sample(template.locale)
    lines = _pictured(found.basket.lines)
    assert found.order is not None
    assert found.product is not None
    replace = msgspec.structs.replace
    return replace(
        found,
        shop=shop.profile,
        basket=replace(found.basket, lines=lines),
        order=replace(found.order, lines=lines),
        lines=lines,
        product=_pictured((found.product,))[0],
        products=_pictured(found.products),
        news=_pictured(found.news),
        favourites=_pictured(found.favourites),
        bestsellers=_pictured(found.bestsellers),
    )


def _pictured(things: tuple[Thing, ...]) -> tuple[Thing, ...]:
    """With pictures that we have ourselves."""
    place = f"{settings.ENV.public_url}/static/dashboard"
    return tuple(
        msgspec.structs.replace(thing, image=f"{place}/sample-{number % 3 + 1}.png")
        for number, thing in enumerate(things)
    )


def context_of(cart: Cart, template: Template, at: datetime) -> MailContext:
    """What this template would say about this basket now. Its links are examples: they open nothing."""
    subject = _subject(cart, template, at)
    # The writer's own way, so that the preview is the mail; what a draft asks for is not known yet.
    batch = Batch([subject], wants=EVERYTHING)
    shop = batch.shops[cart.store_id]
    context = batch.context(subject, shop, at)
    links = Links(restore=shop.profile.url, unsubscribe=f"{shop.base.rstrip('/')}/u/", shop=shop.profile.url)
    return msgspec.structs.replace(context, links=links, locale=template.locale)


def _subject(cart: Cart, template: Template, at: datetime) -> Subject:
    customer = cart.customer
    return Subject(
        message_id=0,
        uid="00000000-0000-0000-0000-000000000000",
        store_id=cart.store_id,
        purpose="cart",
        kind="marketing",
        slug=template.slug,
        wanted_at=at,
        email=(customer.email if customer else "") or "",
        address_hash=b"\0" * 16,
        first_name=customer.first_name if customer else "",
        locale=template.locale,
        cart_id=cart.pk,
        currency=cart.currency,
        amounts=cart.amounts,
        lines=tuple(line_of(line) for line in cart.lines),
        recovery_url=cart.recovery_url,
        frozen=None,
        version_id=None,
        basket_at=cart.last_activity_at,
        customer_id=cart.customer_id,
        order_id=_last_order(cart),
        tags=tuple(customer.tags) if customer else (),
        properties=customer.properties if customer else {},
    )


def _last_order(cart: Cart) -> int | None:
    """For mails that speak of an order: this person's newest."""
    if cart.customer_id is None:
        return None
    mine = Order.objects.of(cart.store_id).filter(customer=cart.customer_id, gone_at=None)
    return mine.order_by("-placed_at", "-pk").values_list("pk", flat=True).first()
