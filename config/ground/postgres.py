"""PostgreSQL from a wheel: no service, no user added, loopback and a password only."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

from config.ground import keeping, processes, seat
from config.ground.keeping import GroundError

NAME = "postgres"
DATABASE = "mandje"
START_SECONDS = 60
STOP_SECONDS = 30
# No ICU in the wheel, and no locale of the machine: text sorts the same everywhere.
INITDB = (
    "--auth=scram-sha-256",
    "--encoding=UTF8",
    "--locale-provider=builtin",
    "--builtin-locale=C.UTF-8",
    "--locale=C",
    "--no-instructions",
)
# Small enough to share 512 MB with the whole engine; durable as a real one.
SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "max_connections": "60",
    "shared_buffers": "64MB",
    "work_mem": "8MB",
    "maintenance_work_mem": "64MB",
    "max_wal_size": "512MB",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "max_worker_processes": "4",
    "max_logical_replication_workers": "0",
    "max_parallel_workers_per_gather": "1",
    "io_method": "sync",
    "jit": "off",
    "synchronous_commit": "on",
    "password_encryption": "scram-sha-256",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_min_messages": "warning",
    # A statement in the log may carry an address.
    "log_min_error_statement": "panic",
}


ENVIRONMENT = {"LC_ALL": "C", "PATH": os.environ.get("PATH", os.defpath)}


@dataclass(slots=True)
class Postgres:
    """One database server in one home."""

    home: Path
    port: int = 0
    pid: int = 0

    @property
    def url(self) -> str:
        secret = keeping.password(self.home, NAME)
        return f"postgresql://{DATABASE}:{secret}@127.0.0.1:{self.port}/{DATABASE}"

    def start(self) -> None:
        """Starts the server, or takes over the one that outlived its keeper."""
        place = seat.find(self.home)
        if self._adopt(place):
            return
        if not place.data.exists():
            self._create(place)
        self.port = keeping.port(self.home, NAME)
        self._launch(place)

    def stop(self) -> None:
        """Ends open sessions and closes the files cleanly."""
        if self.pid:
            processes.end(self.pid, signal.SIGINT, patience=STOP_SECONDS)

    def _adopt(self, place: seat.Seat) -> bool:
        lines = _pid_file(place)
        if len(lines) < 8 or not processes.is_alive(int(lines[0])):
            return False
        if not _is_postmaster(int(lines[0]), place.data):
            # After a reboot the number is somebody else's, and PostgreSQL would not dare.
            (place.data / "postmaster.pid").unlink()
            return False
        self.pid, self.port = int(lines[0]), int(lines[3])
        self._until_ready(place)
        return True

    def _create(self, place: seat.Seat) -> None:
        """Makes the cluster and its database under another name, and shows them whole."""
        draft, secret = place.data.with_suffix(".draft"), place.data.with_suffix(".secret")
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir(mode=0o700)
        keeping.write_private(secret, keeping.password(self.home, NAME))
        for path in (draft, secret):
            os.chown(path, place.run_as.get("user", -1), place.run_as.get("group", -1))
        options = ("-D", str(draft), "-U", DATABASE, f"--pwfile={secret}")
        self._run(place, "initdb", *options, *INITDB)
        secret.unlink()
        made = f"CREATE DATABASE {DATABASE};\n"
        self._run(place, "postgres", "--single", "-D", str(draft), "postgres", typed=made)
        draft.rename(place.data)

    def _run(self, place: seat.Seat, *words: str, typed: str = "") -> None:
        ran = subprocess.run(
            _command(place, *words),
            input=typed,
            capture_output=True,
            text=True,
            cwd="/",
            env=ENVIRONMENT,
            check=False,
            **place.run_as,
        )
        if ran.returncode:
            raise GroundError(f"{words[0]} of the embedded PostgreSQL failed:\n{ran.stderr}")

    def _launch(self, place: seat.Seat) -> None:
        settings = [f"-c{name}={value}" for name, value in SETTINGS.items()]
        log = keeping.log_file(self.home, NAME)
        server = subprocess.Popen(
            [*_command(place, "postgres", "-D", str(place.data), f"-cport={self.port}"), *settings],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            cwd="/",
            env=ENVIRONMENT,
            start_new_session=True,
            **place.run_as,
        )
        os.close(log)
        self.pid = server.pid
        self._until_ready(place)

    def _until_ready(self, place: seat.Seat) -> None:
        """PostgreSQL writes its state on the eighth line of its pid file."""
        until = time.monotonic() + START_SECONDS
        while time.monotonic() < until and processes.is_alive(self.pid):
            lines = _pid_file(place)
            if len(lines) >= 8 and lines[0] == str(self.pid) and lines[7].strip() == "ready":
                return
            time.sleep(processes.POLL_SECONDS)
        said = keeping.last_lines(self.home, NAME)
        raise GroundError(f"The embedded PostgreSQL did not start. Its last words:\n{said}")


def _command(place: seat.Seat, program: str, *words: str) -> list[str]:
    return [*place.prefix, str(place.binaries / program), *words]


def _pid_file(place: seat.Seat) -> list[str]:
    with contextlib.suppress(OSError):
        return (place.data / "postmaster.pid").read_text().splitlines()
    return []


def _is_postmaster(pid: int, data: Path) -> bool:
    """Whether this process is the server of this folder, which it makes its own."""
    if Path("/proc/self").exists():
        with contextlib.suppress(OSError):
            return Path(f"/proc/{pid}/cwd").resolve() == data.resolve()
        return False
    asked = ["ps", "-p", str(pid), "-o", "command="]
    said = subprocess.run(asked, capture_output=True, text=True, check=False)
    return str(data) in said.stdout
