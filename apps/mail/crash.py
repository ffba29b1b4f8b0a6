"""Places where a test may kill or freeze the process. Nothing happens unless MANDJE_CRASH_AT names one.

The fault tests start real workers with it set: "sending:3" kills at the third time that point is passed, and
"sending:3:stop" stops the process there, as a paused machine would, until somebody continues it.
"""

from __future__ import annotations

import os
import signal
from collections import Counter

_passed: Counter[str] = Counter()


def point(name: str) -> None:
    """Die here, as kill -9 would have it, when a test asked for that."""
    wanted = os.environ.get("MANDJE_CRASH_AT")
    if not wanted:
        return
    place, times, how = [*wanted.split(":"), "", ""][:3]
    _passed[name] += 1
    if place != name:
        return
    if how == "stop" and _passed[name] == int(times or "1"):
        os.kill(os.getpid(), signal.SIGSTOP)
    elif how != "stop" and _passed[name] >= int(times or "1"):
        os.kill(os.getpid(), signal.SIGKILL)
