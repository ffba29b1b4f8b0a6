from __future__ import annotations

import io
import json
import sys
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from apps.flows import presets
from apps.flows.models import Flow
from apps.mail.models import Template
from tests.flows.shops import Shop, open_shop


def export(shop: Shop, flow: str = "abandoned-checkout") -> str:
    out = io.StringIO()
    call_command("export_flow", shop.store.key, flow, stdout=out)
    return out.getvalue()


def bring_in(shop: Shop, file: Path | str, *flags: str) -> dict[str, Any]:
    out = io.StringIO()
    call_command("import_flow", shop.store.key, str(file), *flags, stdout=out)
    answer: dict[str, Any] = json.loads(out.getvalue())
    return answer


def refused(shop: Shop, file: Path | str, *flags: str) -> list[str]:
    err = io.StringIO()
    with pytest.raises(SystemExit) as stop:
        call_command("import_flow", shop.store.key, str(file), *flags, stderr=err)
    assert stop.value.code == 1
    return err.getvalue().splitlines()


def test_a_shop_without_the_flow_exports_the_shipped_preset(shop: Shop) -> None:
    shipped = (presets.FOLDER / "abandoned-checkout.yaml").read_text("utf-8")

    assert export(shop) == shipped


def test_export_import_export_gives_the_same_bytes(shop: Shop, tmp_path: Path) -> None:
    shop.flow(name='Mandje: "later" #1 é', holdout="12.5")
    first = export(shop)
    file = tmp_path / "flow.yaml"
    file.write_text(first, "utf-8")
    other = open_shop("Elsewhere")

    bring_in(other, file)

    assert export(other) == first


def test_importing_live_installs_publishes_and_switches_on(shop: Shop, tmp_path: Path) -> None:
    file = tmp_path / "flow.yaml"
    file.write_text(export(shop), "utf-8")

    answer = bring_in(shop, file, "--live")

    assert answer == {"flow": "abandoned-checkout", "version": 1, "live": True, "inside": 0}
    assert Template.objects.of(shop.store).filter(slug="abandoned-checkout-3").count() == 3


def test_importing_alone_changes_the_draft_only(shop: Shop, tmp_path: Path) -> None:
    shop.flow()
    shop.leaves("ada")
    file = tmp_path / "flow.yaml"
    file.write_text(export(shop).replace("72h", "96h"), "utf-8")

    answer = bring_in(shop, file)

    assert answer == {"flow": "abandoned-checkout", "version": 1, "live": True, "inside": 1}
    assert bring_in(shop, file, "--publish")["version"] == 2


def test_every_mistake_on_its_own_line_and_nothing_changed(shop: Shop, tmp_path: Path) -> None:
    file = tmp_path / "flow.yaml"
    file.write_text(
        export(shop).replace("wait: 1h", "wait: soon").replace("checkout\ntrig", "urgent\ntrig"),
        "utf-8",
    )

    lines = refused(shop, file, "--live")

    assert [line.split(": ")[0] for line in lines] == [f"{file}:4", f"{file}:15"]
    assert ": steps[1].wait.until: " in lines[1]
    assert not Flow.objects.of(shop.store).exists()


def test_a_template_nobody_has_is_named_with_its_line(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    text = export(shop).replace("abandoned-checkout-2", "our-own-2")
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(text.encode())))

    lines = refused(shop, "-")

    assert len(lines) == 1
    assert lines[0].startswith("<stdin>:18: steps[4].send_email: ")
    assert "our-own-2" in lines[0]
    assert not Flow.objects.of(shop.store).exists()


def test_a_megabyte_is_refused(shop: Shop, tmp_path: Path) -> None:
    file = tmp_path / "flow.yaml"
    file.write_bytes(b"a: " + b"x" * 1_000_000)

    assert len(refused(shop, file)) == 1


def test_unknown_shops_flows_and_files_are_said_plainly(shop: Shop) -> None:
    with pytest.raises(CommandError, match="no store"):
        call_command("export_flow", "nokey", "abandoned-checkout")
    with pytest.raises(CommandError, match="no flow 'nowhere'"):
        export(shop, "nowhere")
    with pytest.raises(CommandError, match="cannot be read"):
        call_command("import_flow", shop.store.key, "/nowhere/flow.yaml")
