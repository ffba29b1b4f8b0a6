"""A flow from a file."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction

from apps.core import clock
from apps.core.problems import DefinitionRefused
from apps.flows import publishing, yaml_io
from apps.flows.definition import Definition
from apps.flows.models import Flow
from apps.flows.presets import install_missing_templates
from apps.stores.models import Store

STDIN = "-"


class Command(BaseCommand):
    help = (
        "Make or change a flow's draft from a YAML file. Everything that is wrong is named at once, as"
        " file:line: field: message, and then nothing is changed."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("store_key")
        parser.add_argument("file", help="the file to read, - for standard input")
        parser.add_argument("--publish", action="store_true", help="let newcomers follow it")
        parser.add_argument("--live", action="store_true", help="publish it and switch the flow on")
        parser.add_argument(
            "--inside",
            type=publishing.Inside,
            choices=list(publishing.Inside),
            default=publishing.Inside.FINISH,
            help="what the people inside do when it is published",
        )

    def handle(self, *args: Any, store_key: str, file: str, **options: Any) -> None:
        store = Store.objects.filter(key=store_key).first()
        if store is None:
            raise CommandError(f"there is no store '{store_key}'")
        text = _read(file)
        try:
            with transaction.atomic():
                flow = _import(store, text, **_chosen(options))
        except DefinitionRefused as refused:
            self._refuse(file, refused, text)
        self.stdout.write(json.dumps(_about(flow)))

    def _refuse(self, file: str, refused: DefinitionRefused, text: bytes) -> None:
        name = "<stdin>" if file == STDIN else file
        for problem in _with_lines(refused, text):
            self.stderr.write(f"{name}:{problem.line}: {problem.field}: {problem.message}")
        sys.exit(1)


def _chosen(options: dict[str, Any]) -> dict[str, Any]:
    return {name: options[name] for name in ("publish", "live", "inside")}


def _read(file: str) -> bytes:
    """At most one byte more than a flow may have: the rest needs no reading to be refused."""
    most = yaml_io.LARGEST + 1
    if file == STDIN:
        return sys.stdin.buffer.read(most)
    try:
        with Path(file).open("rb") as opened:
            return opened.read(most)
    except OSError as error:
        raise CommandError(f"{file} cannot be read: {error.strerror}") from None


def _import(store: Store, text: bytes, *, publish: bool, live: bool, inside: publishing.Inside) -> Flow:
    plan: Definition = yaml_io.load(text)
    install_missing_templates(store, plan)
    at = clock.now()
    flow = publishing.save_draft(store.pk, plan)
    publishing.check(flow)
    if publish or live:
        publishing.publish(flow, at, inside)
    if live:
        publishing.go_live(flow, at)
    return flow


def _with_lines(refused: DefinitionRefused, text: bytes) -> list[Any]:
    """Problems found after reading (a template that is missing) have a place, and so a line."""
    if all(problem.line for problem in refused.problems):
        return list(refused.problems)
    _, lines, _ = yaml_io.parse(text)
    return yaml_io.placed(refused.problems, lines)


def _about(flow: Flow) -> dict[str, Any]:
    return {
        "flow": flow.slug,
        "version": flow.version.number if flow.version else None,
        "live": flow.live,
        "inside": publishing.people_inside(flow),
    }
