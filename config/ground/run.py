"""`make run`: the ground, the tables, then the programs of the Procfile until Ctrl-C."""

from __future__ import annotations

import contextlib
import http.client
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from config.env import Env, load
from config.ground import instance, locks
from config.ground.crew import Crew, read_procfile
from config.ground.welcome import LINK, welcome

FOLDER = instance.ROOT
LEAVING_SECONDS = 45
OTHERS_SECONDS = 3
WEB_FIRST_SECONDS = 20
NAME_WIDTH = 6


def main() -> int:
    """Runs everything; returns when it has all been stopped."""
    begun = time.monotonic()
    env = load()
    _refuse_a_taken_port(env)
    stopping = _on_request()
    crew = Crew(FOLDER, _environment(env), _pass_on)
    (name, line), *others = _programs(env)
    # It reads its own files for seconds while the tables are made; nobody has its address yet.
    crew.start(name, line)
    try:
        link = _prepare(env)
        if link is None:
            crew.stop()
            return _leave(env, code=1)
        _serve(crew, env, others=others, link=link, stopping=stopping, begun=begun)
    finally:
        _say("Stopt / stopping ...")
        crew.stop()
    return _leave(env, code=0)


def _serve(
    crew: Crew, env: Env, *, others: list[tuple[str, str]], link: str, stopping: list[int], begun: float
) -> None:
    """The first page first: the others start once it answers, or when it takes too long."""
    greeted, waiting_until = False, begun + WEB_FIRST_SECONDS
    while not stopping:
        crew.listen(1.0 if greeted else 0.05)
        if not greeted and _answers(env):
            greeted = True
            _say(welcome(link, demo=env.demo, seconds=time.monotonic() - begun))
        if others and (greeted or time.monotonic() > waiting_until):
            for name, line in others:
                crew.start(name, line)
            others = []


def _programs(env: Env) -> Iterator[tuple[str, str]]:
    yield from read_procfile(FOLDER / "Procfile").items()
    if env.demo and any(FOLDER.glob("apps/*/management/commands/simulate_shop.py")):
        yield from read_procfile(FOLDER / "Procfile.demo").items()


def _prepare(env: Env) -> str | None:
    """Passes on what the preparation says, and keeps the link; None when it failed."""
    command = [sys.executable, "-m", "config.ground.prepare"]
    link = ""
    with subprocess.Popen(command, cwd=FOLDER, env=_environment(env), stdout=subprocess.PIPE, text=True) as ran:
        for line in ran.stdout or ():
            if line.startswith(LINK):
                link = line.removeprefix(LINK).strip()
            else:
                _say(line.rstrip())
    return None if ran.returncode else link


def _environment(env: Env) -> dict[str, str]:
    programs = str(Path(sys.executable).parent)
    told = {"PORT": env.port, "BIND": env.bind, "WEB_WORKERS": env.web_workers}
    return {
        **os.environ,
        **{name: str(value) for name, value in told.items()},
        "PATH": f"{programs}{os.pathsep}{os.environ.get('PATH', os.defpath)}",
        "PYTHONUNBUFFERED": "1",
        "DJANGO_SETTINGS_MODULE": "config.settings",
    }


def _refuse_a_taken_port(env: Env) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((env.bind, env.port))
        except OSError as error:
            raise SystemExit(
                f"\nPORT: {env.bind}:{env.port} cannot be used ({error.strerror}).\n"
                f"  Stop what listens there, or choose another: PORT={env.port + 1} make run\n"
            ) from None


def _on_request() -> list[int]:
    """A list that is no longer empty once somebody asked us to stop.

    Ctrl-C reaches `make` too, which asks us again; asking twice changes nothing.
    """
    asked: list[int] = []
    for sign in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(sign, lambda number, _frame: asked.append(number))
    return asked


def _answers(env: Env) -> bool:
    host = "127.0.0.1" if env.bind in {"0.0.0.0", "::"} else env.bind  # noqa: S104
    line = http.client.HTTPConnection(host, env.port, timeout=2)
    with contextlib.suppress(OSError, http.client.HTTPException), contextlib.closing(line):
        line.request("GET", "/health", headers={"Host": env.allowed_hosts[0]})
        return line.getresponse().status == http.client.OK
    return False


def _leave(env: Env, *, code: int) -> int:
    """Waits until the embedded servers are down, unless somebody else still needs them."""
    home = env.folder.absolute()
    if not (home / "instance.json").exists():
        return code
    # A keeper that was killed comes back to close what it had opened.
    instance.ensure(home)
    instance.leave(home)
    if not _closed(home):
        _say("De database blijft aan voor een ander / another command still uses the database.")
    return code


def _closed(home: Path) -> bool:
    """Waits for the keeper; not when others have been seen for as long as it needs to close."""
    begun = seen_alone = time.monotonic()
    while instance.is_running(home) and time.monotonic() - begun < LEAVING_SECONDS:
        time.sleep(0.1)
        if not locks.is_shared(home / "users.lock"):
            seen_alone = time.monotonic()
        if time.monotonic() - seen_alone > OTHERS_SECONDS:
            return False
    return True


def _pass_on(name: str, line: str) -> None:
    _say(f"{name:<{NAME_WIDTH}} | {line}")


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
