"""What the owner sees: the numbers with their warning, the words, who is not content, and the page to sign up on."""

from __future__ import annotations

import re

import pytest
from django.urls import reverse

from apps.core import clock
from apps.dashboard.alarms import alarms
from apps.feedback import answering
from apps.feedback.models import LowScore, Survey

pytestmark = pytest.mark.django_db


@pytest.fixture
def owner(asker, client):
    from apps.accounts.models import Membership, User

    user = User.objects.create_user("sanne", email="sanne@staff.example", is_staff=True)
    Membership.objects.create(user=user, store=asker.store, role="owner")
    client.force_login(user)
    return client


def answers(asker, slug, code, comment=""):
    asked = asker.asks(slug)
    answering.record(
        answering.Given(
            survey_id=asked.survey.pk, message_id=asked.message, customer_id=asked.customer.pk, said={"": code},
            comment=comment,
        ),
        clock.now(),
    )  # fmt: skip
    return asked


def test_a_survey_shows_its_number_its_response_and_how_thin_it_is(asker, owner):
    for code in ("10", "9", "3"):
        answers(asker, "nps", code, comment=f"Want {code}")
    asker.asks("nps")
    survey = Survey.objects.get(slug="nps")

    page = re.sub(r"\s+", " ", owner.get(reverse("admin:feedback_survey_change", args=[survey.pk])).content.decode())

    assert "+33.33" in page or "+33,33" in page
    assert "75.00 %" in page or "75,00 %" in page
    assert re.search(r"Only 3 answers|maar 3 antwoorden", page)
    assert "Want 3" in page


def test_other_words_become_the_next_version(asker, owner):
    answers(asker, "csat", "5")
    survey = Survey.objects.get(slug="csat")
    address = reverse("admin:feedback_survey_change", args=[survey.pk])
    form = owner.get(address).context["form"]
    given = {name: form.get_initial_for_field(field, name) for name, field in form.fields.items()}
    given = {name: value for name, value in given.items() if value is not None}

    wrong = owner.post(address, {**given, "answers.nl": "Slecht\nGoed"})
    assert wrong.status_code == 200
    assert Survey.objects.filter(slug="csat").count() == 1
    owner.post(address, {**given, "question.nl": "Alles naar wens?", "share": "25", "low_mark": "3"})

    newest = Survey.objects.get(slug="csat", replaced_at=None)
    assert (newest.number, newest.texts["nl"]["question"], newest.share, newest.low_mark) == (
        2, "Alles naar wens?", 25, 3,
    )  # fmt: skip
    # The version that was replaced shows its words, and takes no others.
    assert owner.get(address).status_code == 200
    assert owner.post(address, given).status_code == 404


def test_an_owner_asks_something_of_their_own(asker, owner):
    address = reverse("dashboard:survey-make", args=[asker.store.pk])
    owner.post(address, {"name": "Smaak", "question": "Welke smaak?", "answers": "Vanille\n"})
    assert not Survey.objects.exists()

    owner.post(address, {"name": "Smaak", "question": "Welke smaak?", "answers": "Vanille\n Aardbei \n\n"})
    owner.post(address, {"name": "Smaak", "question": "Nog eens?", "answers": "a\nb"})
    owner.post(reverse("dashboard:survey-fetch", args=[asker.store.pk]))

    mine = Survey.objects.get(slug="smaak")
    assert mine.texts["nl"]["answers"] == [["answer_1", "Vanille"], ["answer_2", "Aardbei"]]
    assert set(Survey.objects.values_list("slug", flat=True)) == {
        "smaak", "csat", "nps", "effort", "contact", "silent",
    }  # fmt: skip
    assert owner.get(reverse("admin:feedback_survey_changelist")).status_code == 200


def test_a_low_score_is_an_alarm_until_somebody_looked_after_it(asker, owner):
    asked = answers(asker, "csat", "1", comment="Stuk")
    low = LowScore.objects.get()

    def ringing():
        return [alarm for alarm in alarms(asker.store, clock.now()) if "feedback/lowscore" in alarm.url]

    (alarm,) = ringing()
    assert owner.get(alarm.url).status_code == 200
    page = owner.get(reverse("admin:feedback_lowscore_change", args=[low.pk])).content.decode()
    assert "Stuk" in page
    assert asked.customer.email in page
    owner.post(reverse("dashboard:low-score-attend", args=[low.pk]))

    assert ringing() == []


def test_looking_after_a_low_score_may_let_promotions_go_again_and_no_other_hold(asker, owner):
    from apps.accounts.models import Membership
    from apps.customers import holding
    from apps.customers.models import Hold
    from apps.events.announcing import announce_due

    customer = answers(asker, "csat", "1").customer
    while announce_due(clock.now()):
        pass
    Hold.objects.create(store=asker.store, customer=customer, kind="complaint", began_at=clock.now())
    low = LowScore.objects.get()
    page = reverse("admin:feedback_lowscore_change", args=[low.pk])
    attend = reverse("dashboard:low-score-attend", args=[low.pk])

    def held():
        return {hold.kind for hold in holding.standing(customer, clock.now())}

    assert held() == {"score", "complaint"}
    # A marketer looks after it; what is held back is for the owner to say.
    Membership.objects.update(role="marketer")
    assert 'name="lift"' not in owner.get(page).content.decode()
    owner.post(attend, {"lift": "1"})
    assert held() == {"score", "complaint"}

    Membership.objects.update(role="owner")
    assert 'name="lift"' in owner.get(page).content.decode()
    owner.post(attend)
    assert held() == {"score", "complaint"}
    owner.post(attend, {"lift": "1"})
    assert held() == {"complaint"}
    assert 'name="lift"' not in owner.get(page).content.decode()


def test_the_form_to_paste_signs_up_as_the_page_does(asker, owner, phone):
    from apps.feedback.models import SignUp

    page = owner.get(reverse("admin:feedback_signup_changelist"))
    (shown,) = page.context["pages"]
    form = shown["form"]
    assert "<script" not in form
    notice = re.search(r'name="notice" value="(\d+)"', form).group(1)

    phone.post(
        shown["address"], {"email": "eva@shopper.example", "consent": "yes", "notice": notice, "website": ""},
        headers={"origin": "https://molenzicht.example", "referer": "https://molenzicht.example/nieuwsbrief?x=1"},
    )  # fmt: skip

    row = SignUp.objects.get()
    assert (row.outcome, row.source_url) == ("granted", "https://molenzicht.example/nieuwsbrief")
