"""Families that strangers extend: a name, and the part registered under it."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Iterator
from typing import Any, Generic, TypeVar

T = TypeVar("T")
C = TypeVar("C", bound=type[Any])


class UnknownKind(LookupError):
    """Nothing of that name; the message lists what there is."""


class Registry(Generic[T]):
    """Parts by their kind. `register` stands above a class or takes an instance."""

    def __init__(self, family: str) -> None:
        self.family = family
        self._parts: dict[str, T] = {}

    def register(self, kind: str) -> Callable[[C], C]:
        """Register the class itself under `kind` and give it that name."""

        def decorate(part: C) -> C:
            part.kind = kind
            self.add(kind, part)  # type: ignore[arg-type]
            return part

        return decorate

    def add(self, kind: str, part: T) -> None:
        if kind in self._parts and type(self._parts[kind]) is not type(part):
            raise ValueError(f"{self.family} '{kind}' is registered twice")
        self._parts[kind] = part

    def get(self, kind: str) -> T:
        try:
            return self._parts[kind]
        except KeyError:
            known = ", ".join(sorted(self._parts)) or "none"
            raise UnknownKind(f"there is no {self.family} '{kind}'; known: {known}") from None

    def __contains__(self, kind: object) -> bool:
        return kind in self._parts

    def __iter__(self) -> Iterator[str]:
        return iter(sorted(self._parts))

    def items(self) -> list[tuple[str, T]]:
        return sorted(self._parts.items())


def load_all(package: str) -> None:
    """Import every module below a package, so that each registers itself."""
    module = importlib.import_module(package)
    for found in pkgutil.iter_modules(module.__path__):
        importlib.import_module(f"{package}.{found.name}")
