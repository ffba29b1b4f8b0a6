"""Who did what, in the log that Django keeps."""

from __future__ import annotations

from typing import cast

from django.contrib.admin.models import CHANGE, LogEntry
from django.db import models
from django.http import HttpRequest

from apps.accounts.models import User


def note(request: HttpRequest, row: models.Model, what: str) -> None:
    """Write a line in the history of this row."""
    LogEntry.objects.log_actions(cast("User", request.user).pk, [row], CHANGE, change_message=what, single_object=True)
