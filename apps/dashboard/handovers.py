"""Keys that a shop hands us by itself: asked for with a state that opens once, and kept sealed until they are used."""

from __future__ import annotations

import hashlib
import secrets as random
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final

import msgspec
from django.db import transaction

from apps.accounts.models import User
from apps.core.secrets import seal, unseal
from apps.dashboard.models import Handover
from apps.stores.models import Store

OPEN_FOR: Final = timedelta(hours=1)
"""Long enough to log in to a shop and think about it."""
KEPT_FOR: Final = timedelta(days=1)


def begin(store: Store, user: User, way: str, at: datetime, *, keep: Mapping[str, str] | None = None) -> str:
    """The state to give to the shop; an earlier one of this store and way no longer opens.

    `keep` is what we need again when the shop answers.
    """
    state = random.token_urlsafe(32)
    with transaction.atomic():
        Handover.objects.of(store).filter(expires_at__lt=at - KEPT_FOR).delete()
        Handover.objects.of(store).filter(ended_at__isnull=True).update(ended_at=at, sealed="")
        Handover.objects.create(
            store=store,
            user=user,
            way=way,
            state_hash=_hashed(state),
            sealed=_sealed(store, keep or {}),
            expires_at=at + OPEN_FOR,
        )
    return state


def find(state: str, at: datetime) -> Handover | None:
    """The approval that this state belongs to, while it is open."""
    waiting = Handover.objects.select_related("store", "user").filter(ended_at__isnull=True, expires_at__gt=at)
    return waiting.filter(state_hash=_hashed(state)).first()


def arrive(state: str, credentials: Mapping[str, str], at: datetime) -> bool:
    """Keep what the shop hands over; False when the state is unknown, too old, or was used before."""
    with transaction.atomic():
        waiting = Handover.objects.select_for_update().filter(ended_at__isnull=True, expires_at__gt=at)
        found = waiting.filter(state_hash=_hashed(state), arrived_at__isnull=True).first()
        if found is None:
            return False
        found.sealed, found.arrived_at = _sealed(found.store, credentials), at
        found.save(update_fields=["sealed", "arrived_at"])
    return True


def arrived(store: Store, at: datetime) -> Handover | None:
    """Keys of this store that wait to be used."""
    waiting = Handover.objects.of(store).filter(ended_at__isnull=True, expires_at__gt=at, arrived_at__isnull=False)
    return waiting.select_related("store").order_by("-pk").first()


def contents(handover: Handover) -> dict[str, str]:
    """What lies in it."""
    plain = unseal(handover.sealed, bound_to=_place(handover.store))
    return msgspec.json.decode(plain, type=dict[str, str]) if plain else {}


def end(handover: Handover, at: datetime) -> bool:
    """It opens no more and holds nothing; False when somebody else was first."""
    return bool(Handover.objects.filter(pk=handover.pk, ended_at__isnull=True).update(ended_at=at, sealed=""))


def _sealed(store: Store, values: Mapping[str, str]) -> str:
    return seal(msgspec.json.encode(dict(values)).decode(), bound_to=_place(store)) if values else ""


def _place(store: Store) -> str:
    return f"{store.key}/handover"


def _hashed(state: str) -> str:
    return hashlib.sha256(state.encode("utf-8", "replace")).hexdigest()
