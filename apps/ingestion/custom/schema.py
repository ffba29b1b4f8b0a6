"""The OpenAPI document of what other apps post, made from the very classes that read it."""

from __future__ import annotations

from typing import Any, Final

import msgspec

from apps.ingestion.custom import door, payloads
from apps.ingestion.custom.payloads import Batch, Told

_REF: Final = "#/components/schemas/{name}"

_HEADERS: Final = (
    ("webhook-id", "Unique per post; a repeat carries the same, and is taken once.", r"^[\x21-\x7e]{1,100}$"),
    ("webhook-timestamp", "Seconds since 1970, at most five minutes off.", r"^\d{1,12}$"),
    ("webhook-signature", "v1, then base64 of HMAC-SHA256 over `id.timestamp.body`.", r"^v1,"),
)
_REFUSALS: Final = {
    "400": "The body did not arrive whole, or cannot be kept.",
    "401": "Not signed by this store, or the timestamp is off by more than five minutes.",
    "404": "No such store.",
    "405": "Something else than POST.",
    "413": f"Larger than {payloads.LARGEST} bytes.",
    "415": "Compressed: send it plain.",
    "422": "Not an event; `field` says where. Nothing of the post is taken.",
    "429": f"More than {door.RATE:g} posts a second: come back in the seconds that Retry-After says.",
    "503": "Come back in the seconds that Retry-After says.",
}


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    """RFC 9457."""

    type: str
    title: str
    status: int
    detail: str
    field: str = ""
    """The place in the body that is to blame, such as events[3].properties."""


class Taken(msgspec.Struct, frozen=True, kw_only=True):
    """On disk. It is read within a second or two."""

    taken: int


def document() -> dict[str, Any]:
    """OpenAPI 3.1, as plain data."""
    _, components = msgspec.json.schema_components([Told, Batch, Problem, Taken], ref_template=_REF)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Mandje: what other apps tell",
            "version": "1.0.0",
            "description": "Signed JSON by the Standard Webhooks scheme. See events.md.",
            "license": {"name": "AGPL-3.0-or-later", "identifier": "AGPL-3.0-or-later"},
        },
        "servers": [{"url": "https://{host}", "variables": {"host": {"default": "mail.example.com"}}}],
        "paths": {"/events/{store_key}/": {"post": _operation()}},
        "components": {"schemas": dict(sorted(components.items()))},
    }


def _operation() -> dict[str, Any]:
    key = {"name": "store_key", "in": "path", "required": True, "schema": {"type": "string"}}
    headers = [
        {
            "name": name,
            "in": "header",
            "required": True,
            "description": about,
            "schema": {"type": "string", "pattern": form},
        }
        for name, about, form in _HEADERS
    ]
    schema = {"oneOf": [{"$ref": _REF.format(name=name)} for name in ("Told", "Batch")]}
    refused = {door.PROBLEM: {"schema": {"$ref": _REF.format(name="Problem")}}}
    taken = {"application/json": {"schema": {"$ref": _REF.format(name="Taken")}}}
    return {
        "operationId": "tell",
        "summary": "Tell what happened to somebody, or what is true of them now.",
        "parameters": [key, *headers],
        "requestBody": {"required": True, "content": {"application/json": {"schema": schema}}},
        "responses": {
            "202": {"description": "Taken, and on disk.", "content": taken},
            **{status: {"description": about, "content": refused} for status, about in _REFUSALS.items()},
        },
        "security": [],
    }
