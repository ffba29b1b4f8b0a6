"""A draft changed one part at a time. It may be wrong meanwhile: what runs is a version, and stays as it is."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from typing import Any, Final

from django.db import transaction
from django.utils.text import slugify
from django.utils.translation import gettext as _

from apps.core.plain import MOST
from apps.core.problems import DefinitionRefused, Path
from apps.core.registry import Registry
from apps.flows import definition
from apps.flows.models import Flow
from apps.flows.trees import NoSuchPlace, Tree, canonical, family_at, list_at, long_form, node_at, node_of
from apps.stores.models import Store

# What ends a run whatever the flow is about; the owner may take them off.
ALWAYS: Final = ("unsubscribed", "suppressed", "store_off")


class DraftChanged(ValueError):
    """Somebody else changed the draft since this page was made."""


def stamp(draft: Any) -> str:
    """A short name of what the draft says now: a page that was made of another draft has another one."""
    return hashlib.blake2b(canonical(draft).encode(), digest_size=6).hexdigest()


def change(flow: Flow, seen: str, verb: Callable[[Tree], None]) -> Flow:
    """Do this to the draft and keep it. Raises DraftChanged and NoSuchPlace, and then nothing changed."""
    with transaction.atomic():
        locked = Flow.objects.select_for_update().get(pk=flow.pk)
        if stamp(locked.draft) != seen:
            raise DraftChanged
        tree = long_form(locked.draft)
        verb(tree)
        locked.draft = shortest(tree)
        if locked.version_id is None:
            locked.name = str(locked.draft.get("name") or locked.name)[:120]
        locked.save(update_fields=["draft", "name"])
    flow.refresh_from_db()
    return flow


def shortest(tree: Tree) -> Tree:
    """The plan as its file has it, when it can run; else as it stands."""
    try:
        return definition.read(tree).plain()
    except DefinitionRefused:
        return tree


# --- verbs ------------------------------------------------------------------------------------------


def put(tree: Tree, place: Path, plain: dict[str, Any]) -> None:
    """Other settings for the part that stands here, or another trigger."""
    if place == ("trigger",):
        tree["trigger"] = plain
        return
    node_at(tree, place)
    _list(tree, place)[_number(place)] = plain


def add(tree: Tree, place: Path, plain: dict[str, Any]) -> None:
    """A part before whatever stands here now."""
    holder = _list(tree, place)
    if len(holder) >= MOST:
        raise NoSuchPlace(_("A list holds %s parts at most.") % MOST)
    holder.insert(min(_number(place), len(holder)), plain)


def remove(tree: Tree, place: Path) -> None:
    """Take it out, with everything in it."""
    if place == ("trigger",):
        tree.pop("trigger", None)
        return
    node_at(tree, place)
    del _list(tree, place)[_number(place)]


def shift(tree: Tree, place: Path, by: int) -> None:
    """One place up or down in its own list; at the end of it nothing happens."""
    node_at(tree, place)
    holder, number = _list(tree, place), _number(place)
    if 0 <= number + by < len(holder):
        holder[number], holder[number + by] = holder[number + by], holder[number]


def tick(tree: Tree, family: Registry[Any], kinds: list[str], bare: set[str]) -> None:
    """The exits without settings are exactly these; those with settings stay."""
    kept = [one for one in tree.get("exits") or [] if node_of(family, one, ()).kind not in bare]
    tree["exits"] = [{kind: {}} for kind in kinds if kind in bare] + kept


def _list(tree: Tree, place: Path) -> list[Any]:
    return list_at(tree, place[:-1])


def _number(place: Path) -> int:
    if not place or not isinstance(place[-1], int):
        raise NoSuchPlace(_("That is no place in this flow."))
    return place[-1]


def family_for(tree: Tree, place: Path) -> Registry[Any]:
    """Of which family a part at this place is. Raises NoSuchPlace."""
    return family_at(tree, place if place == ("trigger",) else place[:-1])


# --- a new one --------------------------------------------------------------------------------------


def make(store: Store, name: str) -> Flow:
    """A flow from nothing: nameable at once, with everything else still to choose."""
    slug = free_slug(store, name)
    draft = {
        "flow": slug, "name": name, "purpose": "other", "priority": "after_purchase", "reentry": definition.NEVER,
        "exits": list(ALWAYS), "steps": [],
    }  # fmt: skip
    return Flow.objects.create(store=store, slug=slug, name=name, draft=draft)


def free_slug(store: Store, name: str) -> str:
    """A short name nobody has in this shop, deleted flows included: their history keeps theirs."""
    root = re.sub(r"[^a-z0-9-]", "", slugify(name))[:70].strip("-") or "mailreeks"
    taken = set(Flow.objects.of(store).filter(slug__startswith=root).values_list("slug", flat=True))
    number = 1
    while (slug := root if number == 1 else f"{root}-{number}") in taken:
        number += 1
    return slug
