"""The gate's questions as SQL, over the aliases m (message), s (store), cu (customer) and c (basket).

The verdict reads them and the point of no return asks them again, word for word: what another writer can
change between the two is then noticed in the statement that lets the mail go.
"""

from __future__ import annotations

SUPPRESSED = """EXISTS (SELECT 1 FROM consent_suppression x WHERE x.store_id = m.store_id
    AND x.address_hash = cu.address_hash AND x.lifted_at IS NULL
    AND (x.scope = 'everything' OR m.kind = 'marketing'))"""

SUPPRESSED_ALL = """EXISTS (SELECT 1 FROM consent_suppression x WHERE x.store_id = m.store_id
    AND x.address_hash = cu.address_hash AND x.lifted_at IS NULL AND x.scope = 'everything')"""

ORDERED = """(m.since IS NOT NULL AND (
    EXISTS (SELECT 1 FROM orders_order o WHERE o.customer_id = m.customer_id AND o.silences
        AND o.placed_at >= m.since)
    OR EXISTS (SELECT 1 FROM orders_order o WHERE o.store_id = m.store_id AND o.email_key = cu.email_key
        AND o.silences AND o.placed_at >= m.since)
    OR EXISTS (SELECT 1 FROM orders_order o WHERE o.store_id = m.store_id AND o.account = c.account
        AND o.silences AND o.placed_at >= m.since)
    OR EXISTS (SELECT 1 FROM customers_customerkey k JOIN orders_order o ON o.customer_id = k.customer_id
        WHERE k.store_id = m.store_id AND k.kind = 'account' AND k.value = c.account
        AND o.silences AND o.placed_at >= m.since)))"""

BASKET_STANDS = """(m.cart_id IS NULL OR c.status = 'abandoned'
    OR c.status = 'active' AND (m.kind <> 'marketing' OR c.due_at IS NULL OR c.due_at <= %(at)s))"""
"""Neither ordered nor emptied; and no reminder while the shopper is filling it again."""

STORE_SENDS = "(s.status = 'active' AND s.sending_epoch = m.sending_epoch)"

OBJECTED = """EXISTS (SELECT 1 FROM consent_permission p WHERE p.customer_id = m.customer_id
    AND (p.state = 'erased' OR p.state = 'denied' AND m.kind IN ('marketing', 'confirmation')))"""
"""Said no, or asked to be forgotten: then not even service mail."""

OUTRANKED = """(m.kind = 'marketing' AND EXISTS (SELECT 1 FROM mail_message h
    WHERE h.customer_id = m.customer_id AND h.kind = 'marketing' AND h.status IN ('planned', 'claimed')
    AND h.priority < m.priority AND h.wanted_at <= %(at)s AND h.id <> m.id))"""
"""Something more urgent waits for the same person: this one must not take the place it waits for."""

LEFT_SINCE = """(SELECT count(*) FROM mail_message h WHERE h.customer_id = m.customer_id AND h.kind = 'marketing'
    AND h.sending_at IS NOT NULL AND h.sending_at > {since} AND h.id <> m.id)"""
"""How many marketing mails left for this person after a moment: what the caps count."""
