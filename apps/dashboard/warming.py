"""Compiling a kit's mails before the transaction that installs them."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor

from apps.flows.presets import kits, preset
from apps.flows.publishing import templates_of
from apps.mail.library import LOCALES, compiled, preset_of


def compile_kit(kit: str) -> None:
    """Have the kit's shipped mails ready, side by side: each is compiled in a child of its own.

    Within the transaction it would stand idle meanwhile, and the database ends idle transactions.
    """
    slugs = {slug for name in kits()[kit] for _, slug in templates_of(preset(name))}
    pairs = [(slug, locale) for slug in sorted(slugs) if preset_of(slug) for locale in LOCALES]
    with ThreadPoolExecutor(max(2, os.cpu_count() or 2)) as hands:
        list(hands.map(lambda pair: compiled(*pair), pairs))
