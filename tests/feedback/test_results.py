"""What the answers come to (product.md section 9, scenario 25)."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest

from apps.feedback import answering
from apps.feedback.results import by_month, results

pytestmark = pytest.mark.django_db


def answered(asker, survey, said, times=1, at=None, order=None):
    for _ in range(times):
        customer = asker.buyer()
        message = asker.mail(customer, survey=survey.pk, order=order)
        given = answering.Given(survey_id=survey.pk, message_id=message, customer_id=customer.pk, said=said)
        answering.record(given, at or asker.at)


def of(asker, survey, **more):
    since, until = asker.at - timedelta(days=90), asker.at + timedelta(days=1)
    codes = answering.codes_of(survey)
    return {"store_id": asker.store.pk, "slug": survey.slug, "kind": survey.kind, "codes": codes} | {
        "since": since, "until": until, **more
    }  # fmt: skip


def test_ten_answers_two_far_too_much_is_twenty_per_cent(asker):
    effort = asker.survey("effort")
    answered(asker, effort, {"order": "far_too_much"}, times=2)
    answered(asker, effort, {"order": "some"}, times=3)
    answered(asker, effort, {"order": "little", "find": "little"}, times=5)

    found = results(**of(asker, effort, asked=40))

    assert {figure.part: figure.value for figure in found.figures} == {
        "find": Decimal("0.00"),
        "order": Decimal("20.00"),
        "receive": None,
    }
    assert (found.n, found.rate, found.is_thin) == (10, Decimal("25.00"), True)


def test_numbers_follow_the_answers_in_force_over_all_versions(asker):
    from apps.feedback import surveys

    nps = asker.survey("nps")
    answered(asker, nps, {"": "10"}, times=10)
    answered(asker, nps, {"": "8"}, times=6, at=asker.at - timedelta(days=40))
    answered(asker, nps, {"": "0"}, times=4)
    surveys.reword(nps, {**nps.texts, "en": {**nps.texts["en"], "question": "Would you?"}}, asker.at)
    newer = asker.survey("nps")
    answered(asker, newer, {"": "9"}, times=10)

    found = results(**of(asker, newer))

    assert [(figure.value, figure.n) for figure in found.figures] == [(Decimal("53.33"), 30)]
    assert (found.is_thin, found.rate) == (False, None)
    months = by_month(**of(asker, newer))
    assert len(months) == 2
    assert months[0][1][0].value == Decimal("0.00")


def test_another_shops_answers_are_not_counted(asker):
    from tests.feedback.asking import Asking
    from tests.shopkeeping import open_store

    other = Asking(open_store(name="Zeezicht"))
    answered(other, other.survey("csat"), {"": "1"}, times=3)
    csat = asker.survey("csat")
    answered(asker, csat, {"": "5"})

    found = results(**of(asker, csat))

    assert (found.n, found.counts[""]["1"], found.figures[0].value) == (1, 0, Decimal("100.00"))
