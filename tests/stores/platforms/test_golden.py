"""Real payload in, snapshots out. `REGENERATE=1 pytest …` writes them anew: read the difference."""

from __future__ import annotations

import json
import os

import pytest

from tests.stores.platforms.deliveries import FIXTURES, Delivery, everything, told


@pytest.mark.parametrize("delivery", everything(), ids=lambda one: f"{one.platform}:{one.name}")
def test_every_recorded_delivery_says_what_it_said(delivery: Delivery) -> None:
    stored = FIXTURES / delivery.platform / "expected" / f"{delivery.name.replace('/', '__')}.json"

    result = json.loads(json.dumps(told(delivery), default=str))

    if os.environ.get("REGENERATE"):
        stored.write_text(json.dumps(result, indent=1, ensure_ascii=False) + "\n")
    assert result == json.loads(stored.read_text())
