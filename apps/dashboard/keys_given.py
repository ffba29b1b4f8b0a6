"""Keys of a shop given to a command. They are used and sealed, and never printed, whatever goes wrong."""

from __future__ import annotations

from argparse import ArgumentParser
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from django.core.management.base import CommandError

from apps.ingestion.joining import join
from apps.stores.errors import ShopTrouble
from apps.stores.models import Store
from apps.stores.platforms.base import platforms
from apps.stores.platforms.calling import Finding, Report, Way
from apps.stores.troubles import explain

SHORT: Final = ("consumer_key", "consumer_secret", "client_id", "client_secret", "token", "api_secret")
"""Names that have a flag of their own; any other goes by `--credential name=value`."""


def add_keys(parser: ArgumentParser) -> None:
    """The flags with which keys are given."""
    for name in SHORT:
        parser.add_argument(f"--{name.replace('_', '-')}", default="")
    parser.add_argument(
        "--credential", action="append", default=[], metavar="name=value", help="any key by its name; may be repeated"
    )


def given(options: Mapping[str, Any]) -> dict[str, str]:
    """The keys by name. Raises CommandError without repeating any of them."""
    keys = {name: options[name] for name in SHORT if options.get(name)}
    for pair in options.get("credential") or []:
        name, equals, value = pair.partition("=")
        if not equals or not value:
            raise CommandError("--credential: expected name=value; what came is kept secret")
        keys[name.strip().replace("-", "_")] = value
    return keys


def way_for(platform: str, keys: Mapping[str, str], way: str = "") -> Way:
    """The way in which these keys connect a shop. Raises CommandError naming what each way asks for."""
    ways = platforms.get(platform).ways
    fits = [one for one in ways if {key.name for key in one.credentials} == set(keys) and way in ("", one.name)]
    # Two ways may ask for the same: the first is the best.
    if not fits:
        fits = [one for one in ways if one.name == way]
    if not fits:
        known = "; ".join(f"{one.name}: {', '.join(key.name for key in one.credentials)}" for one in ways) or "none"
        raise CommandError(f"these keys fit no way to connect a {platform} shop; the ways are {known}")
    return fits[0]


def connected(store: Store, keys: Mapping[str, str], at: datetime, *, way: str = "") -> dict[str, Any]:
    """Connect, and say what was found. Outside any transaction. Raises CommandError with the sentence and the mend."""
    chosen = way_for(store.platform, keys, way)
    try:
        report = join(store, chosen.name, keys, at)
    except ShopTrouble as trouble:
        said, mend = explain(trouble.trouble, trouble.values)
        raise CommandError(f"{said} {mend}") from None
    return _said(store, chosen, report)


def _said(store: Store, way: Way, report: Report) -> dict[str, Any]:
    return {
        "key": store.key,
        "connected": True,
        "way": way.name,
        "shop": report.name,
        "version": report.version,
        "feed": store.feed,
        "webhooks": len(report.hooks),
        "findings": [_finding(one) for one in report.findings],
    }


def _finding(finding: Finding) -> dict[str, Any]:
    said, mend = explain(finding.trouble, finding.values)
    return {"trouble": finding.trouble.value, "said": said, "mend": mend, "mended": finding.mended}
