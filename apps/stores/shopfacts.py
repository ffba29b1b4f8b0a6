"""What translation and links need to know of stores, loaded once per batch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

import msgspec

from apps.core import db
from apps.core.secrets import unseal
from apps.stores.platforms.base import ShopFacts, ShopLinks


def facts_of(store_ids: Sequence[int]) -> dict[int, ShopFacts]:
    """The facts of these stores, by id."""
    found = db.rows(
        "SELECT id, currency, language, country, url, shop_domain, order_statuses::text, rules::text"
        " FROM stores_store WHERE id = ANY(%s::bigint[])",
        [list(store_ids)],
    )
    return {row[0]: _facts(row) for row in found}


def _facts(row: tuple) -> ShopFacts:  # type: ignore[type-arg]
    rules = msgspec.json.decode(row[7])
    return ShopFacts(
        currency=row[1],
        language=row[2],
        country=row[3],
        url=row[4],
        shop_domain=row[5],
        order_statuses=msgspec.json.decode(row[6]),
        consent_meta=rules.get("consent_meta") or {},
    )


LINKS = """s.url, s.shop_domain, s.key, s.companion_seen_at IS NOT NULL, s.shop_version,
    (SELECT k.sealed FROM stores_storesecret k WHERE k.store_id = s.id ORDER BY k.created_at DESC, k.id DESC LIMIT 1)"""
"""The columns that `links_from` reads, over the alias s."""


def links_of(store_id: int) -> ShopLinks:
    """What this store can restore with."""
    row = db.rows(f"SELECT s.profile::text, {LINKS} FROM stores_store s WHERE s.id = %s", [store_id])[0]
    return links_from(row[1:], msgspec.json.decode(row[0]))


def links_from(row: tuple[Any, ...], profile: Mapping[str, Any]) -> ShopLinks:
    """From the columns of LINKS and the store's profile."""
    url, shop_domain, key, companion, version, sealed = row
    hosts = {host_of(url), shop_domain, *(str(domain) for domain in profile.get("domains", ()) if domain)}
    return ShopLinks(
        url=url,
        shop_domain=shop_domain,
        secret=unseal(sealed, bound_to=f"{key}/webhook") if sealed else "",
        companion=companion,
        version=tuple(int(part) for part in version.split(".") if part.isdigit()),
        hosts=frozenset(host for host in hosts if host),
    )


def host_of(url: str) -> str:
    """The host of a shop's address; one without a dot gets an ending, for mail needs one."""
    host = urlsplit(url).hostname or "localhost"
    return host if "." in host else f"{host}.localdomain"
