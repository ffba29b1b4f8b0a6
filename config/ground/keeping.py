"""What a server of the embedded ground has in common: its folder, password and port."""

from __future__ import annotations

import json
import os
import secrets
from pathlib import Path

from config.ground import processes


class GroundError(Exception):
    """The embedded servers cannot be had; the message says what to do."""


def write_private(path: Path, text: str) -> None:
    """Writes a file only its owner can read, whole or not at all."""
    draft = path.with_name(f"{path.name}.{os.getpid()}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(text)
    draft.replace(path)


def password(home: Path, name: str) -> str:
    """The server's password, made on first use."""
    path = home / f"{name}.password"
    if not path.exists():
        write_private(path, secrets.token_urlsafe(24))
    return path.read_text()


def port(home: Path, name: str) -> int:
    """The same port as last time when it is free, so that old connections find their way."""
    path = home / f"{name}.port"
    last = json.loads(path.read_text()) if path.exists() else 0
    chosen = last if last and processes.port_is_free(last) else processes.free_port()
    write_private(path, json.dumps(chosen))
    return int(chosen)


def log_file(home: Path, name: str) -> int:
    """A descriptor to append to the server's log, begun anew once it is large."""
    path = home / f"{name}.log"
    if path.exists() and path.stat().st_size > 10_000_000:
        path.replace(path.with_suffix(".log.1"))
    return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)


def last_lines(home: Path, name: str, *, count: int = 5) -> str:
    """The end of the server's log, for an error message."""
    path = home / f"{name}.log"
    lines = path.read_text(errors="replace").splitlines() if path.exists() else []
    return "\n".join(lines[-count:])
