"""Where the clock hangs by which a person gets up: their own when it is known, else the shop's."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import UTC, tzinfo
from functools import cache
from importlib import resources
from typing import Final
from zoneinfo import ZoneInfo


@dataclass(frozen=True, slots=True)
class Zones:
    """The shop's zone and the person's."""

    shop: tzinfo
    person: tzinfo

    @classmethod
    def of(cls, shop: str, country: str = "") -> Zones:
        """A person in a country with one zone is there; in a country with several, or none known, where the shop is."""
        own = _only_zones().get(country.upper())
        return cls(_zone(shop), _zone(own or shop))


ANYWHERE: Final = Zones(UTC, UTC)


@cache
def _zone(name: str) -> ZoneInfo:
    return ZoneInfo(name)


@cache
def _only_zones() -> dict[str, str]:
    """Per country its zone, where the IANA table (zone.tab) has one only."""
    found: dict[str, list[str]] = defaultdict(list)
    table = resources.files("tzdata").joinpath("zoneinfo", "zone.tab").read_text(encoding="utf-8")
    for line in table.splitlines():
        if line and not line.startswith("#"):
            country, _place, zone, *_ = line.split("\t")
            found[country].append(zone)
    return {country: zones[0] for country, zones in found.items() if len(zones) == 1}
