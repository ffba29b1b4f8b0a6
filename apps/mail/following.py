"""Mail when persons merge, ask for a copy, or are forgotten; and when what was written goes.

That a mail was planned, sent or not sent stays for the sums; to whom and what it said does not.
"""

from __future__ import annotations

from datetime import datetime

from apps.carts.following import HIS, his
from apps.carts.recording import on_join
from apps.core import db, retention
from apps.core.following import (
    Erasing,
    Following,
    exporting,
    follow,
    repointing,
    staying,
)
from apps.core.reasons import Reason

# A mail to somebody else about a basket that goes has nothing left to say.
_WHOSE = f"""
SELECT m.id FROM mail_message m WHERE m.store_id = %(store)s AND (m.customer_id = ANY(%(customers)s::bigint[])
    OR m.cart_id IN (SELECT c.id FROM carts_cart c WHERE {HIS}))
ORDER BY m.id FOR NO KEY UPDATE
"""

_WITHDRAW = """
UPDATE mail_message SET status = 'skipped', reason = %s, due_at = NULL, ended_at = %s, token = NULL,
    lease_until = NULL
WHERE id = ANY(%s::bigint[]) AND status IN ('planned', 'claimed')
"""

_EMPTY = """
UPDATE mail_message SET customer_id = NULL, cart_id = NULL, address = '', evidence = '{}', verdict = '{}',
    provider_id = '', response = ''
WHERE id = ANY(%s::bigint[])
"""


@on_join
def _joined(kept: int, gone: int) -> None:
    """Mail about the one basket is about the other."""
    db.run("UPDATE mail_message SET cart_id = %s WHERE cart_id = %s", [kept, gone])


def _ids(who: Erasing) -> list[int]:
    return [row[0] for row in db.rows(_WHOSE, his(who))]


def _erase(who: Erasing) -> None:
    """What waits is withdrawn. A mail already in flight cannot be called back; it lands unnamed."""
    ids = _ids(who)
    db.run(_WITHDRAW, [Reason.SUPPRESSED_EVERYTHING, who.at, ids])
    db.run(_EMPTY, [ids])


def _erase_letters(who: Erasing) -> None:
    db.run("DELETE FROM mail_letter WHERE message_id = ANY(%s::bigint[])", [_ids(who)])


def _erase_outbox(who: Erasing) -> None:
    db.run("DELETE FROM mail_outboxmail WHERE message_id = ANY(%s::bigint[])", [_ids(who)])


follow(
    Following(
        model="mail.Message",
        columns=("customer_id",),
        move=repointing("mail_message"),
        export=exporting(
            "mail_message",
            "planned_at, id, kind, purpose, template_slug, status, reason, due_at, "
            "sending_at, ended_at, address, basis, policy_version, evidence, cart_id, "
            "order_id, response",
            order="1, id",
        ),
        erase=_erase,
    )
)
follow(
    Following(
        model="mail.Letter",
        move=staying,
        export=exporting(
            "mail_letter l JOIN mail_message m ON m.id = l.message_id",
            "l.message_id, l.rendered_at, l.subject, l.context, l.targets",
            where="m.customer_id = %s",
        ),
        erase=_erase_letters,
    )
)
follow(
    Following(
        model="mail.OutboxMail",
        move=staying,
        export=exporting(
            "mail_outboxmail o JOIN mail_message m ON m.id = o.message_id",
            "o.message_id, o.at, encode(o.data, 'base64') AS data",
            where="m.customer_id = %s",
        ),
        erase=_erase_outbox,
    )
)


@retention.rule("letters", keep="30 days")
def _letters(before: datetime, limit: int) -> int:
    """A link in an older mail leads to the shop's front page."""
    return db.run(
        "DELETE FROM mail_letter WHERE message_id IN (SELECT message_id FROM mail_letter"
        " WHERE rendered_at < %s ORDER BY message_id LIMIT %s)",
        [before, limit],
    )


@retention.rule("outbox", keep="30 days")
def _outbox(before: datetime, limit: int) -> int:
    return db.run(
        "DELETE FROM mail_outboxmail WHERE message_id IN (SELECT message_id FROM mail_outboxmail"
        " WHERE at < %s ORDER BY message_id LIMIT %s)",
        [before, limit],
    )
