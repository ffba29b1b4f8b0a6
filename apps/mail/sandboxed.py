"""What may be asked of the sandbox: compile a template, or show it with somebody's data."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from apps.mail.blocks import Source
from apps.mail.compiled import Compiled
from apps.mail.compiling import compile_here
from apps.mail.context import MailContext
from apps.mail.rendering import render


def _compile(asked: dict[str, Any]) -> Any:
    return msgspec.to_builtins(compile_here(msgspec.convert(asked["source"], Source), asked["locale"]))


def _preview(asked: dict[str, Any]) -> Any:
    compiled = compile_here(msgspec.convert(asked["source"], Source), asked["locale"])
    shown = render(compiled, msgspec.convert(asked["context"], MailContext))
    return {"compiled": msgspec.to_builtins(compiled), "rendered": msgspec.to_builtins(shown)}


def _render(asked: dict[str, Any]) -> Any:
    compiled = msgspec.convert(asked["compiled"], Compiled)
    return msgspec.to_builtins(render(compiled, msgspec.convert(asked["context"], MailContext)))


TASKS: dict[str, Callable[[dict[str, Any]], Any]] = {
    "compile": _compile,
    "preview": _preview,
    "render": _render,
}
