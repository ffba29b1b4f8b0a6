"""The sign-up page: only a button signs up, only the mailbox takes a no back, and nobody learns who is known."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest

from apps.consent.models import ConsentRecord, Permission, Suppression
from apps.consent.suppressing import suppress
from apps.core import clock
from apps.customers.models import Customer
from apps.feedback import signing_up
from apps.feedback.models import SignUp
from apps.mail import tokens
from apps.mail.models import Message
from apps.stores import notices
from apps.stores.models import Notice
from tests.feedback.asking import ring

pytestmark = pytest.mark.django_db
ADA = "Ada@Shopper.example"


def page_of(asker):
    return f"/signup/{asker.store.key}/"


def presses(asker, phone, email=ADA, **more):
    return phone.post(page_of(asker), {"email": email, "consent": "yes", **more})


def in_germany(asker):
    asker.store.country = "DE"
    asker.store.save(update_fields=["country"])


def state_of(email=ADA):
    return Permission.objects.get(customer__email_key=email.lower()).state


def test_one_press_is_a_yes_with_its_proof(asker, phone):
    text = notices.present(asker.store, Notice.Kind.OPT_IN)
    page = phone.get(page_of(asker)).content.decode()
    assert text.text in page
    assert " checked" not in page
    assert ConsentRecord.objects.count() == 0

    shown = re.search(r'name="notice" value="(\d+)"', page).group(1)
    answer = presses(asker, phone, notice=shown)

    assert answer.status_code == 200
    record = ConsentRecord.objects.get()
    assert (record.state, record.source, record.notice, record.text_version) == (
        "granted", "signup", text, f"notice:{text.pk}",
    )  # fmt: skip
    row = SignUp.objects.get()
    assert (row.outcome, row.notice, row.language, row.customer.email) == ("granted", text, "nl", ADA)
    assert row.source_url == page_of(asker)
    assert Message.objects.count() == 0


def test_an_older_form_on_the_shops_site_proves_its_older_text(asker, phone):
    older = notices.present(asker.store, Notice.Kind.OPT_IN)
    notices.say(asker.store, Notice.Kind.OPT_IN, "Nieuwe tekst.", clock.now())

    presses(asker, phone, notice=str(older.pk))
    presses(asker, phone, "ben@shopper.example", notice="999999999")

    assert [row.notice.text for row in SignUp.objects.order_by("id")] == [older.text, "Nieuwe tekst."]


@pytest.mark.parametrize("given", [{"consent": ""}, {"email": "ada"}, {"email": ""}, {"email": "a@b, c@d.example"}])
def test_half_a_form_is_asked_again(asker, phone, given):
    answer = phone.post(page_of(asker), {"email": ADA, "consent": "yes", **given})

    assert answer.status_code == 400
    assert (SignUp.objects.count(), Customer.objects.count()) == (0, 0)


def test_a_machine_that_fills_everything_in_signs_nobody_up(asker, phone):
    answer = presses(asker, phone, website="https://spam.example")

    assert answer.content == presses(asker, phone).content
    assert SignUp.objects.count() == 1


def test_where_the_law_asks_the_mailbox_confirms(asker, phone):
    in_germany(asker)

    presses(asker, phone)

    assert state_of() == "pending"
    message = Message.objects.get()
    assert (message.kind, message.origin) == ("confirmation", f"doi:{SignUp.objects.get().pk}")
    link = f"/c/{tokens.confirm(asker.store.pk, message.pk, ring=ring())}"
    for look in (phone.get(link), phone.head(link)):
        assert look.status_code == 200
    assert state_of() == "pending"
    assert phone.post(link).status_code == 200
    assert phone.post(link).status_code == 200
    record = ConsentRecord.objects.get(state="granted")
    assert record.double_opt_in
    assert SignUp.objects.get().outcome == "confirmed"


def test_a_link_is_good_for_thirty_days(asker, phone):
    in_germany(asker)
    presses(asker, phone)
    row = SignUp.objects.get()

    assert not signing_up.confirm(asker.store.pk, row.pk, row.at + timedelta(days=31))
    assert not signing_up.confirm(asker.store.pk, row.pk + 1, row.at)
    assert state_of() == "pending"


def test_a_no_is_taken_back_by_the_mailbox_alone(asker, phone):
    ada = asker.buyer("Ada")
    suppress(
        store_id=asker.store.pk, address_hash=bytes(ada.address_hash), scope="marketing", reason="unsubscribed",
        at=asker.at - timedelta(days=3),
    )  # fmt: skip

    presses(asker, phone)

    assert Suppression.objects.get().lifted_at is None
    assert state_of() == "pending"
    signing_up.confirm(asker.store.pk, SignUp.objects.get().pk, clock.now())
    assert Suppression.objects.get().lifted_at is not None
    assert state_of() == "granted"


def test_a_refusal_is_not_hidden_behind_a_strangers_wish(asker, phone):
    from apps.consent.recording import ConsentNews, record
    from apps.stores.snapshots import ConsentGiven

    ada = asker.buyer("Ada")
    no = ConsentGiven(state="denied", at=asker.at, source="checkout")
    record([ConsentNews(store_id=asker.store.pk, customer_id=ada.pk, given=no, at=asker.at)], asker.at)

    presses(asker, phone)

    assert Suppression.objects.get().scope == "marketing"
    assert Message.objects.get().kind == "confirmation"


def test_everybody_reads_the_same_answer(asker, phone):
    gone = asker.buyer("gone")
    suppress(
        store_id=asker.store.pk, address_hash=bytes(gone.address_hash), scope="everything", reason="complaint",
        at=asker.at,
    )  # fmt: skip
    first = presses(asker, phone, "new@shopper.example").content

    again = presses(asker, phone, "new@shopper.example").content
    barred = presses(asker, phone, gone.email).content

    assert first == again == barred
    assert list(SignUp.objects.order_by("id").values_list("outcome", flat=True)) == ["granted", "known", "ignored"]
    assert SignUp.objects.get(outcome="ignored").customer is None
    assert b"new@shopper" not in first


def test_a_mailbox_is_asked_once_a_day_and_a_visitor_stops_at_ten(asker, phone):
    in_germany(asker)

    codes = [presses(asker, phone, ADA if n < 2 else f"b{n}@shopper.example").status_code for n in range(11)]

    assert codes == [200] * 10 + [429]
    assert Message.objects.filter(customer__email_key=ADA.lower()).count() == 1
    # Behind a proxy we do not trust, a header makes nobody another.
    again = phone.post(page_of(asker), {"email": ADA, "consent": "yes"}, headers={"x-forwarded-for": "203.0.113.9"})
    assert again.status_code == 429


def test_a_shop_without_a_text_or_switched_off_has_no_page(asker, phone):
    notices.say(asker.store, Notice.Kind.OPT_IN, "", clock.now())
    assert phone.get(page_of(asker)).status_code == 404
    assert presses(asker, phone).status_code == 404
    assert phone.get("/signup/nonsense").status_code == 404


def test_a_stranger_changes_nothing_of_a_customer(asker, phone):
    ada = asker.buyer("Ada")
    Customer.objects.filter(pk=ada.pk).update(locale="en", first_name="Ada")

    presses(asker, phone)

    ada.refresh_from_db()
    assert (ada.first_name, ada.locale) == ("Ada", "en")


def test_an_address_nobody_confirmed_is_forgotten_after_thirty_days(asker, phone):
    from apps.core.retention import retain

    in_germany(asker)
    presses(asker, phone)
    known = asker.buyer("known")
    asker.order(known, "1")
    Customer.objects.filter(pk=known.pk).update(orders_count=1)
    presses(asker, phone, known.email)

    retain(clock.now() + timedelta(days=29))
    assert Customer.objects.filter(email_key=ADA.lower()).exists()
    retain(clock.now() + timedelta(days=31))

    assert list(Customer.objects.exclude(email=None).values_list("email", flat=True)) == [known.email]
    assert not Message.objects.filter(address__iexact=ADA).exists()
    assert SignUp.objects.count() == 0
