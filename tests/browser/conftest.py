"""A browser and the whole web, door included, on the tests' own database."""

from __future__ import annotations

import os
import shutil
import socketserver
import threading
from collections.abc import Iterator
from dataclasses import replace
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer

import pytest

CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome") or ""


class Quiet(WSGIRequestHandler):
    def log_message(self, *words: Any) -> None:
        """Nothing: a failing test says enough."""


class Web(socketserver.ThreadingMixIn, WSGIServer):
    daemon_threads = True

    def process_request_thread(self, *given: Any) -> None:
        from django.db import connections

        try:
            super().process_request_thread(*given)
        finally:
            connections.close_all()


@pytest.fixture
def web(transactional_db: None, settings: Any) -> Iterator[str]:
    """The address at which the engine answers."""
    from config.wsgi import application

    server = Web(("127.0.0.1", 0), Quiet)
    server.set_app(application)
    address = f"http://localhost:{server.server_port}"
    settings.ENV = replace(settings.ENV, public_url=address)
    settings.ALLOWED_HOSTS = ["localhost"]
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield address
    server.shutdown()
    server.server_close()


@pytest.fixture
def chromium() -> Iterator[Any]:
    """Chromium, or a plain word that it is not here."""
    sync = pytest.importorskip("playwright.sync_api", reason="playwright is not installed: no browser walk")
    if not CHROMIUM:
        pytest.skip("no Chromium on this machine: no browser walk (set CHROMIUM to its path)")
    # Playwright's loop runs in this thread; Django would take that for an async caller.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    with sync.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()
    del os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]
