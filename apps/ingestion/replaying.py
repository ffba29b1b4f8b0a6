"""Sending recorded deliveries once more: signed anew and posted in arrival order, as the platform would."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final
from urllib.parse import urlsplit

from apps.ingestion.door import ADDRESS
from apps.ingestion.posting import Postman
from apps.ingestion.recordings import Recording
from apps.stores.adding import webhook_url
from apps.stores.models import Store
from apps.stores.platforms.base import Platform, platforms
from apps.stores.secrets_ring import newest

LONGEST_WAIT: Final = 3600.0


class NoAddress(ValueError):
    """It is not known where to post; the message says what is expected."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Destination:
    """A webhook address, the platform that speaks there, and the secret to sign with ('' for each file's own)."""

    url: str
    platform: Platform
    secret: str
    shop_domain: str = ""


def destination(to: str | None, secret: str | None, at: datetime) -> Destination:
    """Where to post: a webhook address, a store's key, or the only store there is. Raises NoAddress.

    The secret that was given wins; else the newest of the store, when it is one of ours.
    """
    store = _store(to)
    url = to if to and "://" in to else webhook_url(store) if store else ""
    address = ADDRESS.fullmatch(urlsplit(url).path)
    if address is None or address[1] not in platforms:
        raise NoAddress(f"--to: expected https://host/webhooks/<platform>/<key>/; got {(to or '')[:200]!r}")
    return Destination(
        url=url,
        platform=platforms.get(address[1]),
        secret=secret or (newest(store, at) if store else ""),
        shop_domain=store.shop_domain if store else "",
    )


def _store(to: str | None) -> Store | None:
    if to is None:
        stores = list(Store.objects.all()[:2])
        if len(stores) != 1:
            raise NoAddress("--to: say which store, by its webhook address or its key (see list_stores)")
        return stores[0]
    if "://" not in to:
        found = Store.objects.filter(key=to).first()
        if found is None:
            raise NoAddress(f"--to: there is no store {to[:60]!r} (see list_stores)")
        return found
    address = ADDRESS.fullmatch(urlsplit(to).path)
    return Store.objects.filter(key=address[2]).first() if address else None


def signed(recording: Recording, to: Destination, at: datetime) -> dict[str, str]:
    """The headers of this delivery as the platform would send it now."""
    headers = dict(recording.headers)
    if to.shop_domain:
        # A recording comes from another shop: it is signed, and named, as this one.
        headers = {
            name: to.shop_domain if name.lower() == "x-shopify-shop-domain" else value
            for name, value in headers.items()
        }
    secret = to.secret or recording.secret
    return to.platform.sign(recording.topic, recording.body, secret, at, headers)


def replay(
    recordings: Sequence[Recording],
    to: Destination,
    *,
    speed: float,
    pause: Callable[[float], None] = time.sleep,
) -> Iterator[tuple[Recording, int]]:
    """Post them all; `speed` 0 without waiting, 1 as slowly as they once came. Raises NobodyAnswers."""
    before: datetime | None = None
    with Postman(to.url) as postman:
        for recording in recordings:
            pause(_wait(before, recording.at, speed))
            before = recording.at or before
            headers = signed(recording, to, datetime.now(UTC))
            yield recording, postman.post(headers, recording.body)


def _wait(before: datetime | None, now: datetime | None, speed: float) -> float:
    if not speed or before is None or now is None:
        return 0.0
    return min(max((now - before).total_seconds() / speed, 0.0), LONGEST_WAIT)
