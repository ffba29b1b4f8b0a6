"""Who visits the demo shop: a cast that comes back, and passers-by."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """A visitor. Their addresses lead nowhere (RFC 2606)."""

    first_name: str
    last_name: str
    email: str
    city: str = "Utrecht"
    locale: str = "nl_NL"
    account: int = 0


def _person(first: str, last: str, **more: object) -> Person:
    return Person(first_name=first, last_name=last, email=_address(first, last), **more)  # type: ignore[arg-type]


def _address(first: str, last: str, number: str = "") -> str:
    return f"{first}.{last}{number}@bezoeker.example".lower().replace(" ", "")


ADA: Final = _person("Ada", "de Vries", account=11)
BEN: Final = _person("Ben", "Bakker", city="Breda")
CY: Final = _person("Cy", "Claassen", city="Arnhem")
DORA: Final = _person("Dora", "Dekker", city="Delft")
EVA: Final = _person("Eva", "Evers", city="Edam")
FINN: Final = _person("Finn", "Faber", city="Franeker")
GRACE: Final = _person("Grace", "Green", city="Groningen", locale="en_GB")
CAST: Final = (ADA, BEN, CY, DORA, EVA, FINN, GRACE)

_FIRST: Final = ("Hanna", "Iris", "Joris", "Kim", "Lotte", "Milan", "Noor", "Olaf", "Puck", "Ruben")
_LAST: Final = ("Smit", "Jansen", "Visser", "Mulder", "Bos", "Vos", "Peters", "Hendriks", "Kok")
_CITIES: Final = ("Amersfoort", "Gouda", "Haarlem", "Leiden", "Tilburg", "Zwolle")


def passer_by(chance: random.Random, number: int) -> Person:
    """Somebody new. The number keeps two visitors of one name apart."""
    first, last = chance.choice(_FIRST), chance.choice(_LAST)
    return Person(
        first_name=first,
        last_name=last,
        email=_address(first, last, str(number)),
        city=chance.choice(_CITIES),
        locale="en_GB" if chance.random() < 0.15 else "nl_NL",
    )
