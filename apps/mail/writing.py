"""From a message that may go to a finished mail: its context frozen as a Letter, its bytes built."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec

from apps.core import db
from apps.core.reasons import Reason
from apps.mail import facts, posting
from apps.mail.addresses import AddressRefused
from apps.mail.batch import Batch
from apps.mail.facts import Subject
from apps.mail.rendering import RenderFailed, TooLarge
from apps.mail.showing import NothingToShow
from apps.mail.transport import Parcel

log = logging.getLogger(__name__)


class Written(msgspec.Struct, frozen=True, kw_only=True):
    """A finished mail with what must be stored before it leaves."""

    parcel: Parcel
    subject: str
    context: dict[str, Any]
    targets: list[str]
    version_id: int


class Unwritten(msgspec.Struct, frozen=True, kw_only=True):
    """A mail that could not be written, and the reason its row gets."""

    message_id: int
    reason: Reason
    detail: str


def write(ids: Sequence[int], at: datetime) -> tuple[list[Written], list[Unwritten]]:
    """Write these messages. One that fails takes no other along."""
    batch = Batch(facts.subjects(ids))
    written: list[Written] = []
    failed: list[Unwritten] = []
    for subject in batch.subjects:
        try:
            written.append(_written(batch, subject, at))
        except NothingToShow as empty:
            failed.append(Unwritten(message_id=subject.message_id, reason=empty.reason, detail=empty.products))
        except TooLarge as large:
            failed.append(Unwritten(message_id=subject.message_id, reason=Reason.TOO_LARGE, detail=str(large)))
        except AddressRefused as refused:
            failed.append(Unwritten(message_id=subject.message_id, reason=Reason.NO_ADDRESS, detail=str(refused)))
        except RenderFailed as broken:
            failed.append(Unwritten(message_id=subject.message_id, reason=Reason.TEMPLATE_ERROR, detail=str(broken)))
        except Exception as unforeseen:
            # A mail that breaks what nobody foresaw must not hold up the others of its batch.
            log.exception("message %s cannot be written", subject.message_id)
            detail = type(unforeseen).__name__
            failed.append(Unwritten(message_id=subject.message_id, reason=Reason.TEMPLATE_ERROR, detail=detail))
    return written, failed


def _written(batch: Batch, subject: Subject, at: datetime) -> Written:
    context, rendered, version_id = batch.write(subject, at)
    letter = posting.letter(subject, batch.shops[subject.store_id], context, rendered)
    return Written(
        parcel=posting.parcel(subject, batch.shops[subject.store_id], letter),
        subject=rendered.subject,
        context=msgspec.to_builtins(context),
        targets=rendered.targets,
        version_id=version_id,
    )


_FREEZE = """
INSERT INTO mail_letter (message_id, subject, context, targets, size, rendered_at)
SELECT message_id, subject, context, targets, size, %(at)s FROM unnest(%(ids)s::bigint[], %(subjects)s::text[],
    %(contexts)s::jsonb[], %(targets)s::jsonb[], %(sizes)s::int[]) AS t(message_id, subject, context, targets, size)
ON CONFLICT (message_id) DO NOTHING
"""


def freeze(written: Sequence[Written], at: datetime) -> None:
    """Keep what each mail says. A mail written before keeps its first letter."""
    if written:
        db.run(
            _FREEZE,
            {
                "ids": [item.parcel.message_id for item in written],
                "subjects": [item.subject[:300] for item in written],
                "contexts": [msgspec.json.encode(item.context).decode() for item in written],
                "targets": [msgspec.json.encode(item.targets).decode() for item in written],
                "sizes": [len(item.parcel.wire) for item in written],
                "at": at,
            },
        )
