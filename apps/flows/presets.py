"""The flows that ship with the engine, and the kits that name them."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Final

import yaml
from django.db import transaction

from apps.flows import yaml_io
from apps.flows.definition import Definition
from apps.flows.models import Flow
from apps.flows.preset_names import name_of
from apps.flows.publishing import publish, save_draft, templates_of
from apps.mail.library import install_templates, preset_of
from apps.stores.models import Store

FOLDER: Final = Path(__file__).parent / "presets"
KITS: Final = "kits"


class UnknownPreset(LookupError):
    """Nothing of that name ships with the engine; the message lists what does."""


def known() -> list[str]:
    """The names of all presets."""
    return sorted(path.stem for path in FOLDER.glob("*.yaml") if path.stem != KITS)


@lru_cache(maxsize=64)
def preset(name: str) -> Definition:
    """A shipped plan. Raises UnknownPreset."""
    if name not in known():
        raise UnknownPreset(f"there is no preset '{name}'; known: {', '.join(known())}")
    return yaml_io.load((FOLDER / f"{name}.yaml").read_bytes())


@lru_cache(maxsize=1)
def kits() -> dict[str, list[str]]:
    """Which presets each kit switches in."""
    read: dict[str, list[str]] = yaml.safe_load((FOLDER / f"{KITS}.yaml").read_text("utf-8"))
    return read


def install(store: Store, name: str, at: datetime) -> Flow:
    """The preset as this shop's own flow: published, and off until somebody has looked at it.

    A flow of that name which the shop already has is left as it is.
    """
    plan = preset(name)
    with transaction.atomic():
        mine = Flow.objects.of(store).filter(slug=plan.flow, deleted_at__isnull=True).first()
        if mine is not None:
            return mine
        install_missing_templates(store, plan)
        own = dataclasses.replace(plan, name=name_of(name, plan.name, store.language))
        flow = save_draft(store.pk, own, based_on=name)
        publish(flow, at)
    return flow


def install_kit(store: Store, kit: str, at: datetime) -> list[Flow]:
    """All flows of a kit, off until somebody has looked at them. Raises UnknownPreset."""
    if kit not in kits():
        raise UnknownPreset(f"there is no kit '{kit}'; known: {', '.join(kits())}")
    return [install(store, name, at) for name in kits()[kit]]


def install_missing_templates(store: Store, plan: Definition) -> Sequence[str]:
    """The shipped templates that these steps name and this shop does not have yet; returns their presets."""
    wanted = {found for _, slug in templates_of(plan) if (found := preset_of(slug)) is not None}
    for name in sorted(wanted):
        install_templates(store, name)
    return sorted(wanted)
