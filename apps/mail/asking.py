"""The gate's questions as SQL, over the aliases m (message), s (store), cu (customer) and c (basket).

The verdict reads them and the point of no return asks them again, word for word: what another writer can
change between the two is then noticed in the statement that lets the mail go.
"""

from __future__ import annotations

from typing import Final

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
    OR c.status = 'active' AND (m.kind <> 'marketing' OR m.purpose = 'unpaid' OR c.due_at IS NULL
        OR c.due_at <= %(at)s))"""
"""Neither ordered nor emptied; and no reminder while the shopper is filling it again.

An order that waits for its payment counts its own half hour from the last change, sooner than a basket falls silent.
"""

STORE_SENDS = "(s.status = 'active' AND s.sending_epoch = m.sending_epoch)"

OBJECTED = """EXISTS (SELECT 1 FROM consent_permission p WHERE p.customer_id = m.customer_id
    AND (p.state = 'erased' OR p.state = 'denied' AND m.kind IN ('marketing', 'confirmation')))"""
"""Said no, or asked to be forgotten: then not even service mail."""

UNHELD: Final = ("cart", "checkout", "abandoned-cart", "abandoned-checkout", "unpaid", "care")
"""Marketing that goes on while a hold stands: a basket is the person's own wish, and care answers the complaint."""

_UNHELD = ", ".join(f"'{purpose}'" for purpose in UNHELD)

STANDING = f"""SELECT d.kind, d.began_at, d.ends_at FROM customers_hold d
    WHERE d.customer_id = m.customer_id AND m.kind = 'marketing' AND m.purpose NOT IN ({_UNHELD})
    AND d.began_at <= %(at)s AND (d.ends_at IS NULL OR d.ends_at > %(at)s)"""
"""The holds that keep promotions from this person: an open return or complaint, a late order, a low score."""

HELD = f"EXISTS ({STANDING})"

OUTRANKED = """(m.kind = 'marketing' AND EXISTS (SELECT 1 FROM mail_message h
    WHERE h.customer_id = m.customer_id AND h.kind = 'marketing' AND h.status IN ('planned', 'claimed')
    AND h.priority < m.priority AND h.wanted_at <= %(at)s AND h.id <> m.id AND NOT starts_with(h.reason, 'hold_')
    AND (m.shadow OR NOT h.shadow)))"""
"""Something more urgent waits for the same person: this one must not take the place it waits for.

What a hold keeps back waits for no place: it may wait for weeks, and a mail that no hold touches goes meanwhile.
"""

IN_SHADOW: Final = "h.shadow AND h.status = 'skipped' AND h.reason = 'shadow'"
"""What would have left, at `ended_at`: it takes the place of other such mail, and never of mail that leaves."""

LEFT_SINCE = """(SELECT count(*) FROM mail_message h WHERE h.customer_id = m.customer_id AND h.kind = 'marketing'
    AND h.sending_at IS NOT NULL AND h.sending_at > {since} AND h.id <> m.id)"""
"""How many marketing mails left for this person after a moment: what the caps count."""
