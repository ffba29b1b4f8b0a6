"""docs/settings.md, written from the two tables that the engine itself reads.

python -m tests.docs.settings_page > docs/settings.md
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from dataclasses import fields

from config.defaults import ROOT
from config.env import Env
from config.reading import Reading, Setting, described

TEXTS = {
    "PORT": "8000",
    "MANDJE_HOME": str(ROOT / ".mandje"),
    "PUBLIC_URL": "https://the.host.of.PUBLIC_URL",
}
# A key is made on the first start, a server started: what those say differs on every machine.
MADE = {
    "SECRET_KEY": "made on the first start",
    "LINK_KEYS": "made on the first start",
    "FIELD_KEYS": "made on the first start",
    "ADDRESS_KEY": "made on the first start",
    "DATABASE_URL": "an embedded server",
    "REDIS_URL": "an embedded server",
    "MANDJE_HOME": "`.mandje` in the checkout",
    "PUBLIC_URL": "`http://localhost:` and the port",
    "ALLOWED_HOSTS": "the public host and this machine",
}
HEAD = """# Settings

This page is written by the engine (`python -m tests.docs.settings_page > docs/settings.md`), and a test keeps it so.

## The installation: environment variables

Read once at the start by `config/env.py`. A missing or nonsensical value stops the start with its name, what was
expected and an example; a secret is never printed. `python -m config.env` lists them on the command line.
*Required* means: in production (`MANDJE_ENV=production`) the engine does not start without it.

| Variable | What it is | Expected | In production | Elsewhere |
|---|---|---|---|---|
"""
SHOP = """
## A shop: `add_store` and `set_store`

Every setting a shop has, from `apps/stores/settings_table.py`; the shop's page in admin shows the same.
`set_store KEY` prints what a shop has, `set_store KEY quiet=off holdout=10` changes it, `add_store --set name=value`
gives it at once. Lengths are seconds, minutes, hours or days (`30s`, `60m`, `24h`, `3d`). Dashes and underscores are
equal. `default` gives a setting back to the platform or the flow.

| Setting | What it is | Accepted | Example | When nothing is said |
|---|---|---|---|---|
"""


def page() -> str:
    """The whole page."""
    return HEAD + "".join(_environment()) + SHOP + "".join(_shop())


def _environment() -> Iterator[str]:
    production, elsewhere = (Reading(given={}, texts={"MANDJE_ENV": one, **TEXTS}) for one in ("production", "test"))
    for one in map(described, fields(Env)):
        form = one.form(production)
        cells = [f"`{one.name}`", one.about, form.expected, _default(one, production), _elsewhere(one, elsewhere)]
        yield _row(cells)


def _elsewhere(one: Setting, reading: Reading) -> str:
    return MADE.get(one.name) or _default(one, reading)


def _default(one: Setting, reading: Reading) -> str:
    if one.name == "MANDJE_HOME":
        return MADE[one.name]
    given = one.default(reading)
    if given is None:
        return "*required*"
    return "the host of `PUBLIC_URL`" if one.name == "ALLOWED_HOSTS" else f"`{given}`"


def _shop() -> Iterator[str]:
    import django
    from django.utils import translation

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    # Before anything is imported that has words in it.
    translation.deactivate_all()
    django.setup()
    from apps.stores.settings_table import SETTINGS

    for one in SETTINGS.values():
        name = f"{one.name}<key>" if one.family else one.name
        default = "*required*" if one.default is None else f"`{one.default}`" if one.default else "empty"
        yield _row([f"`{name}`", str(one.help), str(one.form.accepts), f"`{one.example}`", default])


def _row(cells: list[str]) -> str:
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |\n"


if __name__ == "__main__":
    sys.stdout.write(page())
