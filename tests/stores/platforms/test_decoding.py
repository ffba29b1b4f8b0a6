"""Tolerant where shops differ, strict where bodies are hostile."""

from __future__ import annotations

import contextlib
import json
import time
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from apps.stores.errors import Ignored, Unreadable
from apps.stores.platforms.base import platforms
from apps.stores.platforms.cleaning import Id, Loose
from apps.stores.platforms.decoding import read
from tests.stores.platforms.deliveries import SHOPS, Delivery, envelope, everything, platform, told

# Shopify's own samples repeat one body under many topics: once is enough here.
USED = list({one.body: one for one in everything() if "snapshots" in told(one)}.values())
FAIR = {None, "no_key", "wrong_shape", "wrong_shop", "not_an_object"}
DEEP = 1_000_000


class Inner(msgspec.Struct):
    word: str | None = None
    amount: Loose = None


class Thing(msgspec.Struct):
    id: Id = None
    word: str | None = None
    yes: bool | None = None
    count: int | None = None
    at: datetime | None = None
    inner: Inner | None = None
    many: list[Inner] | None = None


@pytest.mark.parametrize(
    ("body", "field", "expected"),
    [
        ({"id": 2**60}, "id", 2**60),
        ({"id": "x7"}, "id", "x7"),
        ({"id": 1.5}, "id", None),
        ({"id": True}, "id", None),
        ({"word": 12}, "word", "12"),
        ({"word": 1.5}, "word", "1.5"),
        ({"word": ["a"]}, "word", None),
        ({"word": True}, "word", None),
        ({"yes": "yes"}, "yes", True),
        ({"yes": 0}, "yes", False),
        ({"yes": "maybe"}, "yes", None),
        ({"count": "12"}, "count", 12),
        ({"count": "many"}, "count", None),
        ({"at": "2026-11-22"}, "at", datetime(2026, 11, 22)),  # noqa: DTZ001  As it is written.
        ({"at": "0000-00-00T00:00:00"}, "at", None),
        (
            {"at": "2026-11-22T04:00:00.123456789Z"},
            "at",
            datetime(2026, 11, 22, 4, 0, 0, 123457, UTC),
        ),
        ({"inner": []}, "inner", None),
        ({"inner": {"word": 5, "amount": []}}, "inner", Inner(word="5")),
        ({"many": {"0": {"word": "a"}, "2": {"word": "b"}}}, "many", [Inner("a"), Inner("b")]),
        ({"many": [None, {"word": "a"}, 7]}, "many", [Inner("a")]),
        ({"many": "no"}, "many", None),
    ],
)
def test_only_what_does_not_fit_is_dropped(body: dict[str, Any], field: str, expected: Any) -> None:
    thing = read(json.dumps(body | {"count": body.get("count")}).encode(), Thing)

    assert getattr(thing, field) == expected


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", "not_json"),
        (b"webhook_id=1", "not_json"),
        (b'{"id": 1', "not_json"),
        (b'{"id": 1} trailing', "not_json"),
        (b'\xef\xbb\xbf{"id": 1}', "not_json"),
        ('{"id": 1}'.encode("utf-16"), "not_utf8"),
        ('{"id": 1}'.encode("utf-16-le"), "not_utf8"),
        ('{"id": 1}'.encode("utf-16-be"), "not_utf8"),
        (b'{"id": 1, "nobody": "\xff"}', "not_utf8"),
        (b'{"id": 1, "nobody": "\xed\xa0\x80"}', "not_utf8"),
        (b'{"id": 1, "word": "a\\u0000b"}', "nul"),
        (b'{"id": 1, "word": "\\\\\\u0000"}', "nul"),
        (b'{"id": 1, "word": "a\0b"}', "nul"),
        (b'{"id": 1, "word": "\\ud800"}', "lone_surrogate"),
        (b'{"id": 1, "nobody": "\\udc00x"}', "lone_surrogate"),
        (b'{"id": 1, "inner": {"amount": NaN}}', "nan"),
        (b'{"id": 1, "nobody": -Infinity}', "nan"),
        (b'{"id": 1, "inner": {"amount": 1e999}}', "nan"),
        (b"[]", "not_an_object"),
        (b'"text"', "not_an_object"),
        (b"null", "not_an_object"),
        (b'{"id": 1, "z": ' + b"[" * DEEP + b"]" * DEEP + b"}", "too_deep"),
        (b'{"z":' * DEEP + b"1" + b"}" * DEEP, "too_deep"),
        (b"[" * DEEP, "too_deep"),
    ],
    ids=range(24),
)
def test_a_hostile_body_is_refused_by_name(body: bytes, code: str) -> None:
    with pytest.raises(Unreadable) as refused:
        read(body, Thing)

    assert refused.value.code == code


