"""Consent when persons merge, ask for a copy, or are forgotten.

A yes goes with the person. A no belongs to the address: it moves with nobody and survives everybody.
"""

from __future__ import annotations

from collections.abc import Sequence

from apps.consent.recording import _NEWEST
from apps.core import db
from apps.core.following import Erasing, Following, deleting, exporting, follow, on_account, staying
from apps.customers.erasure import Place, remembers
from apps.events import kinds
from apps.events.log import Happened, append

_UNIQUE = "(k.state, k.at, k.source, k.attest, k.account) = (g.state, g.at, g.source, g.attest, g.account)"

# What was said before stands aside: not even a complaint outlives the wish to be forgotten.
_FORBID = """
INSERT INTO consent_suppression AS s (store_id, address_hash, scope, reason, at, origin)
SELECT %s, hash, 'everything', 'erased', %s, 'erasure' FROM unnest(%s::bytea[]) AS hash ORDER BY hash
ON CONFLICT (store_id, address_hash) DO UPDATE SET scope = 'everything', reason = 'erased', at = excluded.at,
    lifted_at = NULL, origin = 'erasure'
WHERE s.reason <> 'erased' OR s.lifted_at IS NOT NULL
RETURNING id
"""

_ERASED = """
SELECT store_id, address_hash FROM consent_suppression
JOIN unnest(%s::bigint[], %s::bytea[]) AS t(store_id, address_hash) USING (store_id, address_hash)
WHERE reason = 'erased' AND lifted_at IS NULL
"""


def _move(_store_id: int, kept: int, gone: int) -> None:
    """Every word is kept; of both rows' words the newest counts, as if one person had always said them."""
    db.run("DELETE FROM consent_permission WHERE customer_id = %s", [gone])
    # What both rows hold was one word; the kept row's stands, its permission may point at it.
    db.run(
        "DELETE FROM consent_consentrecord g USING consent_consentrecord k"
        f" WHERE g.customer_id = %s AND k.customer_id = %s AND {_UNIQUE}",
        [gone, kept],
    )
    db.run("UPDATE consent_consentrecord SET customer_id = %s WHERE customer_id = %s", [kept, gone])
    db.run(_NEWEST, [[kept]])


_SAID_BEFORE = """
SELECT DISTINCT r.customer_id FROM consent_consentrecord r JOIN customers_customer c ON c.id = r.customer_id
WHERE r.account = %s AND c.store_id = %s AND r.customer_id <> %s
"""


@on_account
def _move_with_account(store_id: int, account: str, customer: int) -> None:
    """What was said under the account alone is the word of whoever the account stands for now.

    Which word then counts for either is found out when the batch is recorded.
    """
    before = [row[0] for row in db.rows(_SAID_BEFORE, [account, store_id, customer])]
    if not before:
        return
    db.run("DELETE FROM consent_permission WHERE customer_id = ANY(%s::bigint[])", [[*before, customer]])
    db.run(
        "DELETE FROM consent_consentrecord g USING consent_consentrecord k"
        f" WHERE g.customer_id = ANY(%s::bigint[]) AND g.account = %s AND k.customer_id = %s AND {_UNIQUE}",
        [before, account, customer],
    )
    db.run(
        "UPDATE consent_consentrecord SET customer_id = %s WHERE customer_id = ANY(%s::bigint[]) AND account = %s",
        [customer, before, account],
    )


def _forbid(who: Erasing) -> None:
    """Nothing is ever sent to the address again, and nobody needs to know it for that."""
    new = db.rows(_FORBID, [who.store_id, who.at, list(who.hashes)])
    append([_told(who, row[0]) for row in new], who.at)


def _told(who: Erasing, row: int) -> Happened:
    return Happened(
        store_id=who.store_id,
        customer_id=None,
        subject=f"suppression:{row}",
        kind=kinds.CUSTOMER_SUPPRESSED,
        occurred_at=who.at,
        source_key=f"{row}:{who.at:%Y%m%dT%H%M%S.%f}",
        data={"suppression": row, "scope": "everything", "reason": "erased"},
        announced=False,
    )


@remembers
def erased(places: Sequence[Place]) -> set[Place]:
    """Which of these addresses asked to be forgotten."""
    found = db.rows(_ERASED, [[place[0] for place in places], [place[1] for place in places]])
    return {(row[0], bytes(row[1])) for row in found}


follow(
    Following(
        model="consent.ConsentRecord",
        columns=("customer_id",),
        move=_move,
        export=exporting(
            "consent_consentrecord r LEFT JOIN stores_notice n ON n.id = r.notice_id",
            "r.at, r.state, r.source, r.text_version, n.text AS notice, r.double_opt_in, r.attest, r.recorded_at",
            where="r.customer_id = %s",
            order="1, r.id",
        ),
        erase=deleting("consent_consentrecord"),
    )
)
follow(
    Following(
        model="consent.Permission",
        columns=("customer_id",),
        # Made anew with the records it points at.
        move=staying,
        export=exporting("consent_permission", "state, at"),
        erase=deleting("consent_permission"),
    )
)
follow(
    Following(
        model="consent.Suppression",
        move=staying,
        export=exporting(
            "consent_suppression s JOIN customers_customer c USING (store_id, address_hash)",
            "s.at, s.scope, s.reason, s.origin, s.lifted_at",
            where="c.id = %s",
        ),
        erase=_forbid,
    )
)
