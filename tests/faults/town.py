"""An engine of its own in a temporary folder: database, Redis, web, workers and beats as real processes."""

from __future__ import annotations

import contextlib
import json
import os
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg

from config.defaults import ROOT
from config.ground import instance, processes, seat
from config.ground.crew import read_procfile
from tests.faults.shopper import Shop

# Who committed first is asked of PostgreSQL itself: the moment of the commit that wrote each line.
JOURNAL = """
BEGIN;
CREATE TABLE fault_journal (what text, message_id bigint, email text);
CREATE FUNCTION fault_sending() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    INSERT INTO fault_journal SELECT 'sending', NEW.id, email_key FROM customers_customer WHERE id = NEW.customer_id;
    RETURN NULL; END $$;
CREATE FUNCTION fault_order() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    INSERT INTO fault_journal VALUES ('order', NULL, NEW.email_key);
    RETURN NULL; END $$;
CREATE TRIGGER fault_sending AFTER UPDATE ON mail_message FOR EACH ROW
    WHEN (NEW.status = 'sending' AND OLD.status <> 'sending') EXECUTE FUNCTION fault_sending();
CREATE TRIGGER fault_order AFTER INSERT ON orders_order FOR EACH ROW
    WHEN (NEW.silences) EXECUTE FUNCTION fault_order();
COMMIT;
"""
COMMIT_TIMES = """
ALTER SYSTEM SET track_commit_timestamp = on;
"""
HOLDERS = """
SELECT l.objid::bigint::text FROM pg_locks l JOIN pg_stat_activity a USING (pid)
WHERE l.locktype = 'advisory' AND l.classid = 4711 AND a.application_name = %s
"""


