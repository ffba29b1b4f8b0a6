"""Links that only we can make."""

from __future__ import annotations

import time

from hypothesis import given
from hypothesis import strategies as st

from apps.mail import tokens

RING = ("a-new-key-of-decent-length", "an-old-key-of-decent-length")
STORES, MESSAGES, SLOTS = st.integers(0, 2**32 - 1), st.integers(0, 2**63), st.integers(0, 65535)


@given(STORES, MESSAGES, SLOTS)
def test_a_link_says_what_was_put_in(store, message, slot):
    assert tokens.read_click(tokens.click(store, message, slot, ring=RING), ring=RING) == tokens.Link(
        store, message, slot
    )
    assert tokens.read_restore(tokens.restore(store, message, slot, ring=RING), ring=RING).slot == slot


def test_purposes_do_not_mix():
    one = tokens.click(1, 2, 3, ring=RING)
    leave = tokens.unsubscribe(1, 2, b"0" * 16, ring=RING)

    assert tokens.read_restore(one, ring=RING) is None
    assert tokens.read_unsubscribe(one, ring=RING) is None
    assert tokens.read_click(leave, ring=RING) is None


def test_every_flipped_bit_and_sign_is_noticed():
    for token, read in (
        (tokens.click(7, 42, 1, ring=RING), tokens.read_click),
        (tokens.unsubscribe(7, 42, b"h" * 16, ring=RING), tokens.read_unsubscribe),
    ):
        for at in range(len(token)):
            for sign in "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_=+/ é":
                if sign != token[at]:
                    assert read(token[:at] + sign + token[at + 1 :], ring=RING) is None


@given(st.text(max_size=80))
def test_nonsense_is_no_link(text):
    for read in (tokens.read_click, tokens.read_restore, tokens.read_unsubscribe):
        assert read(text, ring=RING) is None


def test_old_keys_keep_working_until_they_leave_the_ring():
    old = tokens.unsubscribe(1, 2, b"x" * 16, ring=RING[1:])

    assert tokens.read_unsubscribe(old, ring=RING) == tokens.Leave(1, 2, b"x" * 16)
    assert tokens.read_unsubscribe(old, ring=RING[:1]) is None


def test_an_address_is_another_hash_in_another_store():
    assert tokens.hashed(1, "ada@example.org", key=RING[0]) != tokens.hashed(2, "ada@example.org", key=RING[0])


def test_a_token_is_short_and_quick():
    token = tokens.click(1, 2, 3, ring=RING)
    began = time.process_time()
    for _ in range(2_000):
        tokens.read_click(token, ring=RING)

    assert len(token) == 42
    assert (time.process_time() - began) / 2_000 < 0.000_2
