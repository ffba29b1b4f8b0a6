"""The next mail keeps its distance to the one before, and waits no longer than that."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from apps.flows.lateness import after_mail

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
GAP = timedelta(seconds=2)


def test_a_mail_in_hand_is_looked_at_again_soon_not_when_its_lease_ends() -> None:
    lease = NOON + timedelta(minutes=2)

    assert after_mail(NOON, GAP, ("claimed", lease, None), NOON) == NOON + GAP


def test_a_mail_that_waits_is_followed_after_its_own_moment() -> None:
    due = NOON + timedelta(minutes=2)

    assert after_mail(NOON, GAP, ("planned", due, None), NOON) == due + GAP


def test_a_mail_that_went_late_moves_the_next_and_a_skipped_one_does_not() -> None:
    late = NOON + timedelta(minutes=30)

    assert after_mail(NOON, GAP, ("accepted", None, late), NOON) == late + GAP
    assert after_mail(NOON, GAP, ("skipped", None, None), NOON) == NOON
