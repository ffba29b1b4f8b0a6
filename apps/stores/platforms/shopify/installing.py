"""Making a shop ready and keeping it so: who it is, what the app may, our webhooks, and Shopify's own mail."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from apps.stores.errors import AccessRefused, AddressForbidden, ShopTrouble
from apps.stores.network import permitted
from apps.stores.platforms.calling import Access, Door, Finding, Report
from apps.stores.platforms.shopify import hooks, questions
from apps.stores.platforms.shopify.client import API_VERSION, Client, asking
from apps.stores.platforms.shopify.parts import gid
from apps.stores.platforms.shopify.shapes import listed
from apps.stores.troubles import Trouble

NEEDED: Final = ("read_orders", "read_customers", "read_products")
"""Without these there is no basket, no person or no picture."""
USEFUL: Final = ("write_discounts", "read_locales", "read_markets", "read_fulfillments", "write_customers")
"""Each opens one thing: codes, languages, addresses, parcels, telling the shop of consent."""
OWN_MAIL_PATH: Final = (
    "Shopify admin → Marketing → Automations (or Apps → Messaging → Automations) → Abandoned checkout"
)
RECENT: Final = timedelta(days=30)
LINKS_END: Final = datetime(2027, 1, 1, tzinfo=UTC)
"""From then on Dev Dashboard apps without all four protected fields get no recovery links (shopify.md 7)."""
_FIELDS: Final = ("Name", "Email", "Phone", "Address")


def install(access: Access, door: Door, at: datetime) -> Report:
    """Try the keys, make our webhooks, say what the shop is. Twice changes nothing."""
    return _report(access, door, at, first_time=True)


def audit(access: Access, door: Door, at: datetime) -> Report:
    """The same, a while later: a webhook that is gone by now was removed, and is made anew."""
    return _report(access, door, at, first_time=False)


def _report(access: Access, door: Door, at: datetime, *, first_time: bool) -> Report:
    with asking(access) as client:
        answer = client.ask(questions.SHOP)
        shop, scopes = answer["shop"], _scopes(answer["currentAppInstallation"])
        outcome = hooks.mend(client, door, scopes, first_time=first_time) if _open_to(access, door) else hooks.closed()
        findings = [
            *_missing(scopes),
            *_protected(client, access, at),
            *outcome.findings,
            *_own_mail(client, at),
        ]
        language, domains = _language(client), _domains(client, shop)
        findings += client.noticed.values()
    return Report(
        name=shop["name"],
        currency=shop["currencyCode"],
        time_zone=shop["ianaTimezone"],
        country=(shop.get("shopAddress") or {}).get("countryCodeV2") or "",
        language=language,
        version=API_VERSION,
        external_id=gid(shop["id"]) or "",
        shop_domain=shop["myshopifyDomain"],
        domains=domains,
        scopes=scopes,
        hooks=tuple(outcome.hooks),
        findings=tuple(_once(findings)),
    )


def _open_to(access: Access, door: Door) -> bool:
    """Shopify delivers over https only, and never into a private network."""
    try:
        permitted(door.url, loopback=access.loopback)
    except AddressForbidden:
        return False
    return True


def _once(findings: Iterable[Finding]) -> list[Finding]:
    return list({(one.trouble, tuple(sorted(one.values.items()))): one for one in findings}.values())


def _scopes(installation: Any) -> tuple[str, ...]:
    return tuple(one["handle"] for one in (installation or {}).get("accessScopes") or ())


def _missing(scopes: Sequence[str]) -> list[Finding]:
    """A permission to write is one to read as well."""
    have = {*scopes, *(one.replace("write_", "read_", 1) for one in scopes)}
    found = [
        Finding(trouble=Trouble.SCOPE_MISSING, values={"scope": one}, blocks=True) for one in NEEDED if one not in have
    ]
    found += [Finding(trouble=Trouble.SCOPE_MISSING, values={"scope": one}) for one in USEFUL if one not in have]
    if "read_all_orders" not in have:
        found.append(Finding(trouble=Trouble.OLD_ORDERS_HIDDEN, values={"scope": "read_all_orders"}))
    return found


def _protected(client: Client, access: Access, at: datetime) -> list[Finding]:
    """Which of the four fields are withheld, and the recovery link, asked apart: its refusal costs only itself."""
    withheld = _denials(client, questions.PROTECTED)
    links = _denials(client, questions.RECOVERY_LINK)
    found = [one for one in (*withheld, *links) if one.trouble is Trouble.PROTECTED_DATA]
    if withheld and not access.credentials.get("token"):
        day = LINKS_END.date().isoformat()
        trouble = Trouble.LINKS_WILL_END if at < LINKS_END else Trouble.LINKS_ENDED
        found.append(Finding(trouble=trouble, values={"date": day, "fields": ", ".join(_FIELDS)}))
    return found


def _denials(client: Client, question: str) -> tuple[Finding, ...]:
    try:
        return client.ask(question).denied
    except AccessRefused as trouble:
        if trouble.trouble not in (Trouble.PROTECTED_DATA, Trouble.SCOPE_MISSING):
            raise
        return (Finding(trouble=trouble.trouble, values=trouble.values),)


def _own_mail(client: Client, at: datetime) -> list[Finding]:
    """No API says whether Shopify's own mail is on: what it sent lately does (shopify.md 5)."""
    since = (at - RECENT).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    query = f"(email_state:sent OR email_state:scheduled) created_at:>='{since}'"
    sent = _optional(client, questions.OWN_MAIL, query=query)
    if sent is not None and listed(sent.get("abandonedCheckouts")):
        return [Finding(trouble=Trouble.OWN_RECOVERY_MAIL, values={"path": OWN_MAIL_PATH})]
    return [Finding(trouble=Trouble.OWN_RECOVERY_UNKNOWN, values={"platform": "Shopify", "path": OWN_MAIL_PATH})]


def _optional(client: Client, question: str, **variables: Any) -> Any:
    """What may be refused without harm; None then."""
    try:
        return client.ask(question, **variables).data
    except ShopTrouble as trouble:
        if trouble.trouble not in (Trouble.SCOPE_MISSING, Trouble.PROTECTED_DATA):
            raise
        return None


def _language(client: Client) -> str:
    found = _optional(client, questions.LANGUAGES) or {}
    return next((one["locale"] for one in found.get("shopLocales") or () if one["primary"]), "")


def _domains(client: Client, shop: Any) -> tuple[str, ...]:
    """All hosts of the shop: recovery links may lead to these and nowhere else."""
    found = _optional(client, questions.DOMAINS) or {}
    hosts = [(shop.get("primaryDomain") or {}).get("host"), shop["myshopifyDomain"]]
    hosts += [(one.get("domain") or {}).get("host") for one in listed(found.get("webPresences"))]
    return tuple(dict.fromkeys(host.lower() for host in hosts if host))
