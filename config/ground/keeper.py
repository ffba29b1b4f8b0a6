"""The process that owns the embedded servers: `python -m config.ground.keeper HOME FD`.

It watches its servers, starts one again that fell over, and stops both when the last
user has gone. When it is killed itself, the next start takes its servers over.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from pathlib import Path
from typing import Never

from config.ground import instance, keeping, locks, processes
from config.ground.postgres import Postgres
from config.ground.redis import FILES, Redis, program

GRACE_SECONDS = 1.0
RESTART_SECONDS = 1.0


class Keeper:
    """Starts, watches and stops the servers of one home."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.postgres = Postgres(home)
        self.servers: list[Postgres | Redis] = [self.postgres]
        self.closing = threading.Event()

    def open(self) -> None:
        """Starts both and writes down where they listen."""
        self.postgres.start()
        redis_url = FILES
        if program() is not None:
            redis = Redis(self.home)
            redis.start()
            self.servers.append(redis)
            redis_url = redis.url
        addresses = instance.Addresses(database_url=self.postgres.url, redis_url=redis_url)
        instance.write(self.home, addresses)

    def watch(self) -> None:
        """Keeps a thread asleep beside each server."""
        for server in self.servers:
            threading.Thread(target=self._mind, args=[server], daemon=True).start()

    def wait_for_the_last(self) -> int:
        """Returns when nobody is left, holding the door shut."""
        while True:
            os.close(locks.take(self.home / "users.lock"))
            # The next command of a script is often a moment away.
            time.sleep(GRACE_SECONDS)
            door = locks.take(self.home / "door.lock")
            alone = locks.try_take(self.home / "users.lock")
            if alone is not None:
                return door
            os.close(door)

    def close(self) -> None:
        """Stops both; their addresses are no longer true."""
        self.closing.set()
        (self.home / "instance.json").unlink(missing_ok=True)
        for server in reversed(self.servers):
            server.stop()

    def _mind(self, server: Postgres | Redis) -> None:
        while not self.closing.is_set():
            processes.wait(server.pid)
            if self.closing.wait(RESTART_SECONDS):
                return
            try:
                server.start()
            except keeping.GroundError as error:
                sys.stderr.write(f"{error}\n")


def main() -> None:
    """Leaves its starter, opens the servers, says so, and stays until nobody is left."""
    home, word = Path(sys.argv[1]), int(sys.argv[2])
    _detach()
    for sign in (signal.SIGTERM, signal.SIGINT):
        signal.signal(sign, _asked_to_stop)
    lock = _only_one(home)
    if lock is None:
        _say(word, "Another keeper is at work here.")
        return
    keeper = Keeper(home)
    try:
        keeper.open()
    except keeping.GroundError as error:
        keeper.close()
        _say(word, str(error))
        return
    _say(word, "ready")
    keeper.watch()
    try:
        keeper.wait_for_the_last()
    finally:
        keeper.close()
        # Before the door opens: who comes in now must see that there is no keeper.
        os.close(lock)


def _only_one(home: Path) -> int | None:
    """The keeper's lock; a moment's patience, since asking about it also touches it."""
    for _ in range(20):
        lock = locks.try_take(home / "keeper.lock")
        if lock is not None:
            return lock
        time.sleep(0.05)
    return None


def _detach() -> None:
    """A session of its own: no Ctrl-C reaches it, and its starter need not wait for it."""
    if os.fork():
        os._exit(0)
    os.setsid()
    os.chdir("/")


def _say(word: int, text: str) -> None:
    os.write(word, text.encode())
    os.close(word)


def _asked_to_stop(_sign: int, _frame: object) -> Never:
    raise SystemExit(0)


if __name__ == "__main__":
    main()
