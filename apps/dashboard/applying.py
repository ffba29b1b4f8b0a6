"""A shop that somebody wants to add: what was typed, what the shop shows of itself, and the store that comes of it."""

from __future__ import annotations

import re
import secrets as random
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TYPE_CHECKING, Final

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from apps.accounts.models import Membership, User
from apps.accounts.roles import Deed, Role, may_somewhere, visible
from apps.dashboard.ownshop.address import host_of, shop_address
from apps.dashboard.ownshop.looking import MYSHOPIFY, Busy, Shop, look
from apps.flows.presets import install_kit, kits
from apps.stores.adding import add, draft
from apps.stores.errors import ShopTrouble
from apps.stores.models import Store
from apps.stores.platforms.base import platforms
from apps.stores.platforms.calling import Credential, Way
from apps.stores.settings_changing import change, read_changes
from apps.stores.settings_table import SETTINGS
from apps.stores.troubles import Trouble, explain

if TYPE_CHECKING:
    from django_stubs_ext import StrPromise

KIT: Final = "first-successes"
KITS: Final[Mapping[str, StrPromise]] = {
    "starting": gettext_lazy("just starting"),
    "first-successes": gettext_lazy("first successes"),
    "growing": gettext_lazy("growing"),
    "steady": gettext_lazy("steady"),
    "strong": gettext_lazy("strong"),
}
NOBODY_THERE: Final = frozenset({Trouble.ADDRESS_FORBIDDEN, Trouble.UNREACHABLE, Trouble.TIMED_OUT, Trouble.NOT_HTTPS})
"""What makes going on pointless; anything else of a shop's front page is no reason not to try its keys."""
SETTING_NAMES: Final = ("from_email", "postal_address")
AGENCY: Final = "oauth"
"""The way whose key the shop hands over: typed is only what asks for it, the app's own id and secret."""
ASKS_WITH: Final = ("client_id", "client_secret")


@dataclass(frozen=True, slots=True, kw_only=True)
class Application:
    """What was typed to add or connect a shop. Secrets of it are never shown again."""

    platform: str
    address: str = ""
    shop_domain: str = ""
    from_email: str = ""
    postal_address: str = ""
    kit: str = KIT
    way: str = ""
    credentials: Mapping[str, str] = field(default_factory=dict, repr=False)


def may_add(user: User | AnonymousUser) -> bool:
    """The operator, and who owns a shop here already: an agency adds the next one itself."""
    return bool(user.is_active and (user.is_superuser or may_somewhere(user, Deed.MANAGE)))


def read(typed: Mapping[str, str]) -> Application:
    """The form as it came."""
    platform, way = typed.get("platform", ""), typed.get("way", "")
    names = [credential.name for credential in typed_for(way_of(platform, way))]
    return Application(
        platform=platform,
        address=typed.get("address", "").strip(),
        shop_domain=typed.get("shop_domain", "").strip().lower(),
        from_email=typed.get("from_email", "").strip(),
        postal_address=typed.get("postal_address", "").strip(),
        kit=typed.get("kit", "") or KIT,
        way=way,
        credentials={name: typed.get(field_name(way, name), "").strip() for name in names},
    )


def way_of(platform: str, name: str) -> Way | None:
    """The way of this name in which a shop of this platform can be connected."""
    ways = platforms.get(platform).ways if platform in platforms else ()
    return next((way for way in ways if way.name == name), None)


def typed_for(way: Way | None) -> tuple[Credential, ...]:
    """What the owner types for this way."""
    if way is None:
        return ()
    return tuple(one for one in way.credentials if way.name != AGENCY or one.name in ASKS_WITH)


def field_name(way: str, credential: str) -> str:
    """Its name in the form: two ways may ask for the same thing."""
    return f"credential.{way}.{credential}"


def errors_of(asked: Application) -> dict[str, str]:
    """What is wrong with what was typed, by the field's name; nothing is asked of the shop for it."""
    errors = address_errors(asked)
    if asked.platform not in platforms:
        errors["platform"] = _("Choose where the shop runs.")
    for name in SETTING_NAMES:
        errors |= _of_setting(name, getattr(asked, name))
    if asked.kit not in kits():
        errors["kit"] = _("Choose one of these.")
    return errors | credential_errors(asked)


def without_keys(asked: Application) -> Application:
    """The same, for somebody who lets the shop hand over its keys."""
    return replace(asked, way="", credentials={})


def credential_errors(asked: Application) -> dict[str, str]:
    """Keys that cannot be keys: a secret is not shown again, so only its name stands in the error."""
    errors = {}
    for one in typed_for(way_of(asked.platform, asked.way)):
        given, name = asked.credentials.get(one.name, ""), field_name(asked.way, one.name)
        if not given:
            errors[name] = _("Fill this in.")
        elif not re.fullmatch(one.pattern, given):
            errors[name] = _("This does not look like it; copy it whole.")
    return errors


