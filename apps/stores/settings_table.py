"""Every setting a shop has, in one table: columns, rules and profile alike.

`set_store`, `add_store --set` and the owner's screens all read it; a setting that is not here does not exist.
"""

from __future__ import annotations

import difflib
from typing import Final

from apps.stores import setting_rows as rows
from apps.stores.setting import Change, Setting

__all__ = ["SETTINGS", "Change", "Setting", "UnknownSetting", "find"]


class UnknownSetting(LookupError):
    """No setting of that name; the message lists those that look like it."""


def find(name: str) -> tuple[Setting, str]:
    """The setting of this name, and the key when it is a family's. Dashes and underscores are equal."""
    plain = name.strip().replace("-", "_").lower()
    if plain in SETTINGS and not SETTINGS[plain].family:
        return SETTINGS[plain], ""
    prefix, dot, _rest = plain.partition(".")
    key = name.strip().partition(".")[2]
    if dot and key and prefix + dot in SETTINGS:
        return SETTINGS[prefix + dot], key
    raise UnknownSetting(_unknown(name.strip(), plain))


def _unknown(name: str, plain: str) -> str:
    near = difflib.get_close_matches(plain, SETTINGS, n=4, cutoff=0.6)
    near = near or [known for known in SETTINGS if _resembles(known, plain)][:4]
    hint = f"near it: {', '.join(near)}" if near else f"there are: {', '.join(SETTINGS)}"
    return f"{name[:60]}: no such setting; {hint}"


def _resembles(known: str, plain: str) -> bool:
    word = known.rstrip(".").split(".")[-1]
    return len(plain) > 2 and (plain in known or word in plain)


SETTINGS: Final[dict[str, Setting]] = {
    setting.name: setting for family in (rows.columns, rows.rules, rows.profile, rows.others) for setting in family()
}
