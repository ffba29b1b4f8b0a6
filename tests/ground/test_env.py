"""A wrong setting is explained: its name, what was expected, what came, an example."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
from cryptography.fernet import Fernet

from config.defaults import ROOT
from config.env import read
from config.reading import SettingsError

STRONG = "q8Zr2kT5vX9mB4nL7pW3sD6fG1hJ0cYaE-uRiO_tPxK"
PRODUCTION = {
    "MANDJE_ENV": "production",
    "MANDJE_HOME": "/nonexistent",
    "PUBLIC_URL": "https://mail.winkel.nl",
    "DATABASE_URL": "postgresql://mandje:pw@db/mandje",
    "REDIS_URL": "redis://:pw@broker:6379/0",
    "SECRET_KEY": STRONG,
    "LINK_KEYS": f"{STRONG}1,{STRONG}2",
    "FIELD_KEYS": Fernet.generate_key().decode(),
    "ADDRESS_KEY": STRONG,
}


def test_production_reads_what_it_is_given():
    env = read(PRODUCTION)

    assert env.production
    assert env.link_keys == (f"{STRONG}1", f"{STRONG}2")
    assert env.allowed_hosts == ("mail.winkel.nl",)
    assert env.max_delivery_bytes == 8388608
    assert not env.demo
    assert not env.allow_loopback_shops


@pytest.mark.parametrize(
    "name",
    ["PUBLIC_URL", "DATABASE_URL", "REDIS_URL", "SECRET_KEY", "LINK_KEYS", "FIELD_KEYS"],
)
def test_production_does_not_start_without(name):
    with pytest.raises(SettingsError) as refused:
        read({key: value for key, value in PRODUCTION.items() if key != name})

    said = str(refused.value)
    assert said.startswith(f"{name}: ")
    assert "expected: " in said
    assert "came:     nothing" in said
    assert f"example:  {name}=" in said


@pytest.mark.parametrize(
    ("name", "nonsense", "expected"),
    [
        ("PORT", "eighty", "a whole number from 1 to 65535"),
        ("PORT", "70000", "a whole number from 1 to 65535"),
        ("DEMO", "maybe", "1 or 0"),
        ("PUBLIC_URL", "mail.winkel.nl", "http(s)://host"),
        ("PUBLIC_URL", "https://mail.winkel.nl/path", "without a path"),
        ("DATABASE_URL", "mysql://root@db/x", "postgresql://"),
        ("DATABASE_URL", "postgresql://db:port/x", "postgresql://"),
        ("EMAIL_URL", "pigeon://loft", "smtp://"),
        ("LOG_LEVEL", "loud", "one of DEBUG"),
        ("FIELD_KEYS", "short", "Fernet keys"),
        ("LINK_KEYS", " , ", "newest first"),
        ("MANDJE_ENV", "prod", "one of development, production, test"),
    ],
)
def test_nonsense_is_refused_with_what_was_expected(name, nonsense, expected):
    with pytest.raises(SettingsError) as refused:
        read(PRODUCTION | {name: nonsense})

    assert str(refused.value).startswith(f"{name}: ")
    assert expected in str(refused.value)
    assert "example: " in str(refused.value)


@pytest.mark.parametrize(
    "known", ["short", "django-insecure-0123456789abcdefghijklmnopqrstuv", "a" * 60, "changeme" * 6]
)
@pytest.mark.parametrize("name", ["SECRET_KEY", "LINK_KEYS", "ADDRESS_KEY"])
def test_production_refuses_a_secret_everybody_knows(name, known):
    with pytest.raises(SettingsError) as refused:
        read(PRODUCTION | {name: known})

    assert str(refused.value).startswith(f"{name}: ")
    assert known not in str(refused.value)


def test_a_password_is_never_repeated():
    with pytest.raises(SettingsError) as refused:
        read(PRODUCTION | {"EMAIL_URL": "pigeon://ada:hunter2@loft"})

    assert "hunter2" not in str(refused.value)


@pytest.mark.parametrize(
    "url",
    [
        "outbox://",
        "smtp://127.0.0.1:25",
        "smtps://ada:pw@mail:465",
        "smtp+starttls://ada:pw@mail:587",
        "postmark://TOKEN@",
        "amazon-ses://KEY:SECRET@eu-west-1",
    ],
)
def test_ways_for_mail_to_leave(url):
    assert read(PRODUCTION | {"EMAIL_URL": url}).email_url == url


def test_development_makes_its_keys_once(tmp_path):
    given = PRODUCTION | {"MANDJE_ENV": "development", "MANDJE_HOME": str(tmp_path)}
    for name in ("SECRET_KEY", "LINK_KEYS", "FIELD_KEYS", "ADDRESS_KEY"):
        del given[name]

    first, second = read(given), read(given)

    assert first == second
    assert (tmp_path / "secrets.json").stat().st_mode & 0o777 == 0o600
    assert json.loads((tmp_path / "secrets.json").read_text())["SECRET_KEY"] == first.secret_key


def test_a_start_with_nonsense_stops_without_a_traceback():
    started = subprocess.run(
        [sys.executable, "manage.py", "check"],
        cwd=ROOT,
        env={"MANDJE_ENV": "production", "PORT": "x", "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
    )

    assert started.returncode == 1
    assert "PORT: Where the web listens." in started.stderr
    assert "Traceback" not in started.stderr
