"""Every command of the page is run against a real engine, and prints what the page says."""

from __future__ import annotations

import http.cookiejar
import os
import re
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from config.defaults import ROOT
from config.ground import processes
from tests.docs.pages import PAGES, Example, difference, examples
from tests.ground.living import alive_in, until

pytestmark = pytest.mark.ground
START, STOP = 120, 60
TRIES = examples(PAGES[0])
# A busy machine may need more than the second or two that these are about; then it is tried again.
TIMED = {"order": 3, "nested": 3, "include": 3}


class Engine:
    """`DEMO=0 make run` in a home of its own."""

    def __init__(self, home: Path) -> None:
        self.home, self.log = home, home.parent / "said.txt"
        port = processes.free_port()
        kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
        given = {"MANDJE_ENV": "development", "MANDJE_HOME": str(home), "DEMO": "0", "PORT": str(port)}
        self.environment = {**kept, **given, "PYTHONUTF8": "1"}
        with self.log.open("ab") as said:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "config.ground.run"],
                cwd=ROOT,
                env=self.environment,
                stdout=said,
                stderr=said,
                start_new_session=True,
            )

    def said(self) -> str:
        return self.log.read_text()

    def is_up(self) -> bool:
        return "is running" in self.said()

    def stop(self) -> None:
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(timeout=STOP)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def browser(self) -> urllib.request.OpenerDirector:
        """A browser in which the owner has followed the printed link."""
        jar = urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar())
        browser = urllib.request.build_opener(jar)
        link = re.search(r"http://localhost:\d+/inloggen/\S+", self.said())
        assert link, self.said()
        browser.open(link[0], timeout=30).close()
        return browser


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    running = Engine(tmp_path_factory.mktemp("try") / ".mandje")
    try:
        assert until(running.is_up, seconds=START), running.said()
        yield running
    finally:
        running.stop()
        assert until(lambda: not alive_in(running.home), seconds=40)


def test_both_pages_show_the_same_commands() -> None:
    english, dutch = (examples(page) for page in PAGES)

    assert english == dutch
    assert len(english) >= 15


# In one test, in the order of the page: the engine is one, and so is what it has been through.
def test_every_command_prints_what_the_page_says(engine: Engine, subtests: pytest.Subtests) -> None:
    for example in TRIES:
        with subtests.test(example.name):
            assert _found(example, engine) == ""

    browser = engine.browser()
    for example in TRIES:
        with subtests.test(f"{example.name}: {example.see}"):
            assert _shown(browser, engine, example) == 200


def _found(example: Example, engine: Engine) -> str:
    """What differs from the page; the last of several tries where a second counts."""
    for _ in range(TIMED.get(example.name, 1)):
        found = difference(example.output, example.run(engine.environment))
        if not found:
            break
    return found


def _shown(browser: urllib.request.OpenerDirector, engine: Engine, example: Example) -> int:
    with browser.open(f"http://localhost:{engine.environment['PORT']}{example.see}", timeout=60) as answer:
        assert example.see in answer.url, f"{example.see} led to {answer.url}"
        return int(answer.status)
