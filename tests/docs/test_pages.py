"""What the pages say of the code is so."""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path

import pytest
import yaml

from config.celery import BEAT
from config.defaults import ROOT
from config.env import Env
from config.ground.crew import read_procfile
from config.reading import described

DOCS = ROOT / "docs"
DEPLOY = DOCS / "deploy"
PAGES = [ROOT / "README.md", *sorted(DOCS.rglob("*.md"))]
LINK = re.compile(r"\]\((?!https?:)([^)#]+)(?:#[^)]*)?\)")
APPS = "accounts|carts|consent|core|customers|dashboard|events|flows|ingestion|mail|orders|stores|tracking"
FILE = re.compile(rf"`((?:apps|config|docs|fixtures|templates|tests|{APPS})/[\w./-]+\.\w+)`")
ROW = re.compile(r"^\| `([a-z-]+)` \| (\d+) (s|h) \| [^|]+ \| [^|]+ \|$", re.MULTILINE)
SECONDS = {"s": 1, "h": 3600}
FLAGS = re.compile(r"\"?\$\{?(\w+)(?::-\d+)?\}?\\?\"?")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_leads_somewhere(page: Path) -> None:
    assert [link for link in LINK.findall(page.read_text("utf-8")) if not (page.parent / link).exists()] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_file_that_is_named_is_there(page: Path) -> None:
    named = FILE.findall(page.read_text("utf-8"))

    assert [name for name in named if not any((root / name).exists() for root in (ROOT, ROOT / "apps"))] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_no_page_names_our_own_machine(page: Path) -> None:
    assert re.findall(r"/work/\S*|/root/\S*|/tmp/\S*", page.read_text("utf-8")) == []


def test_the_readme_knows_every_beat_entry() -> None:
    rows = ROW.findall((ROOT / "README.md").read_text("utf-8"))

    assert {name: int(count) * SECONDS[unit] for name, count, unit in rows} == {
        name: seconds for name, (_, seconds) in BEAT.items()
    }


def test_the_page_of_flows_shows_the_shipped_preset() -> None:
    shown = re.findall(r"```yaml\n(.*?)```", (DOCS / "flows.md").read_text("utf-8"), re.DOTALL)

    assert shown[0] == (ROOT / "apps/flows/presets/abandoned-checkout.yaml").read_text("utf-8")


def test_the_page_of_operations_knows_every_rule_of_retention() -> None:
    from apps.core import retention

    text = (DOCS / "operations.md").read_text("utf-8")
    kept = {rule.keep for rule in retention.rules() if rule.keep != "0"}

    assert [keep for keep in kept if keep not in text] == []


def test_the_example_of_an_environment_names_only_what_is_read() -> None:
    lines = [line for line in (DEPLOY / "env.example").read_text().splitlines() if line and not line.startswith("#")]
    named = {line.partition("=")[0] for line in lines}
    read = {described(one).name for one in fields(Env)}

    assert named - read == set()
    assert {"DATABASE_URL", "REDIS_URL", "PUBLIC_URL", "SECRET_KEY", "LINK_KEYS", "FIELD_KEYS", "ADDRESS_KEY"} <= named


@pytest.mark.parametrize("program", ["web", "worker", "beat"])
def test_the_examples_start_what_the_procfile_starts(program: str) -> None:
    wanted = _flags(read_procfile(ROOT / "Procfile")[program])
    unit = DEPLOY / "systemd" / f"mandje-{program}{'@' if program == 'worker' else ''}.service"
    started = re.findall(r"^ExecStart=/opt/mandje/\.venv/bin/(.*)$", unit.read_text(), re.MULTILINE)[0]

    assert _flags(started) == wanted
    assert _flags(_in_containers(program)) == wanted


def _in_containers(program: str) -> str:
    service = yaml.safe_load((DEPLOY / "compose.yaml").read_text())["services"][program]
    if "command" in service:
        return str(service["command"])
    command = re.findall(r'^CMD \["sh", "-c", "exec (.*)"\]$', (DEPLOY / "Dockerfile").read_text(), re.MULTILINE)
    return str(command[0])


def _flags(line: str) -> set[str]:
    """The words of a command, whichever way its variables are written; a worker's own name is its own."""
    plain = re.sub(r"-n \S+", "", FLAGS.sub(r"$\1", line.replace("\\", "")))
    return set(plain.split())