@dataclass(slots=True)
class Town:
    """One engine under test."""

    folder: Path
    running: dict[str, int] = field(default_factory=dict)
    base: str = ""
    _control: Any = None
    _yard: Any = None
    _home: Path = Path()
    _environment: dict[str, str] = field(default_factory=dict)

    # --- Opening and closing ----------------------------------------------------------------
    def open(self) -> None:
        """Everything but workers and beats."""
        self._home = self.folder / "home"
        smtp, control = self._start_ledger()
        port = processes.free_port()
        self.base = f"http://127.0.0.1:{port}"
        self._environment = _environment(self._home, port=port, smtp=smtp)
        self._control = socket.create_connection(("127.0.0.1", control)).makefile("rw")
        # We too are a user of the ground: it stays while everybody else is killed.
        instance.ensure(self._home)
        with self.database() as database:
            database.execute(COMMIT_TIMES)
        self.restart_postgres(signal.SIGINT)
        self._yard = self._talking("yard", "tests.faults.yard")
        assert json.loads(self._yard.stdout.readline()) == {"ready": True}
        with self.database() as database:
            database.execute(JOURNAL)
        self.start("web")
        assert until(lambda: _answers(port), seconds=30), "the web does not answer"

    def close(self) -> None:
        """End what we started, by its id; the ground follows."""
        for name in list(self.running):
            self.kill(name)
        if self._yard is not None:
            self._yard.kill()
            self._yard.communicate()
        instance.leave(self._home)
        until(lambda: not instance.is_running(self._home), seconds=45)

    def _start_ledger(self) -> tuple[int, int]:
        ledger = self._talking("ledger", "tests.faults.ledger", str(self.folder))
        self.running["ledger"] = ledger.pid
        smtp, control = json.loads(ledger.stdout.readline())
        return smtp, control

    def _talking(self, name: str, module: str, *words: str) -> Any:
        return subprocess.Popen(
            [*_tied(), sys.executable, "-m", module, *words],
            cwd=ROOT,
            env=self._environment or _plain(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log(name),
            start_new_session=True,
        )

    def _log(self, name: str) -> int:
        return os.open(self.folder / f"{name}.log", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)

    def shop(self, *, wait: str = "1s") -> Shop:
        """A new shop with its flow on."""
        return Shop(**self._ask_yard({"wait": wait}), base=self.base)

    def _ask_yard(self, what: dict[str, Any]) -> dict[str, Any]:
        self._yard.stdin.write(json.dumps(what).encode() + b"\n")
        self._yard.stdin.flush()
        answer: dict[str, Any] = json.loads(self._yard.stdout.readline())
        return answer

    def behave(self, odds: dict[str, float] | None = None, *, delay: float = 0.0, seed: int = 1) -> None:
        """How the mail server treats mail from now on."""
        self._tell(odds=odds or {}, delay=delay, seed=seed)

    def held(self) -> int:
        """How many mails the server holds in its hands."""
        return int(self._tell()["held"])

    def _tell(self, **what: object) -> dict[str, Any]:
        self._control.write(json.dumps(what) + "\n")
        self._control.flush()
        answer: dict[str, Any] = json.loads(self._control.readline())
        return answer

    # --- Processes --------------------------------------------------------------------------
    def start(self, name: str, *words: str, **environment: str) -> int:
        """Start a program of the Procfile ('worker-2' is a second worker); returns its process id."""
        line = _line(name)
        process = subprocess.Popen(
            [*_tied(), "/bin/sh", "-c", f"exec {line} {' '.join(words)}"],
            cwd=ROOT,
            env=self._environment | environment,
            stdin=subprocess.DEVNULL,
            stdout=self._log(name),
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        self.running[name] = process.pid
        return process.pid

    def fork(self, name: str, *words: str, **environment: str) -> int:
        """The same for a worker or a beat, sooner: a fork of a process that has imported everything."""
        words = (*shlex.split(_line(name))[1:], *words)
        log = str(self.folder / f"{name}.log")
        self.running[name] = self._ask_yard({"words": words, "log": log, "environment": environment})["pid"]
        return self.running[name]

    def crew(self, *, workers: int = 2, beats: int = 2) -> None:
        """Start those that do not run yet."""
        wanted = [f"worker-{one}" for one in range(1, workers + 1)]
        wanted += [f"beat-{one}" for one in range(1, beats + 1)]
        for name in wanted:
            if name not in self.running:
                self.fork(name)

    def kill(self, name: str, *, whole: bool = True) -> None:
        """kill -9, with its children unless only its own process is meant."""
        pid = self.running.pop(name)
        with contextlib.suppress(ProcessLookupError):
            (os.killpg if whole else os.kill)(pid, signal.SIGKILL)
        assert until(lambda: _has_ended(pid), seconds=10)

    def rest(self) -> None:
        """No worker and no beat."""
        for name in [one for one in self.running if one.startswith(("worker", "beat"))]:
            self.kill(name)

    def ask_to_stop(self, name: str, *, patience: float = 10.0) -> float:
        """SIGTERM; returns how long it took. Fails when it did not go in time."""
        begun = time.monotonic()
        os.kill(self.running[name], signal.SIGTERM)
        assert self.ended(name, seconds=patience), f"{name} did not stop within {patience} s"
        return time.monotonic() - begun

    def ended(self, name: str, *, seconds: float = 60) -> bool:
        """Whether this process ends by itself, as at a crash point."""
        if until(lambda: _has_ended(self.running[name]), seconds=seconds):
            del self.running[name]
            return True
        return False

    def is_stopped(self, pid: int) -> bool:
        """Whether the process stands still."""
        with contextlib.suppress(OSError):
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
            return state in {"T", "t"}
        return False

    # --- The ground -------------------------------------------------------------------------
    def restart_postgres(self, sign: signal.Signals) -> None:
        """End the database (SIGINT fast, SIGQUIT at once); its keeper starts it again."""
        pid_file = seat.find(self._home).data / "postmaster.pid"
        old = pid_file.read_text().split()[0]
        os.kill(int(old), sign)
        assert until(lambda: _first_word(pid_file) not in {"", old} and self._database_answers(), seconds=30)

    def _database_answers(self) -> bool:
        with contextlib.suppress(psycopg.Error), self.database():
            return True
        return False

    def redis_port(self) -> int:
        return int((self._home / "redis.port").read_text())

    def redis(self, command: str) -> bytes:
        """Say one thing to Redis."""
        password = (self._home / "redis.password").read_text()
        with socket.create_connection(("127.0.0.1", self.redis_port()), timeout=5) as line:
            line.sendall(f"AUTH {password}\r\n{command}\r\n".encode())
            time.sleep(0.2)
            return line.recv(4096)

    @contextlib.contextmanager
    def without_redis(self) -> Iterator[None]:
        """kill -9, and nobody who starts it again until we are through."""
        keeper = _keeper_of(self._home)
        os.kill(keeper, signal.SIGSTOP)
        try:
            os.kill(int((self._home / "redis.pid").read_text()), signal.SIGKILL)
            assert until(lambda: processes.port_is_free(self.redis_port()), seconds=5)
            yield
        finally:
            os.kill(keeper, signal.SIGCONT)
        assert until(lambda: not processes.port_is_free(self.redis_port()), seconds=30)

    def has_redis(self) -> bool:
        return instance.read(self._home).redis_url.startswith("redis:")

    def database(self) -> psycopg.Connection[tuple[Any, ...]]:
        url = instance.read(self._home).database_url
        return psycopg.connect(url, autocommit=True, connect_timeout=5)

    def rows(self, question: str, *params: object) -> list[tuple[Any, ...]]:
        with self.database() as database:
            return database.execute(question, params).fetchall()

    def run(self, statement: str, *params: object) -> int:
        with self.database() as database:
            return int(database.execute(statement, params).rowcount)

    def holder_of(self, pid: int) -> str:
        """The name under which this worker holds mail, '' before it sent any."""
        found = self.rows(HOLDERS, f"mandje-holder {pid}")
        return str(found[0][0]) if found else ""


def until(true: Callable[[], bool], *, seconds: float, pause: float = 0.05) -> bool:
    """Wait for something other processes bring about."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if true():
            return True
        time.sleep(pause)
    return true()


def _has_ended(pid: int) -> bool:
    """Also when nobody has buried it yet."""
    with contextlib.suppress(ChildProcessError):
        os.waitpid(pid, os.WNOHANG)
    with contextlib.suppress(OSError):
        return (Path("/proc") / str(pid) / "stat").read_text().rpartition(")")[2].split()[0] == "Z"
    return True


def _line(name: str) -> str:
    kind, _, number = name.partition("-")
    line = read_procfile(ROOT / "Procfile")[kind]
    return f"{line} -n w{number}@%h" if kind == "worker" and number else line


def _plain() -> dict[str, str]:
    """Our own surroundings without anybody's servers or settings."""
    ours = {"DATABASE_URL", "REDIS_URL", "EMAIL_URL", "MANDJE_HOME", "MANDJE_CRASH_AT", "PUBLIC_URL"}
    return {name: value for name, value in os.environ.items() if name not in ours}


def _environment(home: Path, *, port: int, smtp: int) -> dict[str, str]:
    programs = str(Path(sys.executable).parent)
    return _plain() | {
        "PATH": f"{programs}{os.pathsep}{os.environ.get('PATH', os.defpath)}",
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "MANDJE_ENV": "test",
        "MANDJE_HOME": str(home),
        "BIND": "127.0.0.1",
        "PORT": str(port),
        "WEB_WORKERS": "1",
        "WORKER_THREADS": "4",
        "EMAIL_URL": f"smtp://127.0.0.1:{smtp}",
        "LOG_LEVEL": "WARNING",
        "DEMO": "0",
        "PYTHONUNBUFFERED": "1",
    }


def _tied() -> list[str]:
    """Where it can be had: a child ends with us, also when we are killed."""
    return ["setpriv", "--pdeathsig", "KILL"] if shutil.which("setpriv") else []


def _answers(port: int) -> bool:
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=2):
        return True
    return False


def _first_word(path: Path) -> str:
    with contextlib.suppress(OSError, IndexError):
        return path.read_text().split()[0]
    return ""


def _keeper_of(home: Path) -> int:
    mark = f"config.ground.keeper\0{home}\0".encode()
    for folder in Path("/proc").iterdir():
        with contextlib.suppress(OSError):
            if folder.name.isdigit() and mark in (folder / "cmdline").read_bytes():
                return int(folder.name)
    raise LookupError("nobody keeps this home")
