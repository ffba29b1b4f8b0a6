"""What a setting of a shop is, and a change to one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from apps.stores.setting_forms import Form
from apps.stores.setting_places import Place

if TYPE_CHECKING:
    from django_stubs_ext import StrPromise


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """One thing an owner can set. A family's name ends in a dot; a key of the shop's own follows it."""

    name: str
    form: Form
    place: Place
    example: str
    help: StrPromise
    default: str | None = None
    """None: it must be given; there is no sensible default."""

    @property
    def family(self) -> bool:
        return self.name.endswith(".")


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A setting with the value it is to have."""

    setting: Setting
    key: str
    value: Any

    @property
    def name(self) -> str:
        return self.setting.name + self.key if self.setting.family else self.setting.name
