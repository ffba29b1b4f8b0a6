"""Pages that show commands with their exact output: read, and run against an engine of our own.

`python -m tests.docs.pages [PAGE…]` runs them against the engine that `make run` started here, and prints what
differs.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import unified_diff
from pathlib import Path

from config.defaults import ROOT

PAGES = (ROOT / "docs" / "try-to-break-it.md", ROOT / "docs" / "probeer-het-stuk.md")
BLOCK = re.compile(
    r"^```console\n\$ (?P<command>[^\n]+)\n(?P<output>.*?)^```\n(?P<after>.*?)(?=^##|\Z)", re.MULTILINE | re.DOTALL
)
LINK = re.compile(r"(?:See|Zie): `(/[^`]*)`")
LONGEST = 180


@dataclass(frozen=True, slots=True)
class Example:
    """One command, what it prints, and the page that shows what happened."""

    command: str
    output: str
    see: str

    @property
    def name(self) -> str:
        return self.command.rpartition("manage.py ")[2].removeprefix("try_it ").split(" --")[0]

    def run(self, environment: Mapping[str, str]) -> str:
        """What it really prints, both streams together, as in a terminal."""
        # A checkout without its own .venv runs on whoever runs the tests.
        command = self.command.replace(".venv/bin/python", sys.executable)
        ran = subprocess.run(
            ["/bin/sh", "-c", command],
            cwd=ROOT,
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=LONGEST,
            check=False,
        )
        return ran.stdout


def examples(page: Path) -> list[Example]:
    """The commands of a page, in its order."""
    return [_example(found) for found in BLOCK.finditer(page.read_text("utf-8"))]


def _example(found: re.Match[str]) -> Example:
    link = LINK.search(found["after"])
    assert link, f"{found['command']}: every try ends at a page that shows what happened"
    return Example(command=found["command"], output=found["output"], see=link[1])


def difference(expected: str, came: str) -> str:
    """Line by line; empty when all is as the page says."""
    return "\n".join(unified_diff(expected.splitlines(), came.splitlines(), "page", "machine", lineterm=""))


def _differences(page: Path) -> Iterator[str]:
    for example in examples(page):
        sys.stdout.write(f"$ {example.command}\n")
        sys.stdout.flush()
        found = difference(example.output, example.run(os.environ))
        if found:
            yield found


def main() -> int:
    """Run the pages here and now; 1 when something differs."""
    pages = [Path(name) for name in sys.argv[1:]] or PAGES[:1]
    found = [one for page in pages for one in _differences(page)]
    sys.stdout.write("\n".join(found) + "\n" if found else "Everything is as the page says.\n")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
