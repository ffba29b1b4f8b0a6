"""An end to answers that do not begin: a header that drips would outlive every time-out between two bytes."""

from __future__ import annotations

import contextlib
import socket
import threading
from typing import Any, Final

from requests_hardened.ip_filter_adapter import IPFilterAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.response import HTTPResponse

LONGEST_BEGINNING: Final = 60.0
"""Seconds a shop may take until the last header, however it spreads them."""


class _Plain(HTTPConnection):
    def getresponse(self) -> HTTPResponse:  # type: ignore[override]  # as urllib3 itself has it
        """The answer's beginning, or TimeoutError at twice the time-out between two bytes."""
        seconds = self.timeout if isinstance(self.timeout, (int, float)) else LONGEST_BEGINNING
        late = threading.Event()

        def cut() -> None:
            late.set()
            if self.sock is not None:
                with contextlib.suppress(OSError):
                    # Past TLS: its own shutdown would wait for the other side.
                    socket.socket.shutdown(self.sock, socket.SHUT_RDWR)

        timer = threading.Timer(min(2 * seconds, LONGEST_BEGINNING), cut)
        timer.daemon = True
        timer.start()
        try:
            answer = super().getresponse()
        except Exception:
            if late.is_set():
                raise TimeoutError("the answer did not begin") from None
            raise
        finally:
            timer.cancel()
        if late.is_set():
            # Headers that were cut short look like headers that ended.
            raise TimeoutError("the answer did not begin")
        return answer


class _Secure(_Plain, HTTPSConnection):
    """The same over TLS."""


class _PlainPool(HTTPConnectionPool):
    ConnectionCls = _Plain


class _SecurePool(HTTPSConnectionPool):
    ConnectionCls = _Secure


class BoundedAdapter(IPFilterAdapter):  # type: ignore[misc]  # the library brings no types
    """The guarded adapter (addresses checked and pinned), with connections that end in time."""

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = {"http": _PlainPool, "https": _SecurePool}
