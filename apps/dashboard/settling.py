"""Mail in doubt, settled by a person: it arrived, or it is sent once more."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from django.db import transaction

from apps.core import db
from apps.mail.models import Message

AGAIN_FOR: Final = timedelta(days=1)


def it_arrived(message: Message, at: datetime) -> bool:
    """The owner knows it was received; True when it was still in doubt."""
    return bool(
        db.run(
            "UPDATE mail_message SET status = 'accepted', ended_at = %s, response = 'said by the owner'"
            " WHERE id = %s AND status = 'unknown'",
            [at, message.pk],
        )
    )


def send_again(message: Message, at: datetime) -> bool:
    """The owner takes the risk of a second one. It passes the gate anew; True when it was still in doubt."""
    with transaction.atomic():
        return bool(
            db.run(
                "UPDATE mail_message SET status = 'planned', due_at = %(at)s, wanted_at = %(at)s,"
                " valid_until = %(until)s, sending_at = NULL, ended_at = NULL, token = NULL, lease_until = NULL,"
                " claims = 0, response = '', reason = '' WHERE id = %(id)s AND status = 'unknown'",
                {"at": at, "until": at + AGAIN_FOR, "id": message.pk},
            )
        )
