"""The ground a benchmark stands on: an own PostgreSQL and Redis, an own database per row and round."""

from __future__ import annotations

import os
import secrets
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
from cryptography.fernet import Fernet

from config.ground import instance
from config.ground.instance import Addresses
from tests.benchmarks import machine

ROOT = Path(__file__).resolve().parents[2]
PROGRAMS = Path(sys.executable).parent
EMPTY = "mandje"


def environment(home: Path, addresses: Addresses) -> dict[str, str]:
    """The environment of a real installation, with keys of its own."""
    return {
        "PATH": f"{PROGRAMS}{os.pathsep}{os.environ.get('PATH', os.defpath)}",
        "HOME": os.environ.get("HOME", str(home)),
        "LANG": "C.UTF-8",
        "PYTHONPATH": str(ROOT),
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "MANDJE_ENV": "production",
        "MANDJE_HOME": str(home),
        "PUBLIC_URL": "https://mandje.shop.test",
        "ALLOWED_HOSTS": "mandje.shop.test,127.0.0.1",
        "SECRET_KEY": secrets.token_urlsafe(48),
        "LINK_KEYS": secrets.token_urlsafe(48),
        "FIELD_KEYS": Fernet.generate_key().decode(),
        "ADDRESS_KEY": secrets.token_urlsafe(48),
        "LOG_LEVEL": "WARNING",
        "DATABASE_URL": addresses.database_url,
        "REDIS_URL": addresses.redis_url,
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """Where a row is measured. `url` is its own database, migrated and empty."""

    url: str
    full: bool

    @classmethod
    def here(cls, *, full: bool) -> Stage:
        return cls(url=os.environ["DATABASE_URL"], full=full)

    @property
    def name(self) -> str:
        return urlsplit(self.url).path.lstrip("/")

    def connect(self) -> psycopg.Connection[tuple[object, ...]]:
        return psycopg.connect(self.url, autocommit=True)

    def postmaster(self) -> int:
        """The process id whose family is all of PostgreSQL."""
        with self.connect() as line:
            found = line.execute("SELECT pg_backend_pid()").fetchone()
            assert found is not None
            return machine.parent(int(str(found[0])))

    @contextmanager
    def copy(self, name: str) -> Iterator[Stage]:
        """Another database with the same rows, gone afterwards. Nobody may be connected to this one."""
        url = made(self.url, of=self.name, name=f"{self.name}_{name}")
        try:
            yield Stage(url=url, full=self.full)
        finally:
            drop(url)

    def run(self, module: str, *words: object, **given: str) -> subprocess.Popen[str]:
        """A program of ours, against this database."""
        return subprocess.Popen(
            [sys.executable, "-m", f"tests.benchmarks.{module}", *map(str, words)],
            cwd=ROOT,
            env={**os.environ, **given, "DATABASE_URL": self.url},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )


def made(url: str, *, of: str, name: str) -> str:
    """A new database that begins as a copy of another one; returns its address."""
    parts = urlsplit(url)
    with psycopg.connect(parts._replace(path="/postgres").geturl(), autocommit=True) as line:
        line.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")  # type: ignore[arg-type]
        line.execute(f"CREATE DATABASE {name} TEMPLATE {of} STRATEGY file_copy")  # type: ignore[arg-type]
        line.execute("CHECKPOINT")
    return parts._replace(path=f"/{name}").geturl()


def drop(url: str) -> None:
    parts = urlsplit(url)
    with psycopg.connect(parts._replace(path="/postgres").geturl(), autocommit=True) as line:
        line.execute(f"DROP DATABASE {parts.path.lstrip('/')} WITH (FORCE)")  # type: ignore[arg-type]


def open_ground(home: Path) -> dict[str, str]:
    """Start the servers, make the tables, and return the environment in which rows are measured."""
    told = environment(home, instance.ensure(home))
    manage("migrate", "--verbosity=0", "--no-input", given=told)
    manage("collectstatic", "--verbosity=0", "--no-input", given=told)
    return told


def manage(*words: str, given: Mapping[str, str]) -> None:
    subprocess.run([sys.executable, "manage.py", *words], cwd=ROOT, env=dict(given), check=True)
