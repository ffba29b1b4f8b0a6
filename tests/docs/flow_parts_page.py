"""docs/flow-parts.md, written from the registries that the engine itself reads.

python -m tests.docs.flow_parts_page > docs/flow-parts.md
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from dataclasses import MISSING
from datetime import date, time
from decimal import Decimal
from typing import Any

HEAD = """# Parts of flows

Written by the engine (`python -m tests.docs.flow_parts_page > docs/flow-parts.md`); a test keeps it so.
How a flow is put together from these stands in [flows.md](flows.md).

A part is its name (`- exit`), its name with one value (`- wait: 1h`, where a setting is marked *alone*), or its name
with a map of settings (`- send_email: {template: welcome-1, valid_for: 2d}`). *Must* means that it has to be given.
"""
FAMILIES = (
    ("triggers", "What a flow begins with"), ("conditions", "Conditions: `filter`, and the `when` of a split"),
    ("exits", "What ends a run at once"), ("steps", "Steps"), ("variants", "Variants of an A/B test"),
)  # fmt: skip
TYPES: dict[Any, str] = {
    str: "a text", int: "a whole number", bool: "`true` or `false`", Decimal: "a number", date: "a day: `2026-12-31`",
    time: "a time: `09:00`",
}  # fmt: skip


def page() -> str:
    """The whole page."""
    from django.utils.translation import override

    from apps.flows import parts

    with override("en"):
        return HEAD + "".join("".join(_family(title, getattr(parts, name))) for name, title in FAMILIES)


def _family(title: str, family: Any) -> Iterator[str]:
    yield f"\n## {title}\n\n| Part | On screen | What it is | Settings |\n|---|---|---|---|\n"
    for kind, part in family.items():
        about = " ".join((part.__doc__ or "").split("\n\n")[0].split())
        yield f"| `{kind}` | {part.label} | {_plain(about)} | {'<br>'.join(_settings(part)) or '–'} |\n"


def _settings(part: Any) -> Iterator[str]:
    from apps.core.forms import fields_of

    for spec in fields_of(part):
        alone = spec.name == getattr(part, "short", "")
        marks = [mark for mark, holds in (("must", spec.required), ("alone", alone)) if holds]
        beside = f" (*{', '.join(marks)}*)" if marks else ""
        default = "" if spec.default in (MISSING, None, "", ()) else f"; else `{_value(spec.default)}`"
        yield f"`{spec.name}`{beside}: {_what(spec)}{default}"


def _what(spec: Any) -> str:
    if spec.family is not None:
        return f"a list of {spec.family.family}s"
    words = ", ".join(f"`{choice}`" for choice in spec.choices) or TYPES.get(spec.type, "a length: `36h`")
    return f"several of {words}" if spec.many and spec.choices else f"a list: {words}" if spec.many else words


def _value(value: Any) -> str:
    from apps.core.plain import plain_value

    plain = plain_value(value)
    if isinstance(plain, list):
        return ", ".join(map(str, plain))
    return str(plain).lower() if isinstance(plain, bool) else str(plain)


def _plain(text: str) -> str:
    return text.replace("|", "\\|")


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    import django

    django.setup()
    sys.stdout.write(page())


if __name__ == "__main__":
    main()
