"""What a setting is when nobody says: nothing in production, something that works elsewhere."""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from config import values
from config.ground import instance, locks
from config.ground.keeping import write_private
from config.reading import Default, Reading

ROOT: Final = Path(__file__).resolve().parents[1]


def home(reading: Reading) -> str:
    """The data folder of this checkout; tests have their own."""
    return str(ROOT / ".mandje" / ("test" if reading.texts["MANDJE_ENV"] == "test" else ""))


def database(reading: Reading) -> str | None:
    """An embedded database, except in production."""
    return None if reading.production else instance.ensure(reading.home).database_url


def redis(reading: Reading) -> str | None:
    """An embedded Redis, except in production."""
    return None if reading.production else instance.ensure(reading.home).redis_url


def public_url(reading: Reading) -> str | None:
    """This machine, except in production."""
    return None if reading.production else f"http://localhost:{reading.texts['PORT']}"


def hosts(reading: Reading) -> str:
    """The public host; elsewhere this machine too."""
    host = urlsplit(reading.texts["PUBLIC_URL"]).hostname or ""
    return host if reading.production else f"{host},localhost,127.0.0.1,testserver"


def secret(name: str, make: Callable[[], str]) -> Default:
    """Outside production a missing key is made once and kept in the data folder."""

    def find(reading: Reading) -> str | None:
        return None if reading.production else _kept(reading.home / "secrets.json", name, make)

    return find


def _kept(path: Path, name: str, make: Callable[[], str]) -> str:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with locks.alone(path.with_suffix(".lock")):
        known: dict[str, str] = json.loads(path.read_text()) if path.exists() else {}
        if name not in known:
            known[name] = make()
            write_private(path, json.dumps(known, indent=1))
        return known[name]


def random_key() -> str:
    """A text nobody guesses."""
    return secrets.token_urlsafe(48)


def one_secret(reading: Reading) -> values.Form:
    """Lenient where only this machine is at stake."""
    return values.secret(strict=reading.production)


def secret_ring(reading: Reading) -> values.Form:
    """As one secret, for a ring of them."""
    return values.secrets(strict=reading.production)


def unless_production(reading: Reading) -> str:
    """On, but never by accident in production."""
    return "0" if reading.production else "1"
