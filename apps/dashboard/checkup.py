"""What an operator asks first: is it healthy, and if not, what is to be done."""

# ruff: noqa: ARG001 -- one signature for all that are asked
from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal

from celery.exceptions import OperationalError as BrokerError
from django.conf import settings
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.db.utils import Error as DatabaseError
from django.utils import translation
from kombu.exceptions import OperationalError as KombuError

from apps.core import clock
from apps.core.secrets import SealBroken
from apps.dashboard import health
from apps.dashboard.alarms import SILENT
from apps.dashboard.domain_words import judged
from apps.dashboard.liaison import Liaison, liaison
from apps.dashboard.models import SenderDomain
from apps.dashboard.sender_domains import domain_of
from apps.ingestion.models import EventSecret
from apps.mail.transport import MisconfiguredTransport, make_transport
from apps.stores.models import Connection, Store, StoreSecret

Level = Literal["green", "amber", "red"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One line of the screen: how it is, and what mends it when it is not well."""

    level: Level
    name: str
    said: str
    mend: str = ""


def checkup() -> list[Finding]:
    """Everything, in the order in which it matters. Without a database there is nothing more to ask."""
    database = list(_database())
    if any(finding.level == "red" for finding in database):
        return database
    at = clock.now()
    return [*database, *(finding for ask in _ASKED for finding in ask(at))]


def _database() -> Iterator[Finding]:
    try:
        connection.ensure_connection()
        version = connection.cursor().execute("SHOW server_version").fetchone()[0]
        missing = _unapplied()
    except DatabaseError as problem:
        said = str(problem).splitlines()[0][:160]
        yield Finding(level="red", name="database", said=said, mend="check DATABASE_URL and start PostgreSQL")
        return
    yield Finding(level="green", name="database", said=f"PostgreSQL {version}")
    if missing:
        mend = "run: python manage.py migrate"
        yield Finding(level="red", name="migrations", said=f"{missing} are not applied", mend=mend)
    else:
        yield Finding(level="green", name="migrations", said="all applied")


def _unapplied() -> int:
    executor = MigrationExecutor(connection)
    return len(executor.migration_plan(executor.loader.graph.leaf_nodes()))


def _clock(at: datetime) -> Iterator[Finding]:
    skew = clock.skew()
    if abs(skew) <= clock.MAX_SKEW:
        yield Finding(level="green", name="clock", said=f"{skew.total_seconds():+.1f} s from the database's")
        return
    said = f"{skew.total_seconds():+.1f} s from the database's: this machine does not send"
    yield Finding(level="red", name="clock", said=said, mend="synchronise the clocks (chrony or ntpd)")


def _broker(at: datetime) -> Iterator[Finding]:
    from config.celery import app  # noqa: PLC0415 -- settings are read by now

    scheme = settings.ENV.redis_url.partition(":")[0]
    try:
        with app.connection_for_read() as line:
            line.ensure_connection(max_retries=1, timeout=2)
            policy = _policy(line) if scheme.startswith("redis") else ""
    except (BrokerError, KombuError, OSError) as problem:
        said = f"{scheme}: {type(problem).__name__}"
        mend = "start Redis or mend REDIS_URL; waiting rows lose nothing meanwhile"
        yield Finding(level="red", name="broker", said=said, mend=mend)
        return
    yield Finding(level="green", name="broker", said=f"{scheme} answers")
    if policy and policy != "noeviction":
        said = f"maxmemory-policy is {policy}: Redis may drop wake-ups"
        yield Finding(level="amber", name="redis memory", said=said, mend="set maxmemory-policy noeviction")


def _policy(line: object) -> str:
    try:
        found = line.default_channel.client.config_get("maxmemory-policy")  # type: ignore[attr-defined]
    except Exception:  # managed Redis forbids CONFIG, each in its own words
        return ""
    return str(found.get("maxmemory-policy", ""))


def _beat(at: datetime) -> Iterator[Finding]:
    seen = health.beat_seen()
    if seen is not None and health.beat_lives(at):
        yield Finding(level="green", name="beat", said=f"seen {(at - seen).total_seconds():.0f} s ago")
        return
    said = f"last seen {seen:%Y-%m-%d %H:%M:%S} UTC" if seen else "never seen"
    yield Finding(level="red", name="beat", said=said, mend="start beat and a worker (see the Procfile)")


def _queues(at: datetime) -> Iterator[Finding]:
    stores = list(Store.objects.values_list("pk", flat=True))
    for queue in health.queues(stores, at):
        waits = round(queue.oldest.total_seconds())
        said = f"{queue.due} due, the oldest waits {waits} s" if queue.due else "nothing due"
        mend = "look at the worker's log; add a worker when it only has too much to do" if queue.late else ""
        yield Finding(level="red" if queue.late else "green", name=f"queue {queue.name}", said=said, mend=mend)


def _keys(at: datetime) -> Iterator[Finding]:
    broken = sorted({store for store, opens in _sealed() if not opens})
    if broken:
        said = f"secrets of {', '.join(broken)} cannot be read"
        yield Finding(level="red", name="keys", said=said, mend="put the earlier key back at the end of FIELD_KEYS")
    else:
        yield Finding(level="green", name="keys", said="every secret can be read")


def _sealed() -> Iterator[tuple[str, bool]]:
    for secret in StoreSecret.objects.select_related("store"):
        yield secret.store.name, _opens(lambda secret=secret: secret.value)  # type: ignore[misc]
    for store in Store.objects.exclude(transport_sealed=""):
        yield store.name, _opens(lambda store=store: store.transport_url)  # type: ignore[misc]
    for told in EventSecret.objects.select_related("store"):
        yield told.store.name, _opens(lambda told=told: told.value)  # type: ignore[misc]
    for known in Connection.objects.exclude(credentials_sealed="").select_related("store"):
        yield known.store.name, _opens(lambda known=known: known.credentials)  # type: ignore[misc]


def _opens(read: Callable[[], str]) -> bool:
    try:
        read()
    except SealBroken:
        return False
    return True


def _mail(at: datetime) -> Iterator[Finding]:
    url = settings.ENV.email_url
    try:
        make_transport(url)
    except MisconfiguredTransport as problem:
        yield Finding(level="red", name="mail", said=str(problem), mend="mend EMAIL_URL")
    else:
        kept = url.startswith("outbox")
        said = "the outbox: nothing leaves this machine" if kept else url.partition(":")[0]
        mend = "set EMAIL_URL, or a connection per shop" if kept else ""
        yield Finding(level="amber" if kept else "green", name="mail", said=said, mend=mend)
    for store in Store.objects.exclude(transport_problem=""):
        said = f"{store.name}: {store.transport_problem}"
        yield Finding(level="red", name="mail", said=said, mend="mend the connection in the shop's settings")


def _domains(at: datetime) -> Iterator[Finding]:
    """Never red: mail leaves all the same, only fewer people find it in their inbox."""
    rows = {row.store_id: row for row in SenderDomain.objects.all()}
    for store in Store.objects.filter(status=Store.Status.ACTIVE, is_demo=False).exclude(from_email=""):
        yield _domain(store, rows.get(store.pk))


def _domain(store: Store, row: SenderDomain | None) -> Finding:
    # In the words of the checklist, and like every line here in English.
    with translation.override("en"):
        found = judged(domain_of(store.from_email), row)
    name = f"domain of {store.name}"
    if found.state == "done":
        return Finding(level="green", name=name, said=found.said)
    worse = "its SPF or DMARC record is missing or wrong" if found.state == "bad" else "its SPF and DMARC are not known"
    return Finding(level="amber", name=name, said=worse, mend=found.mend)


def _connections(at: datetime) -> Iterator[Finding]:
    for store in Store.objects.filter(status=Store.Status.ACTIVE, is_demo=False):
        known = liaison(store)
        if known.can_connect:
            yield _connection(store, known, at)


def _connection(store: Store, known: Liaison, at: datetime) -> Finding:
    name, age = f"keys of {store.name}", known.feed_age(at)
    if not known.connected:
        mend = f"run: python manage.py connect_store {store.key} --credential name=value …"
        return Finding(level="amber", name=name, said="none: orders are only heard of by webhook", mend=mend)
    if known.trouble:
        return Finding(level="red", name=name, said=known.trouble.said, mend=known.trouble.mend)
    said = "never asked yet" if age is None else f"orders asked for {age.total_seconds():.0f} s ago"
    if known.feed_is_fresh(at):
        return Finding(level="green", name=name, said=f"accepted, {said}")
    mend = "look at the worker's log; basket mail waits until orders are fresh"
    return Finding(level="amber" if age is None else "red", name=name, said=said, mend=mend)


def _shops(at: datetime) -> Iterator[Finding]:
    for store in Store.objects.filter(status=Store.Status.ACTIVE):
        yield from _shop(store, at)


def _shop(store: Store, at: datetime) -> Iterator[Finding]:
    last, name = store.last_delivery_at, f"shop {store.name}"
    if not store.secrets.exists():
        mend = f"run: python manage.py set_store {store.key} webhook_secret=…"
        yield Finding(level="red", name=name, said="has no webhook secret", mend=mend)
    if last is None:
        yield Finding(level="amber", name=name, said="no webhook ever came", mend="paste its address into the shop")
    elif at - last > SILENT:
        said = f"silent since {last:%Y-%m-%d %H:%M} UTC"
        yield Finding(level="red", name=name, said=said, mend="switch the shop's webhooks on again")
    else:
        heard = "with the companion" if store.companion_seen_at else "without the companion"
        heard = heard if store.platform == "woocommerce" else store.platform
        yield Finding(level="green", name=name, said=f"heard {(at - last).total_seconds():.0f} s ago, {heard}")


_ASKED: Final[tuple[Callable[[datetime], Iterator[Finding]], ...]] = (
    _clock, _broker, _beat, _queues, _keys, _mail, _domains, _shops, _connections,
)  # fmt: skip
