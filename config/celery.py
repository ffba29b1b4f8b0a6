"""Celery carries wake-ups: everything that waits is a row, and losing the broker loses nothing."""

from __future__ import annotations

import os
import warnings
from pathlib import Path
from typing import Any

from celery import Celery
from celery.signals import task_prerun
from django.db import close_old_connections

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

from config.env import Env, load

# One line per queue: name -> (task, seconds between ticks). The README's table says what each one drives.
# A queue that did something rings at the next one's door itself; these are for when nothing rang.
BEAT: dict[str, tuple[str, float]] = {
    "process-deliveries": ("apps.ingestion.tasks.process_deliveries", 1.0),
    "announce": ("apps.events.tasks.announce", 3.0),
    "abandon-carts": ("apps.carts.tasks.abandon_carts", 3.0),
    "advance": ("apps.flows.tasks.advance", 3.0),
    "sweep-flows": ("apps.flows.tasks.sweep", 60.0),
    "dispatch": ("apps.mail.tasks.dispatch", 3.0),
    "run-errands": ("apps.ingestion.tasks.run_errands", 3.0),
    "issue-offers": ("apps.offers.tasks.issue_offers", 10.0),
    "end-offers": ("apps.offers.tasks.end_offers", 300.0),
    "measure-products": ("apps.orders.tasks.measure_products", 600.0),
    "keep-segments": ("apps.segments.tasks.keep_segments", 10.0),
    # What a dead worker had in hand waits this long at most, not for the end of its lease.
    "reconcile-doubts": ("apps.mail.tasks.reconcile_doubts", 10.0),
    "look-up-domains": ("apps.dashboard.tasks.look_up_domains", 300.0),
    "simulate": ("apps.dashboard.tasks.simulate", 60.0),
    "heartbeat": ("apps.dashboard.tasks.heartbeat", 15.0),
    "retain": ("apps.core.tasks.retain", 3600.0),
}
# A tick nobody took in this time is worth nothing: the next one does the same work.
TICK_EXPIRES = 30


def schedule(entries: dict[str, tuple[str, float]]) -> dict[str, dict[str, Any]]:
    """Beat's own form of the table."""
    options = {"expires": TICK_EXPIRES}
    return {name: {"task": task, "schedule": seconds, "options": options} for name, (task, seconds) in entries.items()}


def transport_options(env: Env) -> dict[str, Any]:
    """Patience with the broker; for the demo without Redis, folders in its place."""
    if env.redis_url.startswith("filesystem:"):
        return _folders(env.folder / "broker")
    return {
        "visibility_timeout": 600,
        "unacked_restore_throttle": 1,
        # Longer than the wait of a blocking read, or every idle wait would be an error.
        "socket_timeout": 30,
        "socket_connect_timeout": 2,
        "socket_keepalive": True,
        "health_check_interval": 25,
    }


def _folders(base: Path) -> dict[str, Any]:
    for name in ("messages", "control", "processed"):
        (base / name).mkdir(mode=0o700, parents=True, exist_ok=True)
    messages = str(base / "messages")
    return {
        "data_folder_in": messages,
        "data_folder_out": messages,
        "control_folder": str(base / "control"),
        "processed_folder": str(base / "processed"),
        "store_processed": False,
    }


def settings(env: Env) -> dict[str, Any]:
    """Everything Celery is told."""
    return {
        "broker_url": env.redis_url,
        "broker_transport_options": transport_options(env),
        "broker_connection_retry_on_startup": True,
        "broker_heartbeat": 0,
        "accept_content": ["json"],
        "task_serializer": "json",
        "task_ignore_result": True,
        "task_store_errors_even_if_ignored": False,
        # Early: a lost task is made good by the next tick, a repeated one only costs.
        "task_acks_late": False,
        "task_reject_on_worker_lost": False,
        "task_time_limit": 120,
        "task_soft_time_limit": 90,
        "task_publish_retry": False,
        "worker_prefetch_multiplier": 1,
        "worker_pool": "threads",
        "worker_concurrency": env.worker_threads,
        "worker_soft_shutdown_timeout": 30,
        "worker_max_tasks_per_child": 1000,
        "worker_max_memory_per_child": 300_000,
        "worker_enable_remote_control": False,
        "worker_send_task_events": False,
        "worker_hijack_root_logger": False,
        "worker_cancel_long_running_tasks_on_connection_loss": False,
        "beat_schedule": schedule(BEAT),
        "beat_schedule_filename": str(env.folder / "beat-schedule"),
        "beat_max_loop_interval": 5,
        "timezone": "UTC",
        "enable_utc": True,
    }


# Root is no risk where only JSON is taken in; in a container it is the usual thing.
warnings.filterwarnings("ignore", message="You're running the worker with superuser")

app = Celery("mandje")
app.conf.update(settings(load()))
# Celery ends the database session after every task; with ticks every second that was most of an idle worker's
# work. Sessions are kept as long as the web keeps them (CONN_MAX_AGE), and looked after before each task.
app.conf.update({"CELERY_DB_REUSE_MAX": 10**9})


@task_prerun.connect
def _look_after_connections(**_: Any) -> None:
    close_old_connections()


app.autodiscover_tasks()
