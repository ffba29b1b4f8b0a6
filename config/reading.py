"""How a table of settings is read: each with its name, its form and its default."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import Field, dataclass, field
from pathlib import Path
from typing import Any

from config import values


class SettingsError(Exception):
    """The environment does not say what the engine needs to know."""


@dataclass(slots=True)
class Reading:
    """The environment while it is being read: later defaults may ask what came before."""

    given: Mapping[str, str]
    texts: dict[str, str]

    @property
    def production(self) -> bool:
        return self.texts.get("MANDJE_ENV") == "production"

    @property
    def home(self) -> Path:
        return Path(self.texts["MANDJE_HOME"])


Default = Callable[[Reading], str | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """One variable, as a person and as the machine know it."""

    name: str
    about: str
    example: str
    form: Callable[[Reading], values.Form]
    default: Default


def setting(
    name: str,
    about: str,
    form: values.Form | Callable[[Reading], values.Form],
    *,
    default: str | Default | None = None,
    example: str = "",
) -> Any:
    """A field of Env that is read from the variable `name`; no default means required."""
    known: Default = default if callable(default) else lambda _: default
    shaped = (lambda _: form) if isinstance(form, values.Form) else form
    shown = example or (default if isinstance(default, str) else "")
    one = Setting(name=name, about=about, example=shown, form=shaped, default=known)
    return field(metadata={"setting": one})


def described(one: Field[Any]) -> Setting:
    known: Setting = one.metadata["setting"]
    return known


def value(one: Setting, reading: Reading) -> Any:
    form = one.form(reading)
    given = reading.given.get(one.name, "").strip()
    text = given or one.default(reading)
    if text is None:
        raise SettingsError(_complaint(one, form, came="nothing"))
    reading.texts[one.name] = text
    try:
        return form.parse(text)
    except values.NonsenseError as why:
        came = f"{len(text)} characters, kept secret" if form.secret else repr(text)
        raise SettingsError(_complaint(one, form, came=f"{came} {why}".strip())) from None


def _complaint(one: Setting, form: values.Form, *, came: str) -> str:
    return (
        f"{one.name}: {one.about}\n"
        f"  expected: {form.expected}\n"
        f"  came:     {came}\n"
        f"  example:  {one.name}={one.example}"
    )
