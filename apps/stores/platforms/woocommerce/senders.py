"""Who else in a WooCommerce shop may write to people about their baskets, by the plugins that are active."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, Final

from apps.stores.platforms.calling import Finding
from apps.stores.troubles import Trouble

# Plugins whose very purpose it is: path in WordPress under which it is switched off.
RECOVERERS: Final = {
    "woo-cart-abandonment-recovery": "WordPress → WooCommerce → Cart Abandonment → Settings (CartFlows)",
    "woocommerce-abandoned-cart": "WordPress → WooCommerce → Abandoned Carts → Email Templates",
    "woocommerce-abandon-cart-pro": "WordPress → WooCommerce → Abandoned Carts → Templates",
    "retainful-next-order-coupon-for-woocommerce": "WordPress → Retainful → Abandoned carts",
    "yith-woocommerce-recover-abandoned-cart-premium": "WordPress → YITH → Recover Abandoned Cart",
    "yith-woocommerce-recover-abandoned-cart": "WordPress → YITH → Recover Abandoned Cart",
    "woo-abandoned-cart-recovery": "WordPress → Abandoned Cart → Email templates",
    "abandoned-cart-recovery-for-woocommerce": "WordPress → Abandoned Cart Recovery → Settings",
    "cartbounty": "WordPress → CartBounty → Recovery",
    "woo-save-abandoned-carts": "WordPress → CartBounty → Recovery",
}
# Mail programs that can do it beside much else; whether they do is not told to anybody.
MAILERS: Final = {
    "mailchimp-for-woocommerce": ("Mailchimp", "Mailchimp → Automations → Abandoned cart"),
    "klaviyo": ("Klaviyo", "Klaviyo → Flows → Abandoned cart, Checkout abandonment"),
    "mailpoet": ("MailPoet", "WordPress → MailPoet → Automations → Abandoned cart"),
    "automatewoo": ("AutomateWoo", "WordPress → AutomateWoo → Workflows → Abandoned cart"),
    "cartflows": ("CartFlows", "WordPress → WooCommerce → Cart Abandonment"),
    "omnisend-connect": ("Omnisend", "Omnisend → Automation → Abandoned cart"),
    "woocommerce-sendinblue-newsletter-subscription": ("Brevo", "Brevo → Automations → Abandoned cart"),
    "activecampaign-for-woocommerce": ("ActiveCampaign", "ActiveCampaign → Automations → Abandoned cart"),
    "fluent-crm": ("FluentCRM", "WordPress → FluentCRM → Automations"),
    "wp-marketing-automations": ("FunnelKit Automations", "WordPress → FunnelKit Automations → Carts"),
    "shopmagic-for-woocommerce": ("ShopMagic", "WordPress → ShopMagic → Automations"),
    "hubspot-for-woocommerce": ("HubSpot", "HubSpot → Automations → Abandoned cart"),
    "drip": ("Drip", "Drip → Workflows → Abandoned cart"),
}
REVIEWERS: Final = {
    "customer-reviews-woocommerce": "WordPress → Reviews → Settings → Review Reminder",
    "yith-woocommerce-review-reminder": "WordPress → YITH → Review Reminder",
    "judgeme-product-reviews-woocommerce": "Judge.me → Settings → Requests",
}
CORE_RECOVERY: Final = "abandoned_cart_recovery"
CORE_REVIEWS: Final = "customer_review_request"
_SLUG: Final = re.compile(r"[a-z0-9_-]{1,100}")


def slugs(plugins: Iterable[Any]) -> dict[str, str]:
    """Folder of each active plugin → its version, from `system_status.active_plugins`."""
    found = {}
    for one in plugins:
        if isinstance(one, dict) and isinstance(one.get("plugin"), str):
            slug = one["plugin"].partition("/")[0].removesuffix(".php")
            if _SLUG.fullmatch(slug):
                found[slug] = str(one.get("version") or "")[:40]
    return found


def own_mail(active: dict[str, str], features: Iterable[Any], *, companion: bool) -> list[Finding]:
    """What may write about baskets or reviews as well as we do."""
    switched_on = {str(one) for one in features}
    found = [_writes(path) for slug, path in RECOVERERS.items() if slug in active]
    # Our plugin holds WooCommerce's own mail back (woocommerce.md 5.7).
    if CORE_RECOVERY in switched_on and not companion:
        found.append(_writes("WordPress → WooCommerce → Settings → Advanced → Features → Abandoned cart recovery"))
    for slug, (name, path) in MAILERS.items():
        if slug in active and not (slug == "cartflows" and "woo-cart-abandonment-recovery" in active):
            found.append(Finding(trouble=Trouble.OWN_RECOVERY_UNKNOWN, values={"platform": name, "path": path}))
    reviewing = [path for slug, path in REVIEWERS.items() if slug in active]
    if CORE_REVIEWS in switched_on:
        reviewing.append("WordPress → WooCommerce → Settings → Emails → Review request")
    return [*found, *(Finding(trouble=Trouble.OWN_REVIEW_MAIL, values={"path": path}) for path in reviewing)]


def _writes(path: str) -> Finding:
    return Finding(trouble=Trouble.OWN_RECOVERY_MAIL, values={"path": path})
