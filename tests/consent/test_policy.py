"""What the law of each country lets a shop send, and that a refusal always wins."""

from __future__ import annotations

import csv
import itertools
import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.consent.policy import (
    CURRENT,
    NEGOTIATION_KINDS,
    Basis,
    BasisCode,
    Facts,
    NoBasis,
    NoBasisCode,
    NonBuyer,
    Options,
    PaidOrder,
    Permission,
    Purpose,
    Source,
    State,
    decide,
    load_policy,
    months_later,
)
from apps.core.reasons import Reason

AT = datetime(2026, 11, 20, 12, tzinfo=UTC)
GOLDEN_FILE = Path(__file__).with_name("golden_policy.csv")
GOLDEN = list(csv.DictReader(GOLDEN_FILE.open(encoding="utf-8"))) if GOLDEN_FILE.exists() else []


def facts_of(row: Mapping[str, str]) -> Facts:
    """The facts of one line of the golden file."""
    order = None
    if row["order_days"]:
        paid_at = AT - timedelta(days=int(row["order_days"]))
        order = PaidOrder(external_id="1042", paid_at=paid_at, notice=row["order_notice"] or None)
    permission = Permission(
        state=State(row["state"]),
        at=AT - timedelta(days=2) if row["dated"] == "yes" else None,
        source=Source(row["source"]),
        double_opt_in=row["doi"] == "yes",
        attested=row["attested"] == "yes",
        text_in_force=row["text"] or None,
    )
    return Facts(
        at=AT,
        purpose=Purpose(row["purpose"]),
        kind=row["kind"],
        person_country=row["person"] or None,
        shop_country=row["shop"] or None,
        permission=permission,
        last_paid_order=order,
        capture_notice=row["capture"] or None,
        options=Options(allow_uk_negotiation=row["uk"] == "yes"),
    )


countries = st.sampled_from([*CURRENT.rows, "ZZ", "uk", "", None])
texts = st.sampled_from([None, "v1"])
permissions = st.builds(
    Permission,
    state=st.sampled_from(State),
    at=st.sampled_from([None, AT - timedelta(days=2)]),
    source=st.sampled_from(Source),
    double_opt_in=st.booleans(),
    attested=st.booleans(),
    text_in_force=texts,
)
orders = st.builds(
    PaidOrder,
    external_id=st.just("1042"),
    paid_at=st.integers(0, 1500).map(lambda days: AT - timedelta(days=days)),
    notice=texts,
)
all_facts = st.builds(
    Facts,
    at=st.just(AT),
    purpose=st.sampled_from(Purpose),
    kind=st.sampled_from([*sorted(NEGOTIATION_KINDS), "welcome"]),
    person_country=countries,
    shop_country=countries,
    permission=permissions,
    last_paid_order=st.none() | orders,
    capture_notice=texts,
    options=st.builds(Options, allow_uk_negotiation=st.booleans()),
)


def test_the_golden_file_is_large_enough_to_mean_something() -> None:
    assert len(GOLDEN) >= 300
    reached = {row["answer"].partition(":")[2] for row in GOLDEN}
    assert reached == {code.value for code in [*BasisCode, *NoBasisCode]}


@pytest.mark.parametrize("row", GOLDEN, ids=lambda row: f"{row['person']}-{row['shop']}: {row['case']}")
def test_the_law_of_the_golden_file(row: dict[str, str]) -> None:
    verdict = decide(facts_of(row))

    assert f"{type(verdict).__name__.lower()}:{verdict.code}" == row["answer"]


@given(all_facts)
def test_a_refusal_or_an_erasure_ends_marketing_everywhere(facts: Facts) -> None:
    for state, code in ((State.DENIED, NoBasisCode.DENIED), (State.ERASED, NoBasisCode.ERASED)):
        refused = replace(facts, purpose=Purpose.MARKETING, permission=replace(facts.permission, state=state))

        verdict = decide(refused)

        assert isinstance(verdict, NoBasis)
        assert verdict.code is code


@given(all_facts)
def test_the_strictest_row_grants_nothing_that_another_row_refuses(facts: Facts) -> None:
    strictest = decide(replace(facts, person_country="ZZ"))

    if isinstance(strictest, Basis):
        for country in CURRENT.rows:
            assert isinstance(decide(replace(facts, person_country=country)), Basis), country