def test_an_escaped_backslash_before_u0000_is_only_text() -> None:
    assert read(b'{"word": "\\\\u0000"}', Thing).word == "\\u0000"


def test_a_big_hostile_body_is_refused_in_time() -> None:
    body = b'{"word": "' + b"\\\\" * 2_000_000 + b'\\u0000"}'

    began = time.process_time()
    with pytest.raises(Unreadable):
        read(body, Thing)

    assert time.process_time() - began < 1


def _paths(value: Any, trail: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    found = []
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        found += [(*trail, key), *_paths(inner, (*trail, key))]
    return found


def _changed(value: Any, trail: tuple[Any, ...], change: Any) -> Any:
    copy = dict(value) if isinstance(value, dict) else list(value)
    if len(trail) > 1:
        copy[trail[0]] = _changed(value[trail[0]], trail[1:], change)
    elif change is None:
        del copy[trail[0]]
    else:
        copy[trail[0]] = change[0]
    return copy


@pytest.mark.parametrize("delivery", USED, ids=lambda one: f"{one.platform}:{one.name}")
@pytest.mark.parametrize("change", [None, [None], [[]], [{}], [""], ["x"], [-1], [1.5], [True]], ids=repr)
def test_any_field_may_be_missing_or_of_another_type(delivery: Delivery, change: Any) -> None:
    payload = json.loads(delivery.body)

    for trail in _paths(payload):
        body = json.dumps(_changed(payload, trail, change)).encode()
        result = told(delivery, body)

        assert result.get("unreadable") in FAIR, trail
        if result.get("unreadable") == "no_key":
            assert len(trail) <= 4, trail


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)


@given(data=st.data())
@settings(max_examples=400, deadline=None)
def test_hostile_values_never_let_anything_else_escape(data: st.DataObject) -> None:
    delivery = data.draw(st.sampled_from(USED))
    payload = json.loads(delivery.body)
    for trail in data.draw(st.lists(st.sampled_from(_paths(payload)), min_size=1, max_size=4, unique=True)):
        with contextlib.suppress(KeyError, IndexError, TypeError):
            payload = _changed(payload, trail, [data.draw(json_values)])

    result = told(delivery, json.dumps(payload).encode("utf-8", "surrogatepass"))

    assert result.get("unreadable") != "unexpected"


@given(body=st.binary(max_size=300), kind=st.sampled_from(["woocommerce", "shopify"]), data=st.data())
@settings(max_examples=300, deadline=None)
def test_any_bytes_are_read_or_refused(body: bytes, kind: str, data: st.DataObject) -> None:
    topic = data.draw(st.sampled_from(sorted({one.topic for one in USED if one.platform == kind})))

    code = ""
    try:
        platforms.get(kind).translate(envelope(topic, body), SHOPS[kind])
    except Unreadable as error:
        code = error.code
    except Ignored:
        pass

    assert code != "unexpected"


def test_the_platform_of_a_delivery_is_registered() -> None:
    assert {platform(one).kind for one in USED} == {"woocommerce", "shopify"}