def address_errors(asked: Application) -> dict[str, str]:
    """An address that we would not call."""
    try:
        shop_address(asked.address, loopback=settings.ENV.allow_loopback_shops)
    except ShopTrouble:
        return {"address": _("An address as it stands in the browser's bar, such as molenzicht.nl.")}
    if asked.platform == "shopify" and asked.shop_domain and not MYSHOPIFY.fullmatch(asked.shop_domain):
        return {"shop_domain": _("The shop's own name at Shopify, such as molenzicht.myshopify.com.")}
    return {}


def _of_setting(name: str, text: str) -> dict[str, str]:
    setting = SETTINGS[name]
    if not text:
        return {}
    try:
        setting.form.parse(text)
    except ValueError:
        return {name: _("Expected %(accepts)s.") % {"accepts": setting.form.accepts}}
    return {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """The shop as it shows itself, or why it could not be seen."""

    shop: Shop
    said: str = ""
    mend: str = ""
    blocks: bool = False


def see(asked: Application) -> Seen:
    """Look at the shop as any visitor may: its real address, its name and its look. Called outside any transaction."""
    loopback = settings.ENV.allow_loopback_shops
    address = shop_address(asked.address, loopback=loopback)
    unseen = Shop(url=address, name=host_of(address))
    try:
        return Seen(shop=look(address, loopback=loopback))
    except Busy:
        return Seen(shop=unseen)
    except ShopTrouble as trouble:
        said, mend = explain(trouble.trouble, trouble.values)
        return Seen(shop=unseen, said=said, mend=mend, blocks=trouble.trouble in NOBODY_THERE)


def connected_already(asked: Application, shop: Shop, user: User) -> Store | None:
    """The store of this very shop that this person has and that is connected: a second one would mail people twice."""
    mine = visible(Store.objects.filter(platform=asked.platform), user).filter(url=shop.url)
    return mine.filter(connection__connected_at__isnull=False).order_by("pk").first()


@transaction.atomic
def store_for(asked: Application, shop: Shop, user: User, at: datetime) -> Store:
    """The store of this shop: a new one with its kit, or the one that this person began with before.

    Its own name and looks come from what it shows; what it says of itself once connected wins (stores/connecting.py).
    """
    begun = visible(Store.objects.filter(platform=asked.platform), user).filter(url=shop.url, connection__isnull=True)
    store = begun.filter(last_delivery_at__isnull=True, is_demo=False).order_by("pk").first()
    if store is not None:
        change(store, read_changes(_pairs(asked, shop, known=True)), at)
        return store
    made = add(draft(asked.platform, _pairs(asked, shop), [_own_secret()]), at)
    install_kit(made, asked.kit, at)
    if not user.is_superuser:
        Membership.objects.create(user=user, store=made, role=Role.OWNER)
    return made


def move(store: Store, asked: Application, at: datetime) -> None:
    """The shop's address as it was typed again: as long as it is not connected, a mistake in it can be mended."""
    address = shop_address(asked.address, loopback=settings.ENV.allow_loopback_shops)
    wanted = {"url": address, "shop_domain": asked.shop_domain}
    now = {"url": store.url, "shop_domain": store.shop_domain}
    pairs = [f"{name}={value}" for name, value in wanted.items() if value and value != now[name]]
    if pairs:
        change(store, read_changes(pairs), at)


def _pairs(asked: Application, shop: Shop, *, known: bool = False) -> list[str]:
    speaks = {"nl": "nl", "en": "en"}.get(shop.language, "")
    values = {
        "url": shop.url,
        "shop_domain": asked.shop_domain or domain_of(asked, shop),
        "from_email": asked.from_email,
        "postal_address": asked.postal_address,
        "profile.logo": shop.logo,
        "profile.colour": shop.colour,
    }
    # The settings refuse a private or plain address; a shop on this machine exists only in development.
    first = {} if known else {"name": shop.name[:120] or shop.host, "language": speaks, "country": shop.country}
    return [f"{name}={value}" for name, value in (first | values).items() if value and _taken(name, value)]


def _taken(name: str, value: str) -> bool:
    """What a shop says of itself may be anything; a setting that cannot hold it keeps its default."""
    try:
        SETTINGS[name].form.parse(value)
    except (ValueError, OverflowError):
        return name in ("name", "url")
    return True


def domain_of(asked: Application, shop: Shop) -> str:
    """The shop's name at Shopify: typed as its address, or told by its own pages."""
    if asked.platform != "shopify":
        return ""
    typed = asked.address.lower().removeprefix("https://").strip("/")
    return typed if MYSHOPIFY.fullmatch(typed) else shop.shop_domain


def _own_secret() -> str:
    """Letters and digits only: WooCommerce decodes entities in a secret before it signs."""
    return random.token_hex(24)
