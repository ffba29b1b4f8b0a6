"""The whole engine as it runs: the programs of the Procfile, against the database of one row."""

from __future__ import annotations

import http.client
import os
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from config.ground.crew import read_procfile
from tests.benchmarks.stage import ROOT, Stage

UP_SECONDS = 120


@dataclass(frozen=True, slots=True, kw_only=True)
class Stack:
    port: int
    pids: dict[str, int]


@contextmanager
def running(stage: Stage) -> Iterator[Stack]:
    """Web, worker and beat, stopped in reverse order afterwards."""
    port = _free_port()
    given = {**os.environ, "DATABASE_URL": stage.url, "PORT": str(port), "BIND": "127.0.0.1", "WEB_WORKERS": "1"}
    crew: dict[str, subprocess.Popen[bytes]] = {}
    try:
        for name, line in read_procfile(ROOT / "Procfile").items():
            crew[name] = subprocess.Popen(["/bin/sh", "-c", f"exec {line}"], cwd=ROOT, env=given)
        _await(port)
        yield Stack(port=port, pids={name: one.pid for name, one in crew.items()})
    finally:
        for one in reversed(crew.values()):
            one.terminate()
        for one in crew.values():
            _end(one)


def _end(one: subprocess.Popen[bytes]) -> None:
    try:
        one.wait(40)
    except subprocess.TimeoutExpired:
        one.kill()
        one.wait()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _await(port: int) -> None:
    until = time.monotonic() + UP_SECONDS
    while time.monotonic() < until:
        line = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
        try:
            line.request("POST", "/webhooks/woocommerce/nobody/")
            if line.getresponse().status == http.client.NOT_FOUND:
                return
        except OSError:
            time.sleep(0.2)
        finally:
            line.close()
    raise RuntimeError("the web did not come up")
