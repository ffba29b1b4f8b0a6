"""A click chooses, the button records, and a second answer replaces the first."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.db import DatabaseError, transaction

from apps.core import clock
from apps.feedback import answering, asking, surveys
from apps.feedback.models import Answer, LowScore, Survey
from tests.feedback.asking import told

pytestmark = pytest.mark.django_db


def test_looking_records_nothing_and_pressing_does(asker, phone):
    asked = asker.asks("nps")

    looks = [phone.get(asked.link("9")), phone.head(asked.link("9")), phone.options(asked.link("9"))]

    assert [look.status_code for look in looks] == [200, 200, 200]
    assert asked.answers == []
    assert re.search(r'value="9" checked', looks[0].content.decode())

    phone.post(asked.link("9"), {"answer.": "10", "comment": " Top! "})

    assert (asked.answer.said, asked.answer.score, asked.answer.low) == ({"": "10"}, 10, False)
    assert asked.answer.comment == "Top!"
    assert asked.answer.customer == asked.customer
    (event,) = told(asker.store, "survey.answered")
    assert {"survey": "nps", "part": "", "answer": "10", "score": 10, "again": False}.items() <= event.items()
    assert event["message"] == asked.message


def test_a_second_answer_replaces_the_first_and_both_are_kept(asker, phone):
    asked = asker.asks("csat")
    phone.post(asked.link("5"), {"answer.": "5"})
    phone.post(asked.link("5"), {"answer.": "5"})

    phone.post(asked.link("2"), {"answer.": "2", "comment": "Kapot"})

    first, second = asked.answers
    assert first.replaced_at is not None
    assert (second.replaced_at, second.said, second.low) == (None, {"": "2"}, True)
    assert [event["answer"] for event in told(asker.store, "survey.answered")] == ["5", "2"]
    assert [event["score"] for event in told(asker.store, "score.low")] == [2]
    # What was said before stands ready on the page.
    assert "Kapot" in phone.get(asked.link()).content.decode()


def test_the_effort_page_asks_three_things_and_keeps_what_was_answered(asker, phone):
    asked = asker.asks("effort", locale="nl-u")

    page = phone.get(asked.link("little", part="find")).content.decode()
    assert page.count("<fieldset>") == 3
    assert page.count(" checked") == 1
    assert "wat u zocht" in page
    phone.post(asked.link(), {"answer.find": "little", "answer.receive": "far_too_much"})

    assert asked.answer.said == {"find": "little", "receive": "far_too_much"}
    assert (asked.answer.score, asked.answer.low) == (1, True)
    assert [(event["part"], event["answer"]) for event in told(asker.store, "survey.answered")] == [
        ("find", "little"),
        ("receive", "far_too_much"),
    ]


@pytest.mark.parametrize("given", [{}, {"answer.": "11"}, {"answer.": "5; DROP"}, {"answer.order": "5"}])
def test_what_is_no_answer_is_asked_again(asker, phone, given):
    asked = asker.asks("nps")

    page = phone.post(asked.link(), {**given, "comment": "<script>x</script>"})

    assert page.status_code == 400
    assert 'role="alert"' in page.content.decode()
    assert "<script>x" not in page.content.decode()
    assert asked.answers == []


def test_links_of_others_and_broken_ones_lead_nowhere(asker, phone):
    asked = asker.asks("nps")
    good = asked.link("9")
    broken = good[:-3] + ("AAA" if not good.endswith("AAA") else "BBB")

    assert phone.get(broken).status_code == 404
    assert phone.post(broken, {"answer.": "9"}).status_code == 404
    assert phone.put(good).status_code == 405
    asked.customer.delete()
    assert "verlopen" in phone.get(good).content.decode() or "expired" in phone.get(good).content.decode()
    assert Answer.objects.count() == 0


def test_the_pages_are_strict_and_set_no_cookie(asker, phone):
    asked = asker.asks("nps")

    for answer in (phone.get(asked.link()), phone.post(asked.link(), {"answer.": "1"})):
        assert answer["Content-Security-Policy"].startswith("default-src 'none'; style-src 'self'")
        assert answer["Referrer-Policy"] == "no-referrer"
        assert not answer.cookies
        assert "<script" not in answer.content.decode()
        assert asked.customer.email not in answer.content.decode()


def test_words_that_were_asked_stand_still(asker):
    survey = asker.survey("silent")
    other = {**survey.texts, "nl": {**survey.texts["nl"], "question": "Iets anders?"}}

    with pytest.raises(DatabaseError), transaction.atomic():
        Survey.objects.filter(pk=survey.pk).update(texts=other)
    newer = surveys.reword(survey, other, clock.now())

    assert (newer.number, newer.slug, newer.frozen_at) == (2, "silent", None)
    survey.refresh_from_db()
    assert survey.replaced_at is not None
    # Nobody was asked the new words yet: they may still change, in the same version.
    assert surveys.reword(newer, survey.texts, clock.now()).pk == newer.pk
    assert asker.survey("silent").pk == newer.pk
    assert asking.take([(asker.store.pk, "nonsense")], clock.now()) == {}


def test_a_sample_is_the_same_people_every_time(asker):
    survey = asker.survey("nps")
    Survey.objects.filter(pk=survey.pk).update(share=30)
    present = surveys.present([(asker.store.pk, "nps")], clock.now())[(asker.store.pk, "nps")]

    asked = [asking.sampled(present, person) for person in range(4000)]

    assert asked == [asking.sampled(present, person) for person in range(4000)]
    assert 0.27 < sum(asked) / 4000 < 0.33


def test_a_low_mark_is_the_shops_own(asker):
    asked = asker.asks("csat")
    Survey.objects.filter(pk=asked.survey.pk).update(low_mark=3)

    answering.record(
        answering.Given(
            survey_id=asked.survey.pk, message_id=asked.message, customer_id=asked.customer.pk, said={"": "3"}
        ),
        clock.now(),
    )

    assert asked.answer.low
    assert answering.attend(asked.answer.lowscore, clock.now() + timedelta(hours=1))
    assert not answering.attend(asked.answer.lowscore, clock.now() + timedelta(hours=2))


def test_a_link_pressed_for_ever_fills_no_table(asker):
    asked = asker.asks("nps")

    for code in ["1", "0", "1", *["9", "10"] * 15]:
        answering.record(
            answering.Given(
                survey_id=asked.survey.pk, message_id=asked.message, customer_id=asked.customer.pk,
                said={"": code},
            ),
            clock.now(),
        )  # fmt: skip

    assert len(asked.answers) == answering.KEPT + 2
    # The owner is rung for 0 and for nothing after it.
    (low,) = LowScore.objects.all()
    assert (low.score, low.answer.score) == (0, 1)


def test_two_hands_press_at_once_and_one_answer_stands(transactional_db):
    from concurrent.futures import ThreadPoolExecutor

    from django.db import connection

    from tests.feedback.asking import Asking
    from tests.shopkeeping import open_store

    asked = Asking(open_store()).asks("nps")

    def press(code):
        given = answering.Given(
            survey_id=asked.survey.pk, message_id=asked.message, customer_id=asked.customer.pk, said={"": code}
        )
        try:
            answering.record(given, clock.now())
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as hands:
        list(hands.map(press, ["1", "2", "9", "10"] * 3))

    assert Answer.objects.filter(message=asked.message, replaced_at=None).count() == 1
