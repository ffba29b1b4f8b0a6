"""The replay: the shop's own events told once more, to flows that may never have run.

Who gets in is decided by `entry.enroll`, who leaves by `goals`, what is done by the engine, what may leave by the
gate: the very code that runs live, on the stage of `stage.py`. Only the post office is ours. What would be handed to
the mail server is written down as having left, at the moment it came due.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Final

import msgspec

from apps.core import db
from apps.events.listeners import Listener, Told
from apps.flows import engine, entry, goals, plans, walking
from apps.flows.parts import exits
from apps.flows.simulating import clock, history, report, setting, stage
from apps.flows.simulating.clock import NOBODY, Call, Diary
from apps.flows.simulating.history import WHOLE, Clocks, Part, Scope
from apps.flows.simulating.posting import PostOffice
from apps.flows.simulating.report import Simulated
from apps.flows.simulating.setting import Tried
from apps.flows.simulating.sweeping import Brooms, asks_fading, asks_figures, pass_night
from apps.orders.totals import recompute
from apps.segments.measuring import measure
from apps.stores.models import Store

Progress = Callable[[float], None]
"""Told how much of the past has gone by, from 0 to 1."""

MOST_ROUNDS: Final = 200


def replayed(
    store: Store, tried: Sequence[Tried], began: datetime, ended: datetime, progress: Progress, *, part: Part = WHOLE
) -> Simulated:
    """What these plans would have done, by this process alone; `part` of the people. Writes nothing."""
    with stage.staged() as schema:
        scope = Scope(
            schema=schema,
            store_id=store.pk,
            joined_at=store.created_at,
            began=began,
            ended=ended,
            part=part,
            flow_ids=tuple(sorted(one.flow_id for one in tried if one.flow_id is not None)),
        )
        return _Replay(scope, tried, progress).run()


class _Replay:
    """One run through the past."""

    def __init__(self, scope: Scope, tried: Sequence[Tried], progress: Progress) -> None:
        self.scope, self.tried, self.progress = scope, tried, progress
        self.begins = {kind for one in tried for kind in one.plan.trigger.hears}
        self.ends = {kind for _, ending in exits.items() for kind in ending.hears}
        self.brooms, self.measures = Brooms(tried), asks_figures(tried)
        self.fades = asks_fading(tried)
        self.gives = any(one.gives for one in tried)
        self.stood: dict[int, datetime] = {}
        self.nothing = scope.began - history.LOOKS_BACK - timedelta(days=3650)
        self.post = PostOffice(scope)

    def run(self) -> Simulated:
        scope = self.scope
        everybody = self.brooms.by_date or bool(self.begins & set(history.SHOPWIDE))
        history.people(scope, self.begins, everybody=everybody)
        flows = setting.fill(scope, self.tried, scope.began)
        stage.shut()
        self._open()
        diary = Diary(sorted(self.begins | self.ends), scope.began)
        self.brooms.open(scope.store_id, scope.began)
        self._live(diary, self.brooms.calls)
        self.progress(1.0)
        names = {one.slug: one.plan.name for one in self.tried}
        found = report.collect(scope, flows, names, post=self.post, diary=diary, kinds=sorted(self.begins))
        plans.forget()
        return found

    def _open(self) -> None:
        """Everybody as they were when it begins."""
        people = [row[0] for row in db.rows("SELECT id FROM sim_person ORDER BY id")]
        for start in range(0, len(people), clock.PAGE):
            page = people[start : start + clock.PAGE]
            self._set(dict.fromkeys(page, self.scope.began))
            if self.measures:
                measure(page, self.scope.began)
        for table in stage.STAGED:
            db.run(f"ANALYZE {table}")
        db.run("DISCARD PLANS")

    def _live(self, diary: Diary, calls: Sequence[Call]) -> None:
        whole = (self.scope.ended - self.scope.began).total_seconds()
        fresh = 0
        for stretch in clock.stretches(diary, self.scope.began, self.scope.ended, calls):
            waiting = clock.due(stretch)
            if any(call.at == stretch.began for call in calls):
                self._everybody(stretch.began)
                if self.fades:
                    pass_night(self.brooms, stretch.began)
                self.brooms.sweep(stretch.began)
                waiting = clock.still_due(sorted(self.stood), stretch)
            fresh += self._through(stretch, waiting)
            if fresh > 2000:
                # The planner believes a table is as small as it was when it was looked at.
                fresh = 0
                db.run("ANALYZE flows_enrollment, mail_message, events_event, carts_cart, orders_order")
            self.progress((stretch.began - self.scope.began).total_seconds() / whole)

    def _through(self, stretch: clock.Stretch, waiting: dict[int, datetime]) -> int:
        """Everybody's moments in this stretch, in their order; returns how many there were."""
        seen, met = 0, set[int]()
        for _ in range(MOST_ROUNDS):
            moments, told = clock.round_of(stretch, waiting, self.stood)
            if not moments:
                return seen
            seen += len(moments)
            met |= self._moment(moments, told)
            # Those who waited from the start and were not met yet are found by the same look.
            waiting = clock.still_due(sorted(met | set(waiting)), stretch)
        raise AssertionError("a stretch of the past does not come to rest")

    def _moment(self, moments: dict[int, datetime], told: Sequence[Told]) -> set[int]:
        """These people, each at their own moment: what is told, then steps, then mails. Returns who they were."""
        self._set(moments)
        at = max(moments.values())
        people = {who: moment for who, moment in moments.items() if who != NOBODY}
        self._tell(told, at)
        for who in {event.customer_id for event in told if event.customer_id} - set(people):
            people[who] = at
        self._step(people, at)
        self._tell(self._overheard(at), at)
        self.post.deliver(people, at)
        return set(people)

    def _set(self, moments: dict[int, datetime]) -> None:
        """Put these people's clocks forward, and show what came to pass meanwhile."""
        who = sorted(moments)
        before = [self.stood.get(one, self.nothing) for one in who]
        ordered = history.show(self.scope, Clocks(who, before, [moments[one] for one in who]))
        recompute(ordered)
        if self.measures:
            measure(ordered, max(moments.values()))
        self.stood.update(moments)

    def _everybody(self, at: datetime) -> None:
        """The calendar concerns all."""
        people = sorted(self.stood)
        for start in range(0, len(people), clock.PAGE):
            self._set({one: max(at, self.stood[one]) for one in people[start : start + clock.PAGE]})

    def _tell(self, told: Sequence[Told], at: datetime) -> None:
        """To the listeners of flows, in the order in which they would hear of it."""
        heard: dict[Listener, list[Told]] = {}
        for event in told:
            if event.kind in self.begins and self.post.is_news(event):
                heard.setdefault(entry.on_trigger, []).append(event)
            if event.kind in self.ends:
                heard.setdefault(goals.on_goal, []).append(event)
        for listener, batch in heard.items():
            listener(sorted(batch, key=lambda event: (event.occurred_at, event.id)), at)

    def _step(self, people: dict[int, datetime], at: datetime) -> None:
        rows = db.rows(_DUE_RUNS, [list(people), list(people.values())])
        engine._advance([walking.run_of(row) for row in rows], at)  # noqa: SLF001  the same steps, by more than one clock
        if self.gives:
            db.run(_MADE, [stage.FIRST_NUMBER])

    def _overheard(self, at: datetime) -> list[Told]:
        """What the steps themselves made happen, and somebody listens to."""
        rows = db.rows(_OVERHEARD)
        if rows:
            db.run("DELETE FROM events_announcement")
        return [
            Told(
                id=row[0], store_id=row[1], customer_id=row[2], subject=row[3], kind=row[4], occurred_at=row[5],
                recorded_at=at, data=msgspec.json.decode(row[6]),
            )
            for row in rows
        ]  # fmt: skip


_DUE_RUNS = f"""
SELECT {walking.RUN_COLUMNS} FROM flows_enrollment e
JOIN unnest(%s::bigint[], %s::timestamptz[]) AS k(who, at) ON k.who = e.customer_id
WHERE e.status = 'active' AND e.due_at <= k.at ORDER BY e.due_at, e.id
"""

# Nobody asks the shop: a code that was granted counts as made, and its mail waits no longer than for one that is.
_MADE = """
UPDATE offers_code SET status = 'issued', issued_at = given_at, due_at = ends_at WHERE status = 'wanted' AND id >= %s
"""

_OVERHEARD = """
SELECT e.id, e.store_id, e.customer_id, e.subject, e.kind, e.occurred_at, e.data::text
FROM events_announcement a JOIN events_event e ON e.id = a.event_id ORDER BY a.event_id
"""
