"""Sending a delivery to a door over HTTP, as a shop's server would."""

from __future__ import annotations

import http.client
from collections.abc import Mapping
from types import TracebackType
from typing import Final, Self
from urllib.parse import urlsplit

TIMEOUT: Final = 30.0
# A shop repeats nothing and follows no redirect, so neither does this.


class NobodyAnswers(Exception):
    """There is no door at this address, or it hung up."""


class Postman:
    """One kept connection to one webhook address."""

    def __init__(self, url: str, *, timeout: float = TIMEOUT) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError(f"expected an http(s) address; got {url[:200]!r}")
        kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
        self._line = kind(parts.hostname, parts.port, timeout=timeout)
        self.path = parts.path or "/"

    def post(self, headers: Mapping[str, str], body: bytes) -> int:
        """The status of the answer. Raises NobodyAnswers."""
        return self.ask("POST", self.path, headers, body)[0]

    def ask(
        self, method: str, path: str, headers: Mapping[str, str], body: bytes = b""
    ) -> tuple[int, dict[str, str], bytes]:
        """Status, headers in lower case and body; on a kept line that was closed, once more on a new one."""
        try:
            return self._ask(method, path, headers, body)
        except (http.client.RemoteDisconnected, ConnectionResetError, BrokenPipeError):
            self.close()
        except (OSError, http.client.HTTPException) as error:
            self.close()
            raise NobodyAnswers(str(error) or type(error).__name__) from None
        try:
            return self._ask(method, path, headers, body)
        except (OSError, http.client.HTTPException) as error:
            self.close()
            raise NobodyAnswers(str(error) or type(error).__name__) from None

    def _ask(
        self, method: str, path: str, headers: Mapping[str, str], body: bytes
    ) -> tuple[int, dict[str, str], bytes]:
        self._line.request(method, path, body=body or None, headers=dict(headers))
        answer = self._line.getresponse()
        said = {name.lower(): value for name, value in answer.getheaders()}
        return answer.status, said, answer.read()

    def close(self) -> None:
        self._line.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()
