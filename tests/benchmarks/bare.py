"""The least that keeps a webhook: an ASGI handler, a signature and one INSERT on a few async connections."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import os
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from psycopg import AsyncConnection

SECRET = os.environ.get("BENCH_SECRET", "").encode()
INSERT = "INSERT INTO bench_bare (dedupe, body) VALUES (%s, %s) ON CONFLICT (dedupe) DO NOTHING"
TABLE = "CREATE TABLE IF NOT EXISTS bench_bare (id bigserial PRIMARY KEY, dedupe bytea UNIQUE, body bytea)"

LINES = 4

_pool: asyncio.Queue[AsyncConnection[Any]] | None = None


async def _lines() -> asyncio.Queue[AsyncConnection[Any]]:
    """A few kept connections; the first request opens them, on the loop that serves it."""
    global _pool  # noqa: PLW0603
    if _pool is None:
        _pool = asyncio.Queue()
        for _ in range(LINES):
            _pool.put_nowait(
                await AsyncConnection.connect(os.environ["DATABASE_URL"], autocommit=True, prepare_threshold=1)
            )
    return _pool


async def app(scope: Mapping[str, Any], receive: Callable[[], Awaitable[Any]], send: Callable[[Any], Any]) -> None:
    if scope["type"] != "http":
        return
    body = b""
    while True:
        piece = await receive()
        body += piece["body"]
        if not piece.get("more_body"):
            break
    given = dict(scope["headers"]).get(b"x-wc-webhook-signature", b"")
    status = 401
    if hmac.compare_digest(given, base64.b64encode(hmac.digest(SECRET, body, "sha256"))):
        lines = await _lines()
        line = await lines.get()
        try:
            await line.execute(INSERT, (hashlib.sha256(body).digest(), body))
        finally:
            lines.put_nowait(line)
        status = 200
    answer = [(b"content-type", b"application/json"), (b"content-length", b"2")]
    await send({"type": "http.response.start", "status": status, "headers": answer})
    await send({"type": "http.response.body", "body": b"{}"})
