"""The kinds of events, one word each; `data` holds ids and amounts only."""

from __future__ import annotations

CART_ABANDONED = "cart.abandoned"
CART_EMPTIED = "cart.emptied"
CART_ORDERED = "cart.ordered"
ORDER_PLACED = "order.placed"
ORDER_PAID = "order.paid"
ORDER_FULFILLED = "order.fulfilled"
ORDER_DELIVERED = "order.delivered"
ORDER_CANCELLED = "order.cancelled"
ORDER_REFUNDED = "order.refunded"
CUSTOMER_SUPPRESSED = "customer.suppressed"
CUSTOMER_UNSUBSCRIBED = "customer.unsubscribed"
CONSENT_CHANGED = "consent.changed"
OFFER_ENDING = "offer.ending"
MAIL_CLICKED = "mail.clicked"
STORE_UNINSTALLED = "store.uninstalled"
