"""Tests stand on the same ground as the engine: real PostgreSQL and Redis, in their own home."""

from __future__ import annotations

import os

# Before anybody reads the settings; a shell that says otherwise must not reach the demo's data.
os.environ["MANDJE_ENV"] = "test"
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

import django
import pytest

# pytest-django looks for settings before it reads this file; so they are loaded here.
django.setup()

pytest_plugins = ["tests.shopkeeping"]


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup, django_db_blocker):
    """At the end nobody else is in the test's database: senders and live servers keep sessions of their own."""
    yield
    with django_db_blocker.unblock():
        from django.db import connection

        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )


def pytest_collection_modifyitems(items):
    """Files that start servers wait more than they work: they begin early, one here and one there between the
    others, so that no process is left alone with them at the end."""
    files: dict[str, list[pytest.Item]] = {}
    for item in items:
        files.setdefault(item.nodeid.partition("::")[0], []).append(item)
    waiting = [
        name for name, inside in files.items() if any(inside[0].get_closest_marker(m) for m in ("ground", "faults"))
    ]
    working = [name for name in files if name not in set(waiting)]
    apart = max(1, len(working) * 2 // (3 * max(1, len(waiting))))
    order = []
    for number, name in enumerate(waiting):
        order += [name, *working[number * apart : (number + 1) * apart]]
    order += working[len(waiting) * apart :]
    items[:] = [item for name in order for item in files[name]]


REQUIRE_ALL = os.environ.get("MANDJE_REQUIRE_ALL") == "1"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    """Where everything must run, a test that was left out has failed."""
    report = yield
    if REQUIRE_ALL and report.skipped and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        report.longrepr = f"{item.nodeid} was skipped, and MANDJE_REQUIRE_ALL=1: {report.longrepr}"
    return report
