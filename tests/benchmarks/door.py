"""A webhook kept, beside the least that could keep it: a bare ASGI handler with one INSERT.

Both check a signature over 6 KB, insert once per content, and answer after the commit. Ours also finds the store and
its secrets, bounds the body, keeps the headers and files the delivery in a queue. Same server program, same number
of processes, same crowd of 16 kept connections.
"""

from __future__ import annotations

import http.client
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from statistics import median

from tests.benchmarks.machine import Watch
from tests.benchmarks.stage import ROOT, Stage
from tests.benchmarks.table import Line

RATE_BAR, CPU_BAR = 0.8, 1.3
SECRET = "a-secret-between-bench-and-door"
WORKERS, CONNECTIONS, CROWDS = 2, 8, 2
OURS = ("--interface", "wsgi", "--blocking-threads", "4", "config.wsgi:application")
BARE = ("--interface", "asgi", "tests.benchmarks.bare:app")


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """So many deliveries, all answered."""

    count: int
    wall: float
    cpu: float
    database: float
    p99: float

    @property
    def rate(self) -> float:
        return self.count / self.wall

    @property
    def each(self) -> float:
        """CPU milliseconds of server and database a delivery."""
        return self.cpu / self.count * 1000


def measure(stage: Stage) -> list[Line]:
    count, rounds = (40_000, 5) if stage.full else (12_000, 3)
    path = _prepare(stage)
    ours: list[Round] = []
    bare: list[Round] = []
    with serving(stage, *OURS) as door, serving(stage, *BARE) as peer:
        _knock(stage, door, path, 2_000, "warm")
        _knock(stage, peer, "/", 2_000, "warm")
        for number in range(rounds):
            bare.append(_knock(stage, peer, "/", count, f"r{number}"))
            ours.append(_knock(stage, door, path, count, f"r{number}"))
    return [_line(ours, bare)]


def _prepare(stage: Stage) -> str:
    from django.db import connection

    from apps.stores import secrets_ring
    from apps.stores.models import Store
    from tests.benchmarks.bare import TABLE

    store = Store.objects.create(platform="woocommerce", name="Bench", url="https://shop.example")
    secrets_ring.add_side_by_side(store, [SECRET])
    connection.close()
    with stage.connect() as line:
        line.execute(TABLE)
    return f"/webhooks/woocommerce/{store.key}/"


@dataclass(frozen=True, slots=True)
class Server:
    port: int
    pid: int


@contextmanager
def serving(stage: Stage, *words: str) -> Iterator[Server]:
    """granian with as many processes for one as for the other."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "granian", "--port", str(port), "--workers", str(WORKERS), "--no-ws", *words]
    given = {**os.environ, "DATABASE_URL": stage.url, "BENCH_SECRET": SECRET}
    process = subprocess.Popen([*command, "--log-level", "error"], cwd=ROOT, env=given)
    try:
        _await(port, process)
        yield Server(port, process.pid)
    finally:
        process.terminate()
        process.wait(30)


def _await(port: int, process: subprocess.Popen[bytes]) -> None:
    for _ in range(300):
        if process.poll() is not None:
            raise RuntimeError("the server did not start")
        try:
            line = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
            line.request("GET", "/webhooks/woocommerce/x")
            line.getresponse()
            return
        except OSError:
            time.sleep(0.1)
        finally:
            line.close()
    raise RuntimeError("the server did not come up")


def _knock(stage: Stage, server: Server, path: str, count: int, seed: str) -> Round:
    """Two crowds of eight connections; the clock runs until the slower one is done."""
    crowds = [
        stage.run("knocker", server.port, path, CONNECTIONS, count // CROWDS, f"{seed}{crowd}", BENCH_SECRET=SECRET)
        for crowd in range(CROWDS)
    ]
    try:
        for crowd in crowds:
            assert crowd.stdout is not None
            assert crowd.stdout.readline() == "ready\n"
        watch, database = Watch((server.pid, stage.postmaster())), Watch((stage.postmaster(),))
        for crowd in crowds:
            assert crowd.stdin is not None
            crowd.stdin.write("go\n")
            crowd.stdin.flush()
        said = [json.loads(crowd.stdout.readline()) for crowd in crowds if crowd.stdout]
        (_, cpu), (_, of_database) = watch.read(), database.read()
    finally:
        for crowd in crowds:
            crowd.kill()
            crowd.wait()
    if sum(one["good"] for one in said) != count // CROWDS * CROWDS:
        raise RuntimeError(f"not every delivery was answered 200: {said}")
    return Round(
        count=count,
        wall=max(one["wall"] for one in said),
        cpu=cpu,
        database=of_database,
        p99=max(one["p99"] for one in said),
    )


def _line(ours: list[Round], bare: list[Round]) -> Line:
    rate = median(one.rate for one in ours) / median(one.rate for one in bare)
    cpu = median(one.each for one in ours) / median(one.each for one in bare)
    return Line(
        path="webhook stored",
        peer="bare ASGI handler + INSERT",
        measured=f"{rate:.2f} × its requests/s, {cpu:.2f} × its CPU",
        bar=f"≥ {RATE_BAR} × its requests/s, ≤ {CPU_BAR} × its CPU",
        met=rate >= RATE_BAR and cpu <= CPU_BAR,
        details=tuple(_told(name, rounds) for name, rounds in (("the door", ours), ("bare ASGI", bare))),
    )


def _told(name: str, rounds: list[Round]) -> str:
    rate, each = median(one.rate for one in rounds), median(one.each for one in rounds)
    database = median(one.database / one.count for one in rounds) * 1000
    p99 = median(one.p99 for one in rounds) * 1000
    return (
        f"{name}: {rate:,.0f} requests/s, {each:.3f} ms CPU each ({database:.3f} of it PostgreSQL), "
        f"p99 {p99:.0f} ms ({len(rounds)} rounds of {rounds[0].count:,})"
    )
