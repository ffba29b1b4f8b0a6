"""What has to be in the database before the first page: tables and an owner.

A process of its own (`python -m config.ground.prepare`), so that the supervisor stays small.
Its last line says `link=` and an address that logs the owner in.
"""

from __future__ import annotations

import os
import secrets
import sys
from typing import TYPE_CHECKING

import django
from django.contrib.auth import get_user_model
from django.core.management import call_command

from config.env import load
from config.ground.welcome import LINK

if TYPE_CHECKING:
    from apps.accounts.models import User

OWNER = "eigenaar"


def main() -> None:
    """Migrates, makes the owner once, and prints the link; the demo shop makes itself when it opens."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    django.setup()
    call_command("migrate", interactive=False, verbosity=0)
    owner = _owner()
    if not load().production:
        from config.login import link_for  # noqa: PLC0415 -- needs the apps

        _say(LINK + link_for(owner, load().public_url))


def _owner() -> User:
    people = get_user_model().objects
    known = people.filter(is_superuser=True, is_active=True).order_by("pk").first()
    if known is not None:
        return known
    password = secrets.token_urlsafe(12)
    owner = people.create_superuser(OWNER, email=f"{OWNER}@mandje.example", password=password)
    _say(f"Eigenaar / owner: {OWNER}   wachtwoord / password: {password}")
    _say("(één keer getoond / shown once: bewaar het, keep it)")
    return owner


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
