"""`make run` starts everything, and leaves nothing behind."""

from __future__ import annotations

import http.client
import os
import re
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from config.defaults import ROOT
from config.ground import processes
from tests.ground.living import alive_in, names_in, until

pytestmark = pytest.mark.ground


class Engine:
    """A running engine in a home of its own."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.port = processes.free_port()
        self.log = home.parent / "said.txt"
        given = {"MANDJE_ENV": "development", "MANDJE_HOME": str(home), "DEMO": "0"}
        kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
        with open(self.log, "ab") as said:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "config.ground.run"],
                cwd=ROOT,
                env={**kept, **given, "PORT": str(self.port)},
                stdout=said,
                stderr=said,
                start_new_session=True,
            )

    def said(self) -> str:
        return self.log.read_text()

    def is_up(self) -> bool:
        return "is running" in self.said()


@pytest.fixture
def engine(tmp_path):
    home = tmp_path / "mijn winkel" / ".mandje"
    home.parent.mkdir()
    running = Engine(home)
    assert until(running.is_up, seconds=60), running.said()
    yield running
    running.process.kill()
    running.process.wait()
    assert until(lambda: not alive_in(home), seconds=120), names_in(home)


@pytest.mark.parametrize("sign", [signal.SIGINT, signal.SIGTERM])
def test_it_stops_whole_when_asked(engine, sign):
    engine.process.send_signal(sign)

    assert engine.process.wait(timeout=60) == 0
    assert until(lambda: not alive_in(engine.home), seconds=30), names_in(engine.home)


def test_the_printed_link_logs_in(engine):
    link = re.search(r"http://localhost:\d+(/inloggen/\S+)", engine.said())[1]
    line = http.client.HTTPConnection("127.0.0.1", engine.port, timeout=10)
    line.request("GET", link, headers={"Host": "localhost"})
    answer = line.getresponse()
    line.close()

    assert answer.status == 302
    assert answer.headers["Location"] == "/admin/"
    assert any("sessionid" in one for one in answer.headers.get_all("Set-Cookie"))


def test_a_killed_supervisor_leaves_no_orphan(engine):
    engine.process.kill()
    engine.process.wait()

    assert until(lambda: not alive_in(engine.home), seconds=40)


def test_a_killed_child_is_started_again(engine):
    children = children_of(engine.process.pid)
    web = next(pid for pid in children if "granian" in command(pid))

    os.kill(web, signal.SIGKILL)

    assert until(lambda: "ended (-9)" in engine.said())
    assert until(lambda: listens(engine.port))


def children_of(pid: int) -> list[int]:
    asked = ["pgrep", "-P", str(pid)]
    return [int(one) for one in subprocess.check_output(asked, text=True).split()]


def command(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace")
    except OSError:
        return ""


def listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def test_a_taken_port_is_said_before_anything_starts(tmp_path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        started = subprocess.run(
            [sys.executable, "-m", "config.ground.run"],
            cwd=ROOT,
            env={**os.environ, "MANDJE_ENV": "development", "MANDJE_HOME": str(tmp_path / "h"),
                 "PORT": str(port)},
            capture_output=True,
            text=True,
            check=False,
        )  # fmt: skip

    assert started.returncode == 1
    assert f"127.0.0.1:{port} cannot be used" in started.stderr
    assert f"PORT={port + 1} make run" in started.stderr
    assert until(lambda: not alive_in(tmp_path / "h"))
