"""Writes docs/generic.openapi.json anew: `python -m tests.stores.platforms.renew_generic`."""

from __future__ import annotations

import json
from pathlib import Path

from apps.stores.platforms.generic.schema import document

if __name__ == "__main__":
    target = Path(__file__).resolve().parents[3] / "docs/generic.openapi.json"
    target.write_text(json.dumps(document(), indent=2, ensure_ascii=False) + "\n", "utf-8")
