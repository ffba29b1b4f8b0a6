"""The OpenAPI document of what such a shop posts, made from the very classes that read it."""

from __future__ import annotations

from typing import Any, Final

import msgspec

from apps.stores.platforms.generic.payloads import TYPES

_REF: Final = "#/components/schemas/{name}"

_SUMMARIES: Final = {
    "basket.updated": "A basket changed: lines, person, consent. Send it whenever it does; the newest wins.",
    "basket.deleted": "A basket is gone.",
    "order.updated": "An order was made or changed. Send each at once: it silences the reminders.",
    "order.deleted": "An order was deleted.",
    "customer.updated": "Somebody made or changed an account, or said yes or no to mail.",
    "customer.deleted": "An account was deleted.",
    "product.updated": "A product is new or changed.",
    "product.deleted": "A product is gone.",
    "review.updated": "A review was written or judged.",
    "privacy.erase": "Somebody asks to be forgotten.",
}
_HEADERS: Final = (
    ("webhook-id", "Unique per message; a repeat carries the same.", r"^[\x21-\x7e]{1,100}$"),
    ("webhook-timestamp", "Seconds since 1970, at most five minutes off.", r"^\d{1,12}$"),
    ("webhook-signature", "v1, then base64 of HMAC-SHA256 over `id.timestamp.body`.", r"^v1,"),
)
_ANSWERS: Final = {
    "200": "Kept. Answered before it is read: what cannot be read shows, with its place, under Deliveries.",
    "400": "The body did not arrive whole.",
    "401": "Not signed by this store, or the timestamp is off.",
    "404": "No such store.",
    "413": "Larger than 8 MiB.",
    "415": "Compressed: send it plain.",
    "503": "Come back in the seconds that Retry-After says.",
}


def document() -> dict[str, Any]:
    """OpenAPI 3.1, as plain data."""
    records, components = msgspec.json.schema_components(list(TYPES.values()), ref_template=_REF)
    schemas = dict(sorted(components.items()))
    for (name, _), record in zip(TYPES.items(), records, strict=True):
        schemas[_named(name)] = _message(name, record)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Mandje for any shop",
            "version": "1.0.0",
            "description": "Signed JSON by the Standard Webhooks scheme.",
            "license": {"name": "AGPL-3.0-or-later", "identifier": "AGPL-3.0-or-later"},
        },
        "servers": [{"url": "https://{host}", "variables": {"host": {"default": "mail.example.com"}}}],
        "paths": {"/webhooks/generic/{store_key}/": {"post": _operation()}},
        "components": {"schemas": schemas},
    }


def _named(kind: str) -> str:
    return "".join(word.capitalize() for word in kind.split(".")) + "Message"


def _message(kind: str, record: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": "object",
        "description": _SUMMARIES[kind],
        "required": ["type", "timestamp", "data"],
        "properties": {
            "type": {"const": kind},
            "timestamp": {"type": "string", "format": "date-time"},
            "data": record,
        },
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
    refs = {kind: _REF.format(name=_named(kind)) for kind in TYPES}
    schema = {
        "oneOf": [{"$ref": ref} for ref in refs.values()],
        "discriminator": {"propertyName": "type", "mapping": refs},
    }
    return {
        "operationId": "tell",
        "summary": "Tell what happened in the shop.",
        "parameters": [key, *headers],
        "requestBody": {"required": True, "content": {"application/json": {"schema": schema}}},
        "responses": {status: {"description": about} for status, about in _ANSWERS.items()},
        "security": [],
    }
