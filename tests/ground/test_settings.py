"""The settings that promises hang on, read from the live configuration."""

from __future__ import annotations

import logging

import pytest
from django.conf import settings

from config.celery import app, schedule
from config.discretion import Discreet, discreet


def test_celery_carries_wake_ups_only():
    told = app.conf

    assert told.accept_content == ["json"]
    assert told.task_ignore_result
    assert told.worker_prefetch_multiplier == 1
    assert not told.task_acks_late
    assert not told.task_reject_on_worker_lost
    assert (told.task_soft_time_limit, told.task_time_limit) == (90, 120)
    assert told.worker_soft_shutdown_timeout == 30
    assert told.broker_connection_retry_on_startup
    if told.broker_url.startswith("redis"):
        assert told.broker_transport_options["visibility_timeout"] == 600
        assert told.broker_transport_options["socket_timeout"] == 30


def test_a_late_tick_is_worth_nothing():
    assert schedule({"look": ("apps.x.tasks.look", 5.0)}) == {
        "look": {"task": "apps.x.tasks.look", "schedule": 5.0, "options": {"expires": 30}}
    }


def test_requests_hold_no_transaction_and_no_address_redirects():
    assert settings.DATABASES["default"]["ATOMIC_REQUESTS"] is False
    assert settings.APPEND_SLASH is False
    assert settings.SESSION_COOKIE_AGE <= 8 * 3600
    assert settings.USE_TZ


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ("mail to ada.l+x@winkel.nl failed", "mail to [address] failed"),
        ("smtp://ada:hunter2@mail:25 refused", "smtp://[secret]@mail:25 refused"),
        ("consumer_secret=cs_123 given", "consumer_secret=[secret] given"),
        ("Authorization: Bearer abc.def", "Authorization: [secret]"),
        ("claimed 500 messages", "claimed 500 messages"),
    ],
)
def test_the_log_is_discreet(said, kept):
    assert discreet(said) == kept


def test_arguments_of_a_log_line_are_read_too():
    record = logging.LogRecord("x", logging.INFO, "", 1, "to %s", ("ben@winkel.nl",), None)

    assert Discreet().filter(record)
    assert record.getMessage() == "to [address]"


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["/health", "/health/", "/gezond", "/gezond/"])
def test_health_answers_without_a_redirect(client, path):
    answer = client.get(path)

    assert answer.status_code == 200
    assert "'unsafe-eval'" not in answer.headers["Content-Security-Policy"]


@pytest.mark.django_db
def test_only_the_admin_may_evaluate(client):
    assert "'unsafe-eval'" in client.get("/admin/login/").headers["Content-Security-Policy"]
