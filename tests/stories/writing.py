"""Mails of an owner's own making, through the same checks as theirs and without the child that guards them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from apps.mail.blocks import Source
    from tests.shopkeeping import Shop


def publishes(shop: Shop, slug: str, source: Source, locale: str = "nl") -> None:
    """This text goes out from now on under this name."""
    from apps.mail.compiling import compile_here
    from apps.mail.models import Template, TemplateVersion

    compiled = msgspec.to_builtins(compile_here(source, locale))
    fields = msgspec.structs.asdict(source)
    template = Template.objects.create(store=shop.store, slug=slug, locale=locale, **fields)
    template.live = TemplateVersion.objects.create(template=template, number=1, compiled=compiled, **fields)
    template.save(update_fields=["live"])
