"""The mails that ship with the engine, and how a shop gets its own copy of them.

A preset's mails stand in `templates/mail/<preset>/<n>/`: one MJML and one text file per language, and
`mail.yaml` with names, subjects and preview lines. In a shop such a mail is called `<preset>-<n>`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

import msgspec
import yaml
from django.conf import settings
from django.db import transaction

from apps.mail.blocks import Source
from apps.mail.compiled import Compiled
from apps.mail.compiling import compile_ours
from apps.mail.models import Template, TemplateVersion
from apps.stores.models import Store

LOCALES: Final = ("nl", "nl-u", "en")
BLOCKS: Final = "blocks"


class UnknownMail(LookupError):
    """No such mail ships with the engine."""


def _folder() -> Path:
    return Path(settings.BASE_DIR) / "templates" / "mail"


@lru_cache(maxsize=1)
def shipped() -> dict[str, tuple[str, str]]:
    """Every shipped mail by its name in a shop: the preset it belongs to, and its number there."""
    found = sorted(path.parent for path in _folder().glob("*/*/mail.yaml"))
    return {f"{mail.parent.name}-{mail.name}": (mail.parent.name, mail.name) for mail in found}


def preset_of(slug: str) -> str | None:
    """The preset that ships this mail, None when nobody does."""
    return shipped()[slug][0] if slug in shipped() else None


@lru_cache(maxsize=1024)
def source_of(slug: str, locale: str) -> Source:
    """A shipped mail in one language. Raises UnknownMail."""
    if slug not in shipped():
        raise UnknownMail(f"there is no shipped mail '{slug}'; known: {', '.join(shipped())}")
    folder = _folder().joinpath(*shipped()[slug])
    about: dict[str, Any] = yaml.safe_load((folder / "mail.yaml").read_text("utf-8"))
    return Source(
        subject=_said(about, "subject", locale),
        preheader=_said(about, "preheader", locale),
        mjml=(folder / f"{locale}.mjml").read_text("utf-8"),
        text=(folder / f"{locale}.txt").read_text("utf-8"),
    )


def _said(about: dict[str, Any], key: str, locale: str) -> str:
    words: dict[str, str] = about[key]
    return words[locale] if locale in words else words[locale.partition("-")[0]]


@lru_cache(maxsize=1024)
def compiled(slug: str, locale: str) -> Compiled:
    """A shipped mail as it goes out; compiled once per process, whatever number of shops take it.

    Our own files need no child: fifteen of them outlast the patience of the transaction a shop is added in.
    """
    return compile_ours(source_of(slug, locale), locale)


def checksum(source: Source) -> str:
    """The name of a text, so that an upgrade can tell ours from what the owner made of it."""
    return hashlib.blake2b(msgspec.json.encode(source), digest_size=8).hexdigest()


def install_templates(store: Store, preset: str, locales: Sequence[str] = LOCALES) -> list[Template]:
    """This shop's own copy of a preset's mails, published. What the shop already has is left as it is."""
    slugs = [slug for slug, (name, _) in shipped().items() if name == preset]
    if not slugs:
        raise UnknownMail(f"no mails ship with the preset '{preset}'")
    ready = [(slug, locale, compiled(slug, locale)) for slug in slugs for locale in locales]
    with transaction.atomic():
        return [_install(store, slug, locale, result) for slug, locale, result in ready]


def _install(store: Store, slug: str, locale: str, result: Compiled) -> Template:
    source = source_of(slug, locale)
    fields = {
        "subject": source.subject,
        "preheader": source.preheader,
        "mjml": source.mjml,
        "text": source.text,
    }
    template, made = Template.objects.get_or_create(
        store=store,
        slug=slug,
        locale=locale,
        defaults={**fields, "based_on": f"{slug}/{locale}@{checksum(source)}"},
    )
    if made:
        template.live = TemplateVersion.objects.create(
            template=template, number=1, compiled=msgspec.to_builtins(result), **fields
        )
        template.save(update_fields=["live"])
    return template
