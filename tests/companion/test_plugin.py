"""The plugin by itself: PHP takes it, and each of its own stories (php/cases.php) ends well."""

from __future__ import annotations

import io
import json
import re
import zipfile
from functools import cache
from pathlib import Path

import pytest

from apps.stores.platforms.woocommerce import plugin as shipped
from tests.companion.conftest import HERE, SECRET, configuration, run

CASES = re.findall(r"^function (test_\w+)\(", (HERE / "cases.php").read_text("utf-8"), re.MULTILINE)
SOURCE = Path(shipped.__file__).with_name("mandje.php")
HOSTILE = (
    "'); system('id'); //",
    "\\'); phpinfo(); /*",
    "?><script>alert(1)</script><?php ",
    "*/ exit(1); /*",
    "// </mandje:configuration>\n'",
    "${evil} {$evil} $evil \\x41 \\",
    "line\nbreak\x00\x1b and \ud800",
    "Thee & <b>Zonen</b> “ü”",
)


@cache
def results(php: str, plugin: Path) -> dict[str, str]:
    found: dict[str, str] = json.loads(run(php, HERE / "run.php", plugin, HERE / "cases.php"))
    return found


@pytest.mark.parametrize("case", CASES)
def test_the_plugin(php: str, plugin: Path, case: str) -> None:
    assert results(php, plugin)[case] == "ok"


def test_php_accepts_the_source_and_every_configured_file(php: str, tmp_path: Path) -> None:
    for place, words in enumerate(HOSTILE):
        path = tmp_path / f"{place}.php"
        path.write_bytes(shipped.configured(configuration(box=words, secret=words, mode=words, endpoint=words)))
        assert "No syntax errors" in run(php, "-l", path)
    assert "No syntax errors" in run(php, "-l", SOURCE)


@pytest.mark.parametrize("words", HOSTILE)
def test_hostile_words_arrive_as_words(php: str, tmp_path: Path, words: str) -> None:
    (tmp_path / "mandje.php").write_bytes(shipped.configured(configuration(box=words)))
    reader = "define('ABSPATH', '/'); ob_start(); try { require $argv[1]; } catch (Error $wordpress_is_missing) {}"
    (tmp_path / "read.php").write_text(f"<?php {reader} ob_end_clean(); echo json_encode(Mandje\\CONFIGURATION);")

    kept = json.loads(run(php, tmp_path / "read.php", tmp_path / "mandje.php"))

    assert kept["box"] == re.sub(r"[\x00\x1b]", "", words).replace("\ud800", "?")
    assert kept["secret"] == SECRET
    assert tuple(kept["countries"]) == shipped.BOX_COUNTRIES


@pytest.mark.parametrize(
    "updates",
    [
        "https://engine.example/companion/key/*/ exit; /*/",
        "https://engine.example/companion/key",
        "",
        "x\nhttps://e/companion/k/",
    ],
)
def test_an_address_that_could_leave_its_comment_is_refused(updates: str) -> None:
    with pytest.raises(ValueError, match="updates"):
        shipped.configured(configuration(updates=updates))


def test_the_zip_is_what_wordpress_installs_and_always_the_same() -> None:
    first, second = shipped.packed(configuration()), shipped.packed(configuration())

    assert first == second
    with zipfile.ZipFile(io.BytesIO(first)) as archive:
        assert archive.namelist() == ["mandje/mandje.php"]
        assert archive.read("mandje/mandje.php") == shipped.configured(configuration())


def test_the_header_says_what_the_engine_says() -> None:
    source = SOURCE.read_text("utf-8")
    header = dict(re.findall(r"^ \* ([A-Z][\w ]+): (.+)$", source, re.MULTILINE))

    assert header["Version"] == shipped.VERSION
    assert f"const VERSION = '{shipped.VERSION}';" in source
    assert (header["Requires at least"], header["Requires PHP"]) == (
        shipped.NEEDS["requires"],
        shipped.NEEDS["requires_php"],
    )
    assert header["License"] == "GPL-2.0-or-later"
    assert (
        " * Update URI: https://engine.example/companion/k3yOfTheStore/\n"
        in shipped.configured(configuration()).decode()
    )


def test_the_secret_shows_in_no_repr() -> None:
    assert SECRET not in repr(configuration())
