"""Subjects as owners read them in lists."""

from __future__ import annotations

import pytest

from apps.mail.headlines import headline


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("We keep it {% if mail.expires_on %}until {{ mail.expires_on }}{% else %}a little longer{% endif %}",
         "We keep it a little longer"),
        ("{% if offer %}Something from us{% else %}A good week{% endif %}", "A good week"),
        ("To be used until {{ offer.ends_on }}: {{ offer.value }}", "To be used until …: …"),
        ("{% if offer %}A gift: {% endif %}your order", "A gift: your order"),
        ("50 % off", "50 % off"),
    ],
)  # fmt: skip
def test_a_subject_is_told_in_words_only(written: str, read: str) -> None:
    assert headline(written) == read
