"""Mail without a mail connection: kept in the database and shown in admin; nothing leaves the machine."""

from __future__ import annotations

from apps.core import db
from apps.mail.transport import Accepted, Outcome, Parcel


class OutboxTransport:
    """Takes every mail and keeps its bytes beside its message."""

    capabilities = frozenset({"message-id", "idempotent"})

    def deliver(self, parcel: Parcel) -> Outcome:
        db.run(
            "INSERT INTO mail_outboxmail (message_id, data) VALUES (%s, %s) ON CONFLICT (message_id) DO NOTHING",
            [parcel.message_id, parcel.wire],
        )
        return Accepted(response="kept in the outbox")

    def close(self) -> None:
        return None
