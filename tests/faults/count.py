"""What became of every basket, counted at the mail server."""

from __future__ import annotations

import json
import os
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from typing import Any

from config.defaults import ROOT
from tests.faults.shopper import Shop
from tests.faults.town import Town, until

LONG = os.environ.get("MANDJE_FAULTS") == "all"
SETTLING = 600.0 if LONG else 120.0
CLOSED = {"skipped", "rejected"}

# Nothing of this shop is on its way any more.
OPEN = """
SELECT (SELECT count(*) FROM ingestion_delivery WHERE store_id = %(shop)s AND state = 'waiting')
    + (SELECT count(*) FROM carts_cart WHERE store_id = %(shop)s AND due_at IS NOT NULL)
    + (SELECT count(*) FROM events_announcement a JOIN events_event e ON e.id = a.event_id
       WHERE e.store_id = %(shop)s)
    + (SELECT count(*) FROM flows_enrollment WHERE store_id = %(shop)s AND status = 'active')
    + (SELECT count(*) FROM mail_message WHERE store_id = %(shop)s AND status IN ('planned', 'claimed', 'sending'))
"""
MAILS = """
SELECT m.id, m.address, cu.email_key, m.status, m.reason, m.holder, extract(epoch FROM m.valid_until)
FROM mail_message m JOIN customers_customer cu ON cu.id = m.customer_id WHERE m.store_id = %s
"""
EXITED = """
SELECT cu.email_key FROM flows_enrollment e JOIN customers_customer cu ON cu.id = e.customer_id
WHERE e.store_id = %s AND e.status = 'exited' AND e.reason <> ''
"""
# The order was committed before the last time that this mail was.
SILENCED = """
WITH leaving AS (
    SELECT j.message_id, j.email, max(pg_xact_commit_timestamp(j.xmin)) AS at FROM fault_journal j
    JOIN mail_message m ON m.id = j.message_id AND m.store_id = %s WHERE j.what = 'sending' GROUP BY 1, 2
)
SELECT DISTINCT l.email FROM leaving l JOIN fault_journal o ON o.what = 'order' AND o.email = l.email
    AND pg_xact_commit_timestamp(o.xmin) < l.at
"""


@dataclass(slots=True, kw_only=True)
class Count:
    """The line a scenario prints."""

    scenario: str
    expected: int = 0
    sent: int = 0
    dup: int = 0
    lost: int = 0
    unknown: int = 0
    in_flight: int = 0
    """Committed `sending` rows of the processes that were killed."""
    after_order: int = 0
    stale: int = 0
    stuck: int = 0
    closed: dict[str, int] = field(default_factory=dict)
    """Not sent, with the reason."""
    recover_s: float = 0.0
    more: dict[str, Any] = field(default_factory=dict)

    def say(self) -> None:
        """One JSON line, also kept in the checkout's data folder: test processes beside each other have no voice."""
        known = asdict(self)
        line = json.dumps(known | known.pop("more"))
        print(line, flush=True)
        (ROOT / ".mandje").mkdir(mode=0o700, exist_ok=True)
        with open(ROOT / ".mandje" / "faults.jsonl", "a") as kept:
            kept.write(line + "\n")

    def hold(self) -> None:
        """The promises that hold under every fault."""
        self.say()
        wrong = {
            name: getattr(self, name)
            for name in ("dup", "lost", "after_order", "stale", "stuck")
            if getattr(self, name)
        }
        assert not wrong, self
        assert self.unknown <= self.in_flight, self
        assert not self.closed.get("crashed_three_times"), self


def entries(town: Town, shop: Shop) -> list[dict[str, Any]]:
    """What the mail server wrote down for this shop."""
    book = town.folder / "ledger.jsonl"
    mine = f"s{shop.id}-"
    return [
        entry for entry in (json.loads(line) for line in book.read_text().splitlines()) if entry["to"].startswith(mine)
    ]


def is_through(town: Town, shop: Shop) -> bool:
    """Whether nothing of this shop waits for anybody."""
    with town.database() as database:
        found = database.execute(OPEN, {"shop": shop.id}).fetchone()
    return found is not None and found[0] == 0


def settle(town: Town, shops: Iterable[Shop], *, seconds: float = SETTLING) -> bool:
    """Wait until all is through."""
    return until(lambda: all(is_through(town, shop) for shop in shops), seconds=seconds, pause=0.2)


def until_sent(town: Town, shop: Shop, at_least: int, *, seconds: float = 60) -> bool:
    """Wait until the mail server has so many of this shop."""
    return until(lambda: len(entries(town, shop)) >= at_least, seconds=seconds)


def until_planned(town: Town, shop: Shop, count: int, *, seconds: float = 60) -> bool:
    """Wait until so many mails exist."""
    ask = "SELECT count(*) FROM mail_message WHERE store_id = %s"
    return until(lambda: town.rows(ask, shop.id)[0][0] >= count, seconds=seconds)


def in_flight(town: Town, holders: Iterable[str]) -> int:
    """How many mails these processes held behind the point of no return."""
    ask = "SELECT count(*) FROM mail_message WHERE status IN ('sending', 'unknown') AND holder = ANY(%s)"
    return int(town.rows(ask, [one for one in holders if one])[0][0])


def tally(town: Town, shop: Shop, people: Iterable[str], *, scenario: str, in_flight: int = 0) -> Count:
    """Compare what should have happened with what the mail server wrote down."""
    everybody, book = set(people), entries(town, shop)
    arrived = Counter(entry["to"] for entry in book)
    count = Count(scenario=scenario, expected=len(everybody), sent=len(arrived), in_flight=in_flight)
    count.dup = len(book) - len(arrived)
    ended: dict[str, set[str]] = defaultdict(set)
    valid: dict[str, float] = {}
    closed: Counter[str] = Counter()
    for _, _, email, status, reason, _, until_ in town.rows(MAILS, shop.id):
        ended[email].add(status)
        valid[email] = float(until_)
        closed[reason] += status in CLOSED
        count.unknown += status == "unknown"
        count.stuck += status in {"planned", "claimed", "sending"}
    for (email,) in town.rows(EXITED, shop.id):
        ended[email].add("skipped")
    excused = {email for email, how in ended.items() if how & (CLOSED | {"unknown"})}
    count.lost = len(everybody - set(arrived) - excused)
    count.closed = {reason: number for reason, number in closed.items() if number}
    count.after_order = len({row[0] for row in town.rows(SILENCED, shop.id)} & set(arrived))
    count.stale = sum(entry["at"] > valid[entry["to"]] for entry in book)
    return count
