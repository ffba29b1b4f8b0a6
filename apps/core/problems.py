"""What is wrong with a plan: every problem at once, each with the place where it stands."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from django.utils.translation import gettext

Path = tuple[str | int, ...]
SHOWN = 40


@dataclass(frozen=True, slots=True)
class Problem:
    """One mistake. `path` leads through the plan to the value; `line` is known for files."""

    path: Path
    message: str
    line: int | None = None

    @property
    def field(self) -> str:
        """The place in words: steps[2].send_email.valid_for."""
        text = ""
        for part in self.path:
            text += f"[{part + 1}]" if isinstance(part, int) else f".{part}" if text else part
        return text or gettext("the file")

    def at(self, line: int | None) -> Problem:
        return replace(self, line=line)

    def __str__(self) -> str:
        return f"{self.field}: {self.message}"


class DefinitionRefused(ValueError):
    """This is no plan that can run; `problems` names everything that is wrong."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("; ".join(map(str, self.problems)))


def shown(value: object) -> str:
    """A value as a message repeats it: short, and never over two lines."""
    text = value if isinstance(value, str) else type(value).__name__ if isinstance(value, dict | list) else repr(value)
    return " ".join(text.split())[:SHOWN]


def one_of(allowed: Iterable[str], got: object) -> str:
    """The sentence that names the allowed values."""
    return gettext("expected one of %(allowed)s; got “%(got)s”") % {
        "allowed": ", ".join(allowed),
        "got": shown(got),
    }
