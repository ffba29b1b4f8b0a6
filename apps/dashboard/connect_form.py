"""The form in which a shop is added or connected: which platform, which way, which fields; drawn from the registry."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from apps.dashboard.applying import AGENCY, KITS, Application, field_name, typed_for
from apps.flows.presets import kits
from apps.stores.models import Store
from apps.stores.platforms.base import platforms
from apps.stores.platforms.calling import Way

if TYPE_CHECKING:
    from django_stubs_ext import StrPromise

ORDER: Final = ("woocommerce", "shopify")
"""The best known first; others follow by name."""
APPROVALS: Final[Mapping[str, StrPromise]] = {
    "woocommerce": gettext_lazy("Approve in your shop"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One thing to type. A secret is never shown again."""

    name: str
    label: str
    help: str = ""
    value: str = ""
    example: str = ""
    error: str = ""
    secret: bool = False
    kind: str = "text"
    required: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class WayForm:
    """One way to connect, with its fields."""

    name: str
    label: str
    fields: tuple[Field, ...]
    chosen: bool
    approves: str = ""
    """The words on the button when the shop itself is to approve."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlatformForm:
    """All that is asked for one platform."""

    kind: str
    label: str
    chosen: bool
    fields: tuple[Field, ...]
    ways: tuple[WayForm, ...]
    more: tuple[Field, ...] = ()
    approval: str = ""
    """The words on the button that leads to the shop's own approval, '' where there is none."""
    notice: str = ""

    @property
    def wrong(self) -> bool:
        return any(one.error for way in self.ways for one in way.fields)


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """The whole page."""

    platforms: tuple[PlatformForm, ...]
    kits: tuple[tuple[str, str], ...] = ()
    kit: str = ""
    errors: Mapping[str, str] = field(default_factory=dict)


def form_of(asked: Application, *, store: Store | None, errors: Mapping[str, str]) -> Form:
    """The form with what was typed and what is wrong with it; for a store that is here, only its own platform."""
    kinds = [store.platform] if store else sorted(platforms, key=_rank)
    chosen = asked.platform if asked.platform in kinds else kinds[0]
    return Form(
        platforms=tuple(
            _platform(kind, asked if kind == chosen else _elsewhere(asked, kind), store, errors, chosen)
            for kind in kinds
        ),
        kits=() if store else tuple((name, str(KITS.get(name, name))) for name in kits()),
        kit=asked.kit,
        errors=errors,
    )


def _rank(kind: str) -> tuple[int, str]:
    return (ORDER.index(kind) if kind in ORDER else len(ORDER), kind)


def _elsewhere(asked: Application, kind: str) -> Application:
    """The same shop on another platform's side: no keys and no errors cross over."""
    return Application(platform=kind, address=asked.address, from_email=asked.from_email, kit=asked.kit)


def _platform(
    kind: str, asked: Application, store: Store | None, errors: Mapping[str, str], chosen: str
) -> PlatformForm:
    platform = platforms.get(kind)
    wrong = errors if kind == chosen else {}
    return PlatformForm(
        kind=kind,
        label=str(platform.label) if platform.ways else _("Another system"),
        chosen=kind == chosen,
        fields=tuple(_first(kind, asked, store, wrong)),
        more=() if store else (_postal(asked, wrong),),
        ways=tuple(_way(way, asked, wrong, first=place == 0) for place, way in enumerate(platform.ways)),
        approval=_approval(kind),
        notice=_notice(kind),
    )


def _first(kind: str, asked: Application, store: Store | None, errors: Mapping[str, str]) -> list[Field]:
    found = [
        Field(
            name="address", label=_("The address of your shop"), value=asked.address, example="molenzicht.nl",
            error=errors.get("address", ""), kind="url", required=True,
        )
    ]  # fmt: skip
    if kind == "shopify" and (asked.shop_domain or errors.get("shop_domain") or store is not None):
        found.append(
            Field(
                name="shop_domain", label=_("Its name at Shopify"), value=asked.shop_domain,
                example="molenzicht.myshopify.com", error=errors.get("shop_domain", ""),
            )
        )  # fmt: skip
    if store is None:
        found.append(
            Field(
                name="from_email", label=_("Who the mails are from"), value=asked.from_email,
                example="hallo@molenzicht.nl", error=errors.get("from_email", ""), kind="email",
            )
        )  # fmt: skip
    return found


def _postal(asked: Application, errors: Mapping[str, str]) -> Field:
    return Field(
        name="postal_address", label=_("Postal address"), value=asked.postal_address, example="Molenpad 12, Amsterdam",
        help=_("The law wants it below every mail."), error=errors.get("postal_address", ""),
    )  # fmt: skip


def _way(way: Way, asked: Application, errors: Mapping[str, str], *, first: bool) -> WayForm:
    fields = tuple(
        Field(
            name=field_name(way.name, one.name),
            label=str(one.label),
            help=str(one.help),
            value="" if one.secret or asked.way != way.name else asked.credentials.get(one.name, ""),
            example=one.example,
            error=errors.get(field_name(way.name, one.name), ""),
            secret=one.secret,
            required=True,
        )
        for one in typed_for(way)
    )
    return WayForm(
        name=way.name,
        label=str(way.label),
        fields=fields,
        chosen=asked.way == way.name or (not asked.way and first),
        approves=_("Approve at Shopify") if way.name == AGENCY else "",
    )


def _secure() -> bool:
    return settings.ENV.public_url.startswith("https:")


def _approval(kind: str) -> str:
    """A shop on this very machine, in development, does not mind."""
    able = _secure() or settings.ENV.allow_loopback_shops
    return str(APPROVALS[kind]) if kind in APPROVALS and able else ""


def _notice(kind: str) -> str:
    """WooCommerce hands keys only to an https address (woocommerce.md 2.1)."""
    if kind not in APPROVALS or _secure():
        return ""
    said = _(
        "Your shop hands over its keys only to an https address, and this engine is at %(address)s. Paste keys instead."
    )
    return said % {"address": settings.ENV.public_url}
