"""A request's headers and body as they came in, with a bound on what is read."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

PIECE: Final = 64 * 1024
PLAIN: Final = frozenset({"", "identity"})


class Refused(Exception):
    """The body is not taken in; `reason` is a reason of Refusal."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class CutOff(Exception):
    """The client went away, or said how much it would send and sent something else."""


def body(environ: WSGIEnvironment, limit: int) -> bytes:
    """The body's exact bytes. Reads nothing of a body that says it is too large, and never more than `limit` + 1."""
    if environ.get("HTTP_CONTENT_ENCODING", "").strip().lower() not in PLAIN:
        raise Refused("compressed")
    said = environ.get("CONTENT_LENGTH") or ""
    if not said:
        return _unmeasured(environ, limit)
    if not (said.isascii() and said.isdigit()):
        raise CutOff
    if len(said) > 12 or int(said) > limit:
        raise Refused("too_large")
    data = _read(environ, int(said))
    if len(data) < int(said):
        raise CutOff
    return data


def headers(environ: WSGIEnvironment) -> dict[str, str]:
    """Header names in lower case, with dashes."""
    found = {name: value for key, value in environ.items() if (name := _header(key))}
    if content_type := environ.get("CONTENT_TYPE"):
        found["content-type"] = content_type
    return found


def _unmeasured(environ: WSGIEnvironment, limit: int) -> bytes:
    """A chunked body, read piece by piece until it ends or is too large."""
    chunked = "chunked" in environ.get("HTTP_TRANSFER_ENCODING", "").lower()
    if not chunked and not environ.get("wsgi.input_terminated"):
        # Without either there is no body, and reading on would wait for ever.
        return b""
    data = _read(environ, limit + 1)
    if len(data) > limit:
        raise Refused("too_large")
    return data


def _read(environ: WSGIEnvironment, most: int) -> bytes:
    stream, pieces, missing = environ["wsgi.input"], [], most
    try:
        while missing > 0 and (piece := stream.read(min(missing, PIECE))):
            pieces.append(piece)
            missing -= len(piece)
    except (OSError, ValueError, EOFError) as broken:
        raise CutOff from broken
    return pieces[0] if len(pieces) == 1 else b"".join(pieces)


@lru_cache(maxsize=512)
def _header(key: str) -> str:
    return key[5:].lower().replace("_", "-") if key.startswith("HTTP_") else ""
