"""A test mail to whoever is signed in: the same letter and the same way out, outside the gate (decision 14)."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta

from apps.mail import internal
from apps.mail.blocks import Source
from apps.mail.compiling import compile_template
from apps.mail.context import MailContext
from apps.mail.models import Message, Template
from apps.mail.rendering import render


def send_test(template: Template, source: Source, context: MailContext, to: str, at: datetime) -> Message:
    """Send the draft to one address; the message row says how it ended.

    Raises TemplateRefused, RenderFailed, AddressRefused.
    """
    mail = render(compile_template(source, template.locale), context)
    note = internal.Note(
        origin=f"test:{uuid.uuid4()}",
        subject=f"[test] {mail.subject}",
        text=mail.text,
        html=mail.html,
        to=to,
        purpose="test",
        template_slug=template.slug,
        of_use=timedelta(hours=1),
    )
    message = internal.leave(template.store, note, at)
    assert message is not None, "a new origin was never used before"
    return message
