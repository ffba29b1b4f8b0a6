"""`manage.py doctor`: in one screen, what is wrong and how to mend it."""

from __future__ import annotations

import sys
from typing import Any, Final

from django.core.management.base import BaseCommand

from apps.dashboard.checkup import Finding, checkup

MARKS: Final = {"green": "ok  ", "amber": "look", "red": "WRONG"}


class Command(BaseCommand):
    """Red anywhere ends with 1, so that a monitor can ask too."""

    help = "What is wrong, and how to mend it."
    requires_system_checks: list[str] = []

    def handle(self, *args: Any, **options: Any) -> None:
        found = checkup()
        for finding in found:
            self.stdout.write(self._line(finding))
        red = sum(finding.level == "red" for finding in found)
        self.stdout.write(f"\n{red} wrong." if red else "\nAll is well.")
        if red:
            sys.exit(1)

    def _line(self, finding: Finding) -> str:
        style = {"green": self.style.SUCCESS, "amber": self.style.WARNING, "red": self.style.ERROR}[finding.level]
        mend = f"\n{'':28}→ {finding.mend}" if finding.mend else ""
        return f"{style(MARKS[finding.level]):6} {finding.name[:20]:20} {finding.said}{mend}"
