"""Durations are read as owners write them and written back the same."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.core.durations import (
    LONGEST,
    Duration,
    DurationRefused,
    format_duration,
    parse_duration,
    parse_duration_or_off,
)


@pytest.mark.parametrize(
    ("written", "kept", "length"),
    [
        ("30s", "30s", timedelta(seconds=30)),
        ("60m", "60m", timedelta(hours=1)),
        ("1h", "1h", timedelta(hours=1)),
        ("24h", "24h", timedelta(days=1)),
        ("3d", "3d", timedelta(days=3)),
        ("2w", "2w", timedelta(days=14)),
        ("0s", "0s", timedelta()),
        (" 90 s ", "90s", timedelta(seconds=90)),
        ("1H", "1h", timedelta(hours=1)),
    ],
)
def test_a_duration_keeps_the_words_of_the_owner(written: str, kept: str, length: timedelta) -> None:
    duration = parse_duration(written)

    assert duration.delta == length
    assert format_duration(duration) == kept


@pytest.mark.parametrize(
    "written",
    [
        "",
        "1",
        "h",
        "-1h",
        "1.5h",
        "1h30m",
        "3mo",
        "1y",
        "PT1H",
        "off",
        "1 h h",
        "٣h",
        "9999999999w",
        "1" * 99 + "s",
    ],
)
def test_a_refusal_names_what_is_accepted(written: str) -> None:
    with pytest.raises(DurationRefused, match="such as 30s, 60m, 24h, 3d or 2w"):
        parse_duration(written)


def test_a_rule_can_be_off_and_a_refusal_then_says_so() -> None:
    assert parse_duration_or_off(" Off ") is None
    assert format_duration(None) == "off"
    assert parse_duration_or_off("16h") == Duration(16, "h")
    with pytest.raises(DurationRefused, match=r"or off"):
        parse_duration_or_off("never")


@given(st.integers(0, 500), st.sampled_from("smhdw"))
def test_every_duration_is_read_back_equal(count: int, unit: str) -> None:
    duration = Duration(count, unit)

    assert parse_duration(str(duration)) == duration
    assert parse_duration_or_off(format_duration(duration)) == duration


@given(st.integers(0, int(LONGEST.total_seconds())))
def test_a_length_gets_its_largest_unit(seconds: int) -> None:
    assert Duration.of(timedelta(seconds=seconds)).delta == timedelta(seconds=seconds)


def test_a_length_of_part_of_a_second_is_refused() -> None:
    with pytest.raises(DurationRefused, match="whole seconds"):
        Duration.of(timedelta(milliseconds=1500))


@given(st.text(max_size=20))
def test_any_text_is_a_duration_or_a_refusal(text: str) -> None:
    try:
        duration = parse_duration(text)
    except DurationRefused:
        return
    assert timedelta() <= duration.delta <= LONGEST
