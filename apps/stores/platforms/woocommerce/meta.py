"""What plugins and our companion leave in `meta_data`: joins, consent, language, attribution."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import msgspec

from apps.stores.platforms.cleaning import aware, known, text, url
from apps.stores.platforms.woocommerce.payloads import CompanionConsent, Meta
from apps.stores.snapshots import ConsentGiven

UTM_SOURCE = "mandje"

_ATTRIBUTION = "_wc_order_attribution_"
_MAILCHIMP = "mailchimp_woocommerce_is_subscribed"
_BLOCK_FIELD = "_wc_other/"
# The companion's own box is never ticked beforehand (woocommerce.md 5.5); of others only the owner
# knows.
_OWN_FIELD = "_wc_other/rcv/"
_ABOUT_MAIL = ("marketing", "newsletter", "nieuwsbrief", "mailing")
_ABOUT_PHONES = ("sms", "phone", "whatsapp", "text-message")
_LANGUAGE_KEYS = ("wpml_language", "trp_language")
_TICKED = frozenset({"1", "yes", "true", "on", "y"})


def by_key(metas: list[Meta] | None) -> dict[str, Any]:
    return {meta.key: meta.value for meta in metas or () if meta.key}


def word(values: Mapping[str, Any], key: str, limit: int = 200) -> str:
    value = values.get(key)
    if type(value) is int:
        return str(value)
    return text(value, limit) if isinstance(value, str) else ""


def locale(values: Mapping[str, Any]) -> str | None:
    return next((found for key in _LANGUAGE_KEYS if (found := word(values, key, 20))), None)


def landing(values: Mapping[str, Any]) -> str:
    value = values.get(_ATTRIBUTION + "session_entry")
    return url(value) if isinstance(value, str) else ""


def click(values: Mapping[str, Any]) -> str:
    """Our own token: the companion's stamp, or WooCommerce's attribution of a link of ours."""
    if rid := word(values, "_rcv_rid"):
        return rid
    if word(values, _ATTRIBUTION + "utm_source") == UTM_SOURCE:
        return word(values, _ATTRIBUTION + "utm_id")
    return ""


def consent(values: Mapping[str, Any], at: datetime | None, owner: Mapping[str, str] | None) -> ConsentGiven | None:
    """The companion's stamp first, then the boxes the owner named, then those we recognise.

    A box left alone says nothing: it is no refusal.
    """
    if stamped := _stamp(values.get("_rcv_consent"), at):
        return stamped
    for key, source in (owner or {}).items():
        if _ticked(values.get(key)):
            return ConsentGiven(state="granted", at=at, source=source)
    for key, value in values.items():
        if (key == _MAILCHIMP or (key.startswith(_BLOCK_FIELD) and _is_about_mail(key))) and _ticked(value):
            return ConsentGiven(state="granted", at=at, source=text(key, 100), attest=not key.startswith(_OWN_FIELD))
    return None


def _stamp(value: Any, at: datetime | None) -> ConsentGiven | None:
    if isinstance(value, str) and value.startswith("{"):
        # Some shops' plugins store arrays as JSON text.
        value = _decoded(value)
    if not isinstance(value, dict):
        return None
    try:
        return given(msgspec.convert(value, CompanionConsent), at)
    except msgspec.ValidationError:
        return None


def _decoded(value: str) -> Any:
    try:
        return msgspec.json.decode(value)
    except (ValueError, RecursionError):
        return None


def given(stamp: CompanionConsent | None, at: datetime | None) -> ConsentGiven | None:
    """The companion's `{"state","at","source","text_version"}` (woocommerce.md 5.4)."""
    if stamp is None or stamp.state not in ("granted", "denied"):
        return None
    return ConsentGiven(
        state="granted" if stamp.state == "granted" else "denied",
        at=aware(stamp.at) or at,
        source=text(stamp.source, 100) or "companion",
        text_version=known(None if stamp.text_version is None else str(stamp.text_version), 100) or "",
    )


def _is_about_mail(key: str) -> bool:
    field = key.lower()
    return any(sign in field for sign in _ABOUT_MAIL) and not any(sign in field for sign in _ABOUT_PHONES)


def _ticked(value: Any) -> bool:
    return value is True or (isinstance(value, (str, int)) and str(value).strip().lower() in _TICKED)
