"""Writes docs/events.openapi.json anew: `python -m tests.ingestion.custom.renew`."""

from __future__ import annotations

import json
from pathlib import Path

if __name__ == "__main__":
    import os

    import django

    os.environ.setdefault("MANDJE_ENV", "test")
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    django.setup()
    from apps.ingestion.custom.schema import document

    target = Path(__file__).resolve().parents[3] / "docs/events.openapi.json"
    target.write_text(json.dumps(document(), indent=2, ensure_ascii=False) + "\n", "utf-8")
