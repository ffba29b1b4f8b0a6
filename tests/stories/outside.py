"""An engine as a stranger runs it: started from the checkout, spoken to by its commands and its web address."""

from __future__ import annotations

import http.client
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from config.defaults import ROOT
from config.ground import processes
from tests.ground.living import alive_in, until
from tests.invariants.bodies import FIXTURES
from tests.stories.receiver import Receiver

SECRET = "een-geheim-van-de-winkel"
QUICK = (("wait: 1h", "wait: 4s"), ("wait: 24h", "wait: 6s"), ("wait: 72h", "wait: 8s"))
"""What the owner of a demonstration does to the exported flow, in a text editor."""
THREE = 3
SETTLED_SECONDS = 6.0
WOO = FIXTURES / "woocommerce"
SHOPIFY = FIXTURES / "shopify"


@dataclass
class Engine:
    """One engine in a home of its own."""

    folder: Path
    receiver: Receiver
    port: int = field(default_factory=processes.free_port)
    _running: subprocess.Popen[bytes] | None = None
    _plan: str = ""

    @property
    def home(self) -> Path:
        return self.folder / "home"

    def said(self) -> str:
        return (self.folder / "said.txt").read_text()

    # --- starting and stopping ---------------------------------------------------------------------

    def start(self) -> None:
        already = self.said().count("is running") if (self.folder / "said.txt").exists() else 0
        with open(self.folder / "said.txt", "ab") as said:
            self._running = subprocess.Popen(
                [*_tied(), sys.executable, "-m", "config.ground.run"],
                cwd=ROOT, env=self._environment(), stdout=said, stderr=said, start_new_session=True,
            )  # fmt: skip
        assert until(lambda: self.said().count("is running") > already, seconds=90), self.said()

    def stop(self) -> None:
        if self._running is not None:
            self._running.send_signal(signal.SIGINT)
            assert self._running.wait(timeout=90) == 0, self.said()
            self._running = None

    def end(self) -> None:
        """Whatever happened: nothing of ours stays behind."""
        if self._running is not None:
            self._running.kill()
            self._running.wait()
        assert until(lambda: not alive_in(self.home), seconds=60)

    def _environment(self) -> dict[str, str]:
        kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
        return kept | {
            "MANDJE_ENV": "development",
            "MANDJE_HOME": str(self.home),
            "DEMO": "0",
            "PORT": str(self.port),
            "EMAIL_URL": self.receiver.url,
            "LOG_LEVEL": "ERROR",
        }

    # --- its commands ------------------------------------------------------------------------------

    def says(self, *words: object, fails: bool = False, given: str | None = None) -> str:
        """What a command prints."""
        ran = subprocess.run(
            [sys.executable, "manage.py", *map(str, words)],
            cwd=ROOT, env=self._environment(), capture_output=True, text=True, input=given, check=False,
        )  # fmt: skip
        assert bool(ran.returncode) is fails, f"{words}\n{ran.stdout}\n{ran.stderr}"
        return ran.stdout + (ran.stderr if fails else "")

    def opens(self, platform: str, name: str, *words: str, secret: str = SECRET) -> str:
        """A shop with its flow of seconds, live; its key."""
        added = self.says(
            "add_store", "--platform", platform, "--name", name, "--url", f"https://{name}.example",
            "--webhook-secret", secret, "--abandon-after", "3s", "--from-email", f"hallo@{name}.example",
            "--postal-address", "Dijk 1, Delft", "--holdout", "0",
            "--set", "quiet=off", "--set", "sunday=on", "--set", "caps=off", *words,
        )  # fmt: skip
        told = json.loads(added)
        assert told["webhook_url"].endswith(f"/webhooks/{platform}/{told['key']}/")
        key = str(told["key"])
        self.goes_live(key)
        return key

    def goes_live(self, key: str) -> None:
        self._plan = self._plan or self.says("export_flow", key, "abandoned-checkout")
        plan = self._plan
        for long, short in QUICK:
            assert long in plan
            plan = plan.replace(long, short)
        answer = self.says("import_flow", key, "-", "--publish", "--live", given=plan)
        assert json.loads(answer)["live"] is True

    def replays(self, key: str, *files: Path, fails: bool = False, more: Sequence[str] = ()) -> list[str]:
        """Each delivery's answer."""
        said = self.says("replay", *files, "--to", key, "--shift-to-now", *more, fails=fails)
        return [line.split()[-1] for line in said.splitlines() if len(line.split()) == THREE]

    def at_once(self, *asks: Callable[[], Any]) -> list[Any]:
        """Several commands side by side, as several terminals would."""
        with ThreadPoolExecutor(max_workers=3) as terminals:
            return list(terminals.map(lambda ask: ask(), asks))

    # --- its web address and its mails --------------------------------------------------------------

    def asks(self, method: str, path: str, body: str = "") -> http.client.HTTPResponse:
        line = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        headers = {"Host": "localhost", "User-Agent": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Firefox/140.0"}
        if body:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        line.request(method, path, body or None, headers)
        answer = line.getresponse()
        answer.read()
        line.close()
        return answer

    def mails_of(self, shop: str) -> Counter[str]:
        """Who got how many mails of this shop."""
        return Counter(mail.to for mail in list(self.receiver.mails) if mail.sender == f"hallo@{shop}.example")

    def until_mailed(self, shop: str, wanted: dict[str, int], *, seconds: float = 60) -> None:
        assert until(lambda: self.mails_of(shop) == Counter(wanted), seconds=seconds), self.mails_of(shop)

    def rests(self, seconds: float = SETTLED_SECONDS) -> None:
        """No more mail comes: long enough for whatever would still leave."""
        seen, since = len(self.receiver.mails), time.monotonic()
        while time.monotonic() - since < seconds:
            time.sleep(0.1)
            if len(self.receiver.mails) != seen:
                seen, since = len(self.receiver.mails), time.monotonic()


def _tied() -> list[str]:
    """Where it can be had: the engine is told to stop when we are killed."""
    return ["setpriv", "--pdeathsig", "INT"] if shutil.which("setpriv") else []


def recordings() -> list[Path]:
    """Every recorded delivery of a WooCommerce shop, oldest name first."""
    return sorted([*WOO.glob("*.http.json"), *(WOO / "companion").glob("*.http.json")])


def story_of(folder: Path, arrivals: Iterable[tuple[Path, dict[str, str]]]) -> Path:
    """A list of Shopify deliveries as `replay` reads it, its bodies beside it."""
    folder.mkdir(parents=True)
    order = []
    for number, (body, headers) in enumerate(arrivals):
        name = f"{number:02}_{body.name}"
        (folder / name).write_bytes(body.read_bytes())
        order.append({"file": name, "headers": headers})
    (folder / "DELIVERIES.json").write_text(json.dumps({"arrival_order": order}))
    return folder / "DELIVERIES.json"


def chapter(name: str, count: int, **more: str) -> list[tuple[Path, dict[str, str]]]:
    """The first deliveries of a recorded Shopify story, with further headers."""
    folder = SHOPIFY / "scenarios" / name
    told = json.loads((folder / "DELIVERIES.json").read_text())["arrival_order"][:count]
    extra = {key.replace("_", "-"): value for key, value in more.items()}
    return [(folder / one["file"], one["headers"] | extra) for one in told]
