"""From a due step to a mail that a server accepted, for a whole crowd, beside django-post_office.

Ours takes the due steps, asks the gate, renders each mail and hands it over, in one worker process with its threads
and in two. The peer gets the finished texts, so that no rendering is counted against it: it queues and sends with
its default settings. Both hand over to the same server, which counts.
"""

from __future__ import annotations

import json
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from tests.benchmarks import crowd
from tests.benchmarks.machine import Watch
from tests.benchmarks.stage import Stage
from tests.benchmarks.table import Line

BARS = {1: 4.0, 2: 7.0}


@dataclass(slots=True)
class Server:
    """The mail server of the run."""

    process: subprocess.Popen[str]
    port: int

    def counted(self) -> dict[str, int]:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write("count\n")
        self.process.stdin.flush()
        found: dict[str, int] = json.loads(self.process.stdout.readline())
        return found


@contextmanager
def server(stage: Stage) -> Iterator[Server]:
    process = stage.run("sink")
    assert process.stdout is not None
    try:
        yield Server(process, int(process.stdout.readline()))
    finally:
        process.kill()
        process.wait()


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """One crowd, mailed once."""

    people: int
    wall: float
    cpu: float
    taken: int
    twice: int

    @property
    def each(self) -> float:
        """CPU milliseconds a mail."""
        return self.cpu / self.people * 1000

    @property
    def rate(self) -> float:
        return self.people / self.wall


def measure(stage: Stage) -> list[Line]:
    people, rounds = (10_000, 3) if stage.full else (2_000, 2)
    with server(stage) as sink, tempfile.TemporaryDirectory() as folder:
        _prepare(people, sink.port, Path(folder))
        ours: dict[int, list[Round]] = {1: [], 2: []}
        theirs: list[Round] = []
        for _ in range(rounds):
            theirs.append(_round(stage, sink, people, [["postoffice", people, folder]]))
            for workers, found in ours.items():
                found.append(_round(stage, sink, people, [["sender"]] * workers))
    return [_line(workers, found, theirs) for workers, found in ours.items()]


def _prepare(people: int, port: int, folder: Path) -> None:
    """The crowd in our tables, and one finished mail of theirs for the peer."""
    from django.db import connection

    from apps.core import clock

    now = clock.now()
    store = crowd.open_store(transport_sealed="")
    store.transport_url = f"smtp://127.0.0.1:{port}"
    store.save()
    crowd.switch_on(store, now)
    crowd.gather(store, people, now)
    html, text = crowd.written_mail(store)
    (folder / "html").write_text(html)
    (folder / "text").write_text(text)
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")
    connection.close()


def _round(stage: Stage, sink: Server, people: int, programs: list[list[object]]) -> Round:
    """A fresh copy of the same crowd; the clock runs from the word to the last "done"."""
    with stage.copy("round") as place:
        given = {"SINK_PORT": str(sink.port)}
        if programs[0][0] == "postoffice":
            given["DJANGO_SETTINGS_MODULE"] = "tests.benchmarks.postoffice_settings"
        ran = [place.run(str(words[0]), *words[1:], **given) for words in programs]
        _hear(ran, "ready")
        early = sink.counted()["taken"]
        watch = Watch((*(one.pid for one in ran), stage.postmaster()))
        _say(ran)
        _hear(ran, "done")
        wall, cpu = watch.read()
        counted = sink.counted()
        _say(ran)
        for one in ran:
            one.wait()
    return Round(people=people - early, wall=wall, cpu=cpu, **counted)


def _say(programs: list[subprocess.Popen[str]]) -> None:
    for one in programs:
        assert one.stdin is not None
        one.stdin.write("go\n")
        one.stdin.flush()


def _hear(programs: list[subprocess.Popen[str]], word: str) -> None:
    for one in programs:
        assert one.stdout is not None
        while (line := one.stdout.readline().strip()) != word:
            if not line and one.poll() is not None:
                raise RuntimeError(f"{one.args} ended before it said {word}")


def _line(workers: int, ours: list[Round], theirs: list[Round]) -> Line:
    faster = median(a.rate for a in ours) / median(b.rate for b in theirs)
    cheaper = median(b.each for b in theirs) / median(a.each for a in ours)
    bar, people = BARS[workers], theirs[0].people
    whole = all(one.taken == one.people and not one.twice for one in (*ours, *theirs))
    name = "one worker process" if workers == 1 else "two worker processes"
    return Line(
        path=f"due step → rendered → accepted by SMTP, {people:,} people, {name}",
        peer="django-post_office, queue and send",
        measured=f"{faster:.1f} × as fast, {cheaper:.1f} × less CPU",
        bar=f"≥ {bar:.0f} ×",
        met=faster >= bar and whole,
        details=(
            *(f"ours: {one.rate:.0f} mails/s, {one.each:.2f} ms CPU a mail; accepted {one.taken}, twice {one.twice}"
              for one in ours),
            *(f"django-post_office: {one.rate:.0f} mails/s, {one.each:.2f} ms CPU a mail; accepted {one.taken}, twice"
              f" {one.twice}" for one in theirs),
        ),
    )  # fmt: skip
