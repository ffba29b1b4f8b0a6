"""Mail without a mail connection: kept in the database and shown in admin; nothing leaves the machine."""

from __future__ import annotations

from apps.core import db
from apps.mail.transport.words import Accepted, Outcome, Parcel


class OutboxTransport:
    """Takes every mail and keeps its bytes beside its message."""

    capabilities = frozenset({"message-id", "idempotent"})

    def deliver(self, parcel: Parcel) -> Outcome:
        db.run(
            # Somebody who was erased while their mail was leaving is not written down again.
            "INSERT INTO mail_outboxmail (message_id, data) SELECT id, %s FROM mail_message"
            " WHERE id = %s AND customer_id IS NOT NULL ON CONFLICT (message_id) DO NOTHING",
            [parcel.wire, parcel.message_id],
        )
        return Accepted(response="kept in the outbox")

    def close(self) -> None:
        return None