@given(all_facts)
def test_less_proof_never_gives_more(facts: Facts) -> None:
    """Taking a proof away may lose the basis, and never finds one."""
    if isinstance(decide(facts), Basis):
        return
    said = facts.permission
    weaker = [
        replace(facts, permission=replace(said, attested=False)),
        replace(facts, permission=replace(said, double_opt_in=False)),
        replace(facts, permission=replace(said, text_in_force=None)),
        replace(facts, permission=replace(said, at=None)),
        replace(facts, last_paid_order=None),
        replace(facts, capture_notice=None),
        replace(facts, options=Options()),
        replace(facts, person_country="ZZ"),
    ]
    assert all(isinstance(decide(less), NoBasis) for less in weaker)


@given(all_facts)
def test_each_answer_keeps_its_facts_and_version_in_plain_words(facts: Facts) -> None:
    verdict = decide(facts)

    kept = verdict.evidence if isinstance(verdict, Basis) else verdict.facts
    assert json.loads(json.dumps(kept)) == kept
    assert verdict.policy_version == CURRENT.version
    assert kept["at"] == AT.isoformat()
    assert kept["law"]


@given(all_facts)
def test_each_basis_carries_the_proof_the_law_asks_for(facts: Facts) -> None:
    verdict = decide(replace(facts, purpose=Purpose.MARKETING))

    if isinstance(verdict, NoBasis):
        return
    match verdict.code:
        case BasisCode.CONSENT | BasisCode.DOI_CONSENT:
            assert verdict.evidence["state_at"]
            assert verdict.evidence["text"]
            assert verdict.evidence["attested"] or verdict.evidence["text_origin"] == "as shown"
        case BasisCode.EXISTING_CUSTOMER:
            assert verdict.evidence["order"]
            assert verdict.evidence["order_notice"]
        case BasisCode.NEGOTIATION:
            assert verdict.evidence["row"] == "GB"
            assert verdict.evidence["capture_notice"]
        case code:
            assert code is BasisCode.OPT_OUT_REGIME
            assert verdict.evidence["row"] == "US"


def test_the_customer_exception_ends_after_its_calendar_months() -> None:
    bought = datetime(2024, 2, 29, 12, tzinfo=UTC)
    order = PaidOrder(external_id="1042", paid_at=bought, notice="n1")
    last_day = Facts(
        at=datetime(2026, 2, 28, 12, tzinfo=UTC),
        purpose=Purpose.MARKETING,
        kind="win_back",
        person_country="NL",
        last_paid_order=order,
    )

    assert decide(last_day).code is BasisCode.EXISTING_CUSTOMER
    late = replace(last_day, at=last_day.at + timedelta(seconds=1))
    assert decide(late).code is NoBasisCode.CUSTOMER_LAPSED
    irish = replace(last_day, person_country="IE", at=months_later(bought, 12) + timedelta(seconds=1))
    assert decide(irish).code is NoBasisCode.CUSTOMER_LAPSED


def test_every_refusal_has_a_reason_an_owner_can_read() -> None:
    assert {f"no_basis_{code}" for code in NoBasisCode} == {
        reason.value for reason in Reason if reason.startswith("no_basis_")
    }


def test_the_table_names_every_country_of_the_economic_area_and_its_law() -> None:
    area = "AT BE BG HR CY CZ DK EE FI FR DE GR HU IE IT LV LT LU MT NL PL PT RO SK SI ES SE IS LI NO"

    assert set(area.split()) | {"GB", "US", "CA", "CH", "AU"} == set(CURRENT.rows)
    for row in CURRENT.rows.values():
        assert row.law
        assert row.notes
        assert row.months in (12, 24)


def test_the_default_row_is_the_strictest() -> None:
    assert CURRENT.default.non_buyer is NonBuyer.DOUBLE_OPT_IN
    assert not CURRENT.default.customer_exception


@pytest.mark.parametrize("line", ['non_buyer = "whatever"', 'non_buyer = "consent"\nsurprise = 1'])
def test_a_table_with_an_unknown_word_is_refused(tmp_path: Path, line: str) -> None:
    table = tmp_path / "policies.toml"
    rest = 'customer_exception = false\nlaw = "a"\nnotes = "b"\n'
    table.write_text(f'version = "1"\nreviewed_by = ""\n[default]\n{line}\n{rest}[country]\n', encoding="utf-8")

    with pytest.raises((ValueError, TypeError)):
        load_policy(table)


def test_every_pair_of_rows_is_told_apart_by_its_country_only() -> None:
    facts = Facts(at=AT, purpose=Purpose.MARKETING, kind="abandoned_cart", shop_country="US")

    for one, other in itertools.pairwise(sorted(CURRENT.rows)):
        assert CURRENT.row_for(one.lower(), other).country == one
    assert decide(facts).code is BasisCode.OPT_OUT_REGIME
    assert decide(replace(facts, person_country="NL")).code is NoBasisCode.NO_CONSENT
