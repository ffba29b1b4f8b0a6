"""One database and one Redis for every process of a checkout, stopped with the last.

Whoever needs them holds a shared lock on `users.lock` for as long as it lives. A keeper
process starts the servers and waits for that lock alone: when it has it, nobody is left.
The kernel lets go of a lock however its holder ends, so a killed process is counted out.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import asdict, dataclass
from pathlib import Path

from config.ground import locks
from config.ground.keeping import GroundError, write_private

ROOT = Path(__file__).resolve().parents[2]
# Held for the life of the process, and of its forks.
_memberships: dict[Path, int] = {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Addresses:
    """Where the servers of a home listen."""

    database_url: str
    redis_url: str


def ensure(home: Path) -> Addresses:
    """Joins the users of this home's servers, starting them when nobody has."""
    home = home.absolute()
    _open_home(home)
    # The keeper stops the servers under the same lock: nobody joins a house being closed.
    with locks.alone(home / "door.lock"):
        if home not in _memberships:
            _memberships[home] = locks.take(home / "users.lock", shared=True)
        if not locks.is_held(home / "keeper.lock"):
            _start_keeper(home)
        return read(home)


def leave(home: Path) -> None:
    """Stops being a user before the process ends."""
    held = _memberships.pop(home.absolute(), None)
    if held is not None:
        os.close(held)


def read(home: Path) -> Addresses:
    """The addresses the keeper wrote down."""
    return Addresses(**json.loads((home / "instance.json").read_text()))


def write(home: Path, addresses: Addresses) -> None:
    """Writes the addresses down for the others."""
    write_private(home / "instance.json", json.dumps(asdict(addresses)))


def is_running(home: Path) -> bool:
    """Whether a keeper is at work here."""
    return (home / "keeper.lock").exists() and locks.is_held(home / "keeper.lock")


def _open_home(home: Path) -> None:
    try:
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise GroundError(f"{home} cannot be made ({error.strerror}): set MANDJE_HOME.") from None
    if not os.access(home, os.R_OK | os.W_OK | os.X_OK):
        raise GroundError(f"{home} belongs to another user: start as that one, or set MANDJE_HOME.")


def _start_keeper(home: Path) -> None:
    """Starts a keeper that outlives us, and waits for its word."""
    ours, theirs = os.pipe()
    with open(home / "keeper.log", "ab") as log:
        subprocess.run(
            [sys.executable, "-m", "config.ground.keeper", str(home), str(theirs)],
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            pass_fds=[theirs],
            check=False,
        )
    os.close(theirs)
    with os.fdopen(ours) as line:
        said = line.read()
    if said != "ready":
        raise GroundError(said or f"The keeper ended without a word; see {home / 'keeper.log'}.")
