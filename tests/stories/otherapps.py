"""Other apps of the shop's, which tell at the events door what happened to a customer."""

from __future__ import annotations

import base64
import hmac
import io
import itertools
import json
from datetime import UTC, datetime
from typing import Any

from apps.core import clock, db
from apps.ingestion import door as doors
from apps.ingestion.custom import ring
from tests.shopkeeping import Shop, process_all

_numbers = itertools.count(1)
_secrets: dict[int, str] = {}


def tells(shop: Shop, event: dict[str, Any], *, number: str = "") -> int:
    """Post one event, signed; it arrives at the story's moment. Returns the answer's status."""
    secret = _secrets.get(shop.store.pk) or ring.make(shop.store, clock.now())
    _secrets[shop.store.pk] = secret
    body = json.dumps(event).encode()
    number, stamp = number or f"msg_{next(_numbers)}", str(int(datetime.now(UTC).timestamp()))
    key = base64.b64decode(secret.removeprefix("whsec_"))
    made = base64.b64encode(hmac.digest(key, f"{number}.{stamp}.".encode() + body, "sha256")).decode()
    door = doors.Door(lambda *_: [])
    door.notebook._wake = lambda: None  # type: ignore[method-assign]
    said: list[str] = []
    environ = {
        "REQUEST_METHOD": "POST", "PATH_INFO": f"/events/{shop.store.key}/", "CONTENT_LENGTH": str(len(body)),
        "wsgi.input": io.BytesIO(body), "HTTP_WEBHOOK_ID": number, "HTTP_WEBHOOK_TIMESTAMP": stamp,
        "HTTP_WEBHOOK_SIGNATURE": f"v1,{made}",
    }  # fmt: skip
    door(environ, lambda status, _headers, _info=None: said.append(status))
    # The door writes the database's own time; the story's clock stands elsewhere.
    db.run(
        "UPDATE ingestion_delivery SET received_at = %(at)s, due_at = %(at)s"
        " WHERE store_id = %(store)s AND state = 'waiting'",
        {"at": shop.world.at, "store": shop.store.pk},
    )
    process_all(shop.world.at)
    return int(said[0][:3])
