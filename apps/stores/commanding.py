"""What the store commands share: JSON alone on stdout, every error on stderr, exit 1 for all of them."""

from __future__ import annotations

import json
import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from apps.stores.models import Store


class StoreCommand(BaseCommand):
    """A command that scripts read: one JSON value, or nothing and a reason."""

    requires_system_checks: list[str] = []

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> Any:
        parser = super().create_parser(prog_name, subcommand, **kwargs)
        # Django's parser then raises CommandError, where argparse leaves with 2.
        parser.called_from_command_line = False
        return parser

    def run_from_argv(self, argv: list[str]) -> None:
        try:
            super().run_from_argv(argv)
        except CommandError as error:
            # Django catches what a command raises, but not what its flags do.
            self.stderr.write(str(error))
            sys.exit(1)

    def say(self, value: Any) -> None:
        """Print one JSON value."""
        self.stdout.write(json.dumps(value, ensure_ascii=False, indent=None))


def store_of(key: str) -> Store:
    """The store of this key. Raises CommandError naming those there are."""
    found = Store.objects.filter(key=key).first()
    if found is not None:
        return found
    known = [f"{store.key} ({store.name})" for store in Store.objects.all()[:10]]
    raise CommandError(f"there is no store {key[:60]!r}; there are: {', '.join(known) or 'none'}")


def add_settings(parser: ArgumentParser) -> None:
    parser.add_argument(
        "pairs",
        nargs="*",
        metavar="name=value",
        help="for example quiet=21:00-08:00 sunday=off caps=1/16h,3/7d",
    )
