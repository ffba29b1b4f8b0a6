"""A child process for what authors write: 512 MB, two seconds, no second chance.

mrml can end its process on hostile nesting and Liquid can be made slow; neither may touch a worker
(reliability.md 3.2, decision 24). The child reads one question as JSON, answers it and ends.
"""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import msgspec

from apps.mail import sizes
from apps.mail.problems import Problem, TemplateRefused

ROOT = Path(__file__).resolve().parents[2]
START_SECONDS = 8.0
"""Starting Python and its imports on a busy machine; the work itself has its own, shorter clock in
the child.
"""


def run(task: str, question: dict[str, Any]) -> Any:
    """The child's answer; `TemplateRefused` when it found problems, ran out of time or died."""
    child = subprocess.Popen(
        [sys.executable, "-c", "from apps.mail.sandbox import main; main()"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        cwd=ROOT,
        env=_environment(),
    )
    try:
        answer, _ = child.communicate(msgspec.json.encode([task, question]), START_SECONDS + sizes.WALL_SECONDS)
    except subprocess.TimeoutExpired:
        answer = b""
    finally:
        child.kill()
        child.wait()
    return _read(answer)


def _environment() -> dict[str, str]:
    # Nothing of the engine's own settings: a child that is talked into something has no secrets to
    # tell.
    kept = ("PATH", "LANG", "VIRTUAL_ENV", "SYSTEMROOT")
    return {"PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"} | {
        name: os.environ[name] for name in kept if name in os.environ
    }


def _read(answer: bytes) -> Any:
    try:
        outcome = msgspec.json.decode(answer)
    except msgspec.DecodeError:
        values = {"seconds": f"{sizes.WORK_SECONDS:g}", "memory": str(sizes.MEMORY_LIMIT >> 20)}
        raise TemplateRefused([Problem(code="too_slow", values=values)]) from None
    if "problems" in outcome:
        raise TemplateRefused(msgspec.convert(outcome["problems"], list[Problem]))
    return outcome["answer"]


def main() -> None:
    """The child's whole life."""
    from apps.mail.sandboxed import TASKS  # noqa: PLC0415 - only the child needs them

    question = sys.stdin.buffer.read()
    resource.setrlimit(resource.RLIMIT_AS, (sizes.MEMORY_LIMIT, sizes.MEMORY_LIMIT))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    # The default action of this alarm ends the process: C code that never returns to Python is
    # ended as well.
    # Work is counted, not waiting: on a busy machine a good template is not called slow.
    signal.signal(signal.SIGPROF, signal.SIG_DFL)
    signal.setitimer(signal.ITIMER_PROF, sizes.WORK_SECONDS)
    task, arguments = msgspec.json.decode(question)
    try:
        outcome = {"answer": TASKS[task](arguments)}
    except TemplateRefused as refused:
        outcome = {"problems": refused.problems}
    sys.stdout.buffer.write(msgspec.json.encode(outcome))
