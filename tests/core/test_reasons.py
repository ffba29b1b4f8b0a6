"""Every reason has a sentence and a mend, in both languages, with the same values."""

from __future__ import annotations

import string
from pathlib import Path

import pytest
from babel.messages.pofile import read_po
from django.utils import translation

from apps.core.reasons import EXPLANATIONS, HELD, Reason, explain

PARTS = Path(__file__).parents[2] / "locale" / "parts"


def catalogue(name: str) -> dict[str, str]:
    with (PARTS / name).open("rb") as file:
        return {str(message.id): str(message.string) for message in read_po(file, locale="nl") if message.id}


# Most stand in the part of the reasons; whoever adds one may say it in the part of their own.
OWN = catalogue("reasons.nl.po")
DUTCH = {text: said for path in sorted(PARTS.glob("*.nl.po")) for text, said in catalogue(path.name).items()} | OWN


def value_names(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


def english(code: Reason) -> tuple[str, str]:
    with translation.override(None):
        explanation = EXPLANATIONS[code]
        return str(explanation.sentence), str(explanation.mend)


def test_the_list_is_closed_and_wholly_explained() -> None:
    assert set(EXPLANATIONS) == set(Reason)
    assert "other" not in set(Reason)
    assert set(Reason) > HELD


@pytest.mark.parametrize("code", Reason)
def test_each_reason_is_said_in_dutch_with_the_same_values(code: Reason) -> None:
    for text in english(code):
        assert text.endswith(".")
        assert DUTCH[text].endswith(".")
        assert value_names(DUTCH[text]) == value_names(text)
        assert all(name.isidentifier() for name in value_names(text))


def test_the_dutch_catalogue_holds_nothing_that_is_no_longer_said() -> None:
    assert set(OWN) <= {text for code in Reason for text in english(code)}


def test_a_reason_is_explained_with_its_values() -> None:
    with translation.override(None):
        sentence, mend = explain("order_placed", {"order": 1042, "at": "9:05", "unused": object()})

    assert sentence == "Order 1042 was placed at 9:05, before this mail was due."
    assert mend == "Nothing to mend."


def test_a_value_that_was_not_kept_leaves_the_sentence_readable() -> None:
    with translation.override(None):
        sentence, _ = explain(Reason.CAP, {"count": 3})

    assert sentence == "This person has had 3 mails in …; this one waits until …."


def test_a_value_is_shown_and_never_interpreted() -> None:
    with translation.override(None):
        sentence, _ = explain(Reason.ADDRESS_REJECTED, {"answer": "{order.__class__} 550 {0}"})

    assert "{order.__class__} 550 {0}" in sentence


def test_a_code_that_is_not_on_the_list_is_a_mistake_of_ours() -> None:
    with pytest.raises(ValueError, match="other"):
        explain("other", {})


def test_codes_are_stable() -> None:
    """They are stored: renaming one changes what old rows say."""
    asked_for = (
        "stale order_placed cart_emptied newer_basket suppressed_marketing "
        "suppressed_everything no_address unmailable_basket store_off store_uninstalled cap "
        "stale_capped quiet_hours feed_stale flow_off enrollment_ended template_error "
        "too_large address_rejected rejected_by_server held_out crashed_three_times "
        "not_in_stock duplicate_run expired no_basis_no_consent no_basis_denied"
    )
    assert set(asked_for.split()) <= set(Reason)
