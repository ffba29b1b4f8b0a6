"""Every setting, read once from the environment, typed and described.

`python -m config.env` prints them all. A missing or nonsensical value stops the start
with its name, what was expected, what came (never a secret) and an example.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass, fields
from functools import cache
from pathlib import Path
from typing import Final, Literal

from cryptography.fernet import Fernet

from config import defaults, values
from config.ground.keeping import GroundError
from config.reading import Reading, SettingsError, described, setting, value

RANDOM: Final = "the output of: python -c 'import secrets; print(secrets.token_urlsafe(48))'"
FERNET: Final = (
    "the output of: python -c 'from cryptography.fernet import Fernet as F; print(F.generate_key().decode())'"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Env:
    """What this installation is told."""

    environment: Literal["development", "production", "test"] = setting(
        "MANDJE_ENV",
        "What this installation is for.",
        values.choice("development", "production", "test"),
        default="development",
    )
    home: str = setting(
        "MANDJE_HOME",
        "Folder for the embedded database, keys made in development and beat's notes.",
        values.text(),
        default=defaults.home,
        example="/srv/mandje",
    )
    port: int = setting("PORT", "Where the web listens.", values.number(least=1, most=65535), default="8000")
    bind: str = setting("BIND", "On which address the web listens.", values.text(), default="127.0.0.1")
    public_url: str = setting(
        "PUBLIC_URL",
        "The address shops and readers reach this engine at.",
        values.site(),
        default=defaults.public_url,
        example="https://mail.example.com",
    )
    allowed_hosts: tuple[str, ...] = setting(
        "ALLOWED_HOSTS",
        "Host names that are answered.",
        values.words(),
        default=defaults.hosts,
        example="mail.example.com",
    )
    secret_key: str = setting(
        "SECRET_KEY",
        "Signs sessions and login links.",
        defaults.one_secret,
        default=defaults.secret("SECRET_KEY", defaults.random_key),
        example=RANDOM,
    )
    link_keys: tuple[str, ...] = setting(
        "LINK_KEYS",
        "Sign the links in mails; put a new one first and keep the old as long as mails live.",
        defaults.secret_ring,
        default=defaults.secret("LINK_KEYS", defaults.random_key),
        example=RANDOM,
    )
    field_keys: tuple[str, ...] = setting(
        "FIELD_KEYS",
        "Encrypt the credentials of shops and mail connections; put a new one first.",
        values.fernet_keys(),
        default=defaults.secret("FIELD_KEYS", lambda: Fernet.generate_key().decode()),
        example=FERNET,
    )
    address_key: str = setting(
        "ADDRESS_KEY",
        "Hashes the addresses that must be remembered after erasure; never rotates.",
        defaults.one_secret,
        default=defaults.secret("ADDRESS_KEY", defaults.random_key),
        example=RANDOM,
    )
    email_url: str = setting(
        "EMAIL_URL",
        "How mail leaves, unless a shop has its own connection.",
        values.address(
            *values.MAIL_SCHEMES,
            expected="outbox://, smtp://, smtps:// (TLS at once), smtp+starttls:// or a provider's",
        ),
        default="outbox://",
        example="smtp+starttls://user:password@smtp.example.com:587 or postmark://TOKEN@",
    )
    demo: bool = setting(
        "DEMO",
        "Whether the first start makes a living demo shop.",
        values.switch(),
        default=defaults.unless_production,
        example="1",
    )
    max_delivery_bytes: int = setting(
        "MAX_DELIVERY_BYTES",
        "The largest webhook body that is taken in.",
        values.number(least=65536, most=104857600),
        default="8388608",
    )
    trusted_proxies: int = setting(
        "TRUSTED_PROXIES",
        "How many proxies of ours stand before the web.",
        values.number(least=0, most=9),
        default="0",
    )
    log_level: str = setting(
        "LOG_LEVEL",
        "From which weight on a line is logged.",
        values.choice("DEBUG", "INFO", "WARNING", "ERROR"),
        default="INFO",
    )
    web_workers: int = setting("WEB_WORKERS", "Web processes.", values.number(least=1, most=64), default="1")
    worker_threads: int = setting(
        "WORKER_THREADS",
        "Threads of one worker process; fewer than 12 lets slow shops and mail servers hold up other queues.",
        values.number(least=1, most=64),
        default="12",
    )
    allow_loopback_shops: bool = setting(
        "ALLOW_LOOPBACK_SHOPS",
        "Whether a shop may live on this very machine, as in the demo and in tests.",
        values.switch(),
        default=defaults.unless_production,
        example="0",
    )
    prepared_statements: bool = setting(
        "PREPARED_STATEMENTS",
        "Off behind a pooler in transaction mode, such as pgbouncer.",
        values.switch(),
        default="on",
    )
    database_url: str = setting(
        "DATABASE_URL",
        "PostgreSQL 15 or later; outside production one is started when none is given.",
        values.address("postgres", "postgresql", expected="postgresql://user:password@host/name"),
        default=defaults.database,
        example="postgresql://mandje:PASSWORD@127.0.0.1:5432/mandje",
    )
    redis_url: str = setting(
        "REDIS_URL",
        "Redis for wake-ups; outside production one is started when none is given.",
        values.address(*("redis", "rediss", "filesystem"), expected="redis://:password@host:port/number"),
        default=defaults.redis,
        example="redis://:PASSWORD@127.0.0.1:6379/0",
    )

    @property
    def folder(self) -> Path:
        return Path(self.home)

    @property
    def production(self) -> bool:
        return self.environment == "production"


def read(given: Mapping[str, str]) -> Env:
    """The settings this environment gives; raises SettingsError at the first bad one."""
    reading = Reading(given=given, texts={})
    return Env(**{one.name: value(described(one), reading) for one in fields(Env)})


@cache
def load() -> Env:
    """The settings of this process; a bad one ends it with an explanation."""
    try:
        return read(os.environ)
    except (SettingsError, GroundError) as error:
        raise SystemExit(f"\n{error}\n") from None


def _describe() -> None:
    for one in map(described, fields(Env)):
        sys.stdout.write(f"{one.name}\n  {one.about}\n  e.g. {one.example}\n")


if __name__ == "__main__":
    _describe()
