"""`python -m tests.benchmarks [ROW ...] [--full]`: each row in a process and a database of its own."""

from __future__ import annotations

import argparse
import importlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from config.ground import instance
from tests.benchmarks import machine, stage, table
from tests.benchmarks.table import Line

ROWS = (
    "door",
    "recording",
    "fetch",
    "claims",
    "render",
    "sending",
    "silence",
    "segments",
    "idle",
    "advance",
    "waiting",
    "enrol",
    "tick",
    "simulate",
)
LONGEST_SECONDS = 3600


def main() -> int:
    told = _arguments()
    if told.one:
        return _measure(told.one, Path(told.answer), full=told.full)
    # Asked to stop, it still closes what it opened.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    begun, loaded = datetime.now(UTC), machine.words()
    home = Path(tempfile.mkdtemp(prefix="mandje-bench-"))
    try:
        given = stage.open_ground(home)
        lines = [line for row in told.rows or ROWS for line in _row(row, given, home, full=told.full)]
    finally:
        instance.leave(home)
        _until_closed(home)
    print(f"\n{table.table(lines)}\n")
    if not told.rows:
        scale = "full sizes" if told.full else "quick sizes"
        table.write(lines, machine=loaded, day=f"{begun:%d %B %Y}", scale=scale)
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make bench ARGS=...", description="Each row beside its peer.")
    parser.add_argument("rows", nargs="*", choices=[*ROWS, []], metavar="ROW", help=", ".join(ROWS))
    parser.add_argument("--full", action="store_true", help="the full sizes: millions of rows, more rounds")
    parser.add_argument("--one", choices=ROWS, help=argparse.SUPPRESS)
    parser.add_argument("--answer", help=argparse.SUPPRESS)
    return parser.parse_args()


def _row(row: str, given: Mapping[str, str], home: Path, *, full: bool) -> list[Line]:
    """Measure one row; what went wrong is a line too, and the others go on."""
    print(f"{row} ...", flush=True)
    url = stage.made(given["DATABASE_URL"], of=stage.EMPTY, name=f"bench_{row}")
    answer = home / f"{row}.json"
    words = [sys.executable, "-m", "tests.benchmarks", "--one", row, "--answer", str(answer)]
    try:
        ran = subprocess.run(
            [*words, *(["--full"] if full else [])],
            cwd=stage.ROOT,
            env={**given, "DATABASE_URL": url},
            timeout=LONGEST_SECONDS,
            check=False,
        )
    finally:
        stage.drop(url)
    if ran.returncode or not answer.exists():
        return [Line(path=row, peer="", measured=f"failed with {ran.returncode}", bar="", met=False)]
    lines = msgspec.json.decode(answer.read_bytes(), type=list[Line])
    for line in lines:
        print(f"  {line.measured} (bar {line.bar}): {line.verdict}", *line.details, sep="\n    ", flush=True)
    return lines


def _measure(row: str, answer: Path, *, full: bool) -> int:
    import django

    django.setup()
    lines = importlib.import_module(f"tests.benchmarks.{row}").measure(stage.Stage.here(full=full))
    answer.write_bytes(msgspec.json.encode(lines))
    return 0


def _until_closed(home: Path) -> None:
    """The servers end with their last user; then nothing of the run is left."""
    for _ in range(300):
        if not instance.is_running(home):
            break
        time.sleep(0.1)
    if os.environ.get("MANDJE_KEEP_BENCH") != "1":
        shutil.rmtree(home, ignore_errors=True)


if __name__ == "__main__":
    raise SystemExit(main())
