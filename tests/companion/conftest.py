"""PHP with the plugin as an owner downloads it, in a pretended WordPress (php/world.php)."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

PHP = shutil.which("php") or ""
HERE = Path(__file__).parent / "php"
SECRET = "tulip-glass-harbour-9"
COUNTRIES = ["NL", "BE", "DE", "AT", "FR"]

Story = Callable[..., dict[str, Any]]


@pytest.fixture(scope="session")
def php() -> str:
    """The path of PHP, or a plain word that it is not here."""
    if not PHP:
        pytest.skip("no PHP on this machine: the plugin was not run (Debian: php-cli)")
    return PHP


def run(*command: str | Path, told: str = "") -> str:
    """What a program says; what it complains of fails the test."""
    done = subprocess.run([str(word) for word in command], input=told, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert not done.stderr, done.stderr
    return done.stdout


def configuration(**given: Any) -> Any:
    """One shop's plugin; its words are hostile."""
    from apps.stores.platforms.woocommerce.plugin import Configuration

    values: dict[str, Any] = {
        "endpoint": "https://engine.example/webhooks/woocommerce/k3yOfTheStore/",
        "updates": "https://engine.example/companion/k3yOfTheStore/",
        "secret": SECRET,
        "mode": "consent",
        "box": "Ja, O'Dea \\' mag $mij ?> mailen.",
        "text_version": "notice:7",
    }
    return Configuration(**(values | given))


@pytest.fixture(scope="session")
def plugin(php: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The plugin of one shop, on disk."""
    from apps.stores.platforms.woocommerce.plugin import configured

    path = tmp_path_factory.mktemp("plugin") / "mandje.php"
    path.write_bytes(configured(configuration()))
    return path


@pytest.fixture(scope="session")
def lives(php: str, plugin: Path) -> Story:
    """What left the shop while one shopper's story was lived in it."""

    def live(*does: Any, mode: str = "consent", **more: Any) -> dict[str, Any]:
        settings = {"mode": mode, "countries": COUNTRIES, "box": "", "text_version": "notice:7"}
        story = {"settings": settings, "does": does} | more
        answer: dict[str, Any] = json.loads(run(php, HERE / "talk.php", plugin, told=json.dumps(story)))
        return answer

    return live
