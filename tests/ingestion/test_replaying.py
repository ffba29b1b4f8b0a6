"""Recorded deliveries move in time byte by byte, and are read in arrival order."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest

from apps.ingestion import shifting
from apps.ingestion.recordings import Recording, RecordingRefused, read_all, shifted_to

DAY = timedelta(days=1, seconds=3)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (b'{"date_created_gmt":"2026-11-22T04:05:20"}', b'{"date_created_gmt":"2026-11-23T04:05:23"}'),
        (b'{"date_created": "2026-11-22T05:05:20"}', b'{"date_created": "2026-11-23T05:05:23"}'),
        (b'{"at":"2026-11-22T04:16:10Z"}', b'{"at":"2026-11-23T04:16:13Z"}'),
        (b'{"at":"2026-11-22T04:16:06+00:00"}', b'{"at":"2026-11-23T04:16:09+00:00"}'),
        (b'{"created_at":"2026-11-20T10:04:20-05:00"}', b'{"created_at":"2026-11-21T10:04:23-05:00"}'),
        (b'{"updated_at":"2026-11-20T15:04:20.010Z"}', b'{"updated_at":"2026-11-21T15:04:23.010Z"}'),
        (b'{"value":"2026-11-22 04:00:00"}', b'{"value":"2026-11-23 04:00:03"}'),
        (b'{"date_paid_gmt":null,"id":2026}', b'{"date_paid_gmt":null,"id":2026}'),
        (b'{"born":"2026-11-22","n":"2026-11-22T99:99:99"}', b'{"born":"2026-11-22","n":"2026-11-22T99:99:99"}'),
        (b'{"2026-11-22T04:05:20":1}', b'{"2026-11-22T04:05:20":1}'),
        (rb'{"note":"say \"at\":\"x\" 2026-11-22T04:05:20"}', rb'{"note":"say \"at\":\"x\" 2026-11-22T04:05:20"}'),
        (b"webhook_id=1", b"webhook_id=1"),
        (b"\xff\x00 not json", b"\xff\x00 not json"),
    ],
)
def test_each_time_keeps_its_own_form(before, after):
    assert shifting.shift_body(before, DAY) == after


def test_nothing_but_times_changes_and_back_is_back():
    body = b'{ "a" : "\\u00eb\\/",\n"at":"2026-11-22T04:16:10Z", "list":["2026-11-22T04:16:10.5+01:00"]}'

    there = shifting.shift_body(body, DAY)

    assert len(there) == len(body)
    assert shifting.shift_body(there, -DAY) == body


def test_headers_move_as_well():
    headers = {
        "X-Shopify-Triggered-At": "2026-11-20T15:05:12.550000000Z",
        "X-Rcv-Timestamp": "1795320974",
        "X-WC-Webhook-ID": "1795320974",
    }

    assert shifting.shift_headers(headers, DAY) == {
        "X-Shopify-Triggered-At": "2026-11-21T15:05:15.550000000Z",
        "X-Rcv-Timestamp": str(1795320974 + 86403),
        "X-WC-Webhook-ID": "1795320974",
    }


def test_all_move_by_one_amount_until_the_newest_is_now():
    now = datetime(2027, 1, 1, 12, tzinfo=UTC)
    first = recording('{"at":"2026-11-22T10:00:00Z","expires_at":"2030-01-01T00:00:00Z"}')
    second = recording('{"date_modified_gmt":"2026-11-22T10:00:30"}')

    moved = shifted_to([first, second], now)

    assert [one.at for one in moved] == [now - timedelta(seconds=30), now]


def test_what_tells_no_time_stays_as_it_is():
    deleted = recording('{"id":23}')

    assert shifted_to([deleted], datetime(2027, 1, 1, tzinfo=UTC)) == [deleted]


def test_a_folder_is_read_in_the_order_of_its_times_and_lists_in_their_own(tmp_path):
    for name, at in (("b", "10:00:00"), ("a", "11:00:00")):
        one = {"headers": {"X-WC-Webhook-Topic": name}, "body": f'{{"at":"2026-11-22T{at}Z"}}'}
        (tmp_path / f"{name}.http.json").write_text(json.dumps(one | {"secret": None}))
    shop = tmp_path / "shop"
    shop.mkdir()
    order = [{"file": f"{n}.json", "headers": {"X-Shopify-Topic": n, "note": "x"}} for n in ("z", "y")]
    (shop / "DELIVERIES.json").write_text(json.dumps({"scenario": "s", "arrival_order": order}))
    for name in "zy":
        (shop / f"{name}.json").write_bytes(b'{ "exactly" : 1 }\n')

    found = read_all([tmp_path])

    assert [one.topic for one in found] == ["z", "y", "b", "a"]
    assert found[0].body == b'{ "exactly" : 1 }\n'


@pytest.mark.parametrize("name", ["missing.http.json", "empty", "broken.http.json", "other.txt"])
def test_a_file_that_holds_no_delivery_is_named(tmp_path, name):
    (tmp_path / "empty").mkdir()
    (tmp_path / "broken.http.json").write_text('{"headers":1}')

    with pytest.raises(RecordingRefused, match=name):
        read_all([tmp_path / name])


def recording(body):
    return Recording(name="x", headers={}, body=body.encode())
