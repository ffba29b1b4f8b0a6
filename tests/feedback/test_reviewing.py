"""One button per bought product, each to its own place; and a form of ours where a shop has none."""

from __future__ import annotations

from decimal import Decimal

import pytest

from apps.catalog.models import Product
from apps.feedback import reviewing
from apps.feedback.models import OwnReview
from apps.mail import tokens
from apps.orders.models import Review
from tests.feedback.asking import ring, told

pytestmark = pytest.mark.django_db
SHOP = "https://molenzicht.example"


def sells(asker, external_id, **fields):
    values = {"title": f"Thing {external_id}", "url": f"{SHOP}/p/{external_id}/", **fields}
    return Product.objects.create(store=asker.store, external_id=external_id, **values)


def urls(asker, order):
    return {line.product: line.url for line in reviewing.reviewable([order.pk], asker.at)[order.pk]}


def test_each_product_leads_to_its_own_place(asker):
    sells(asker, "1")
    sells(asker, "2", review_url="https://reviews.example/two?from=mail")
    sells(asker, "21", parent="2")
    sells(asker, "3", gone_at=asker.at)
    order = asker.order(asker.buyer(), "1", "2", "21", "3", "4")

    assert urls(asker, order) == {
        "1": f"{SHOP}/p/1/#reviews",
        "2": "https://reviews.example/two?from=mail",
        "3": "",
        "4": "",
    }


def test_the_shop_chooses_one_place_for_all(asker):
    sells(asker, "1")
    order = asker.order(asker.buyer(), "1", external_id="10/42 &")

    def leads(template):
        asker.store.profile = {"review_url": template}
        asker.store.save(update_fields=["profile"])
        return urls(asker, order)["1"], reviewing.public_url(template)

    assert leads("https://nl.trustpilot.com/evaluate/molenzicht.nl") == (
        ("https://nl.trustpilot.com/evaluate/molenzicht.nl",) * 2
    )
    assert leads("https://kiyoh.example/add?ref={order}&p={product}") == (
        "https://kiyoh.example/add?ref=10%2F42%20%26&p=1", "",
    )  # fmt: skip
    assert leads("{product_url}#tab-reviews") == (f"{SHOP}/p/1/#tab-reviews", "")
    assert leads("own") == ("", "")


@pytest.mark.parametrize(
    ("wrong", "right"),
    [
        ("javascript:alert({product})", "https://x.example/{product}"),
        ("https://x.example/{name}", "{product_url}#reviews"),
        ("https://{product}@x.example/", "own"),
        ("https://x.example/{", ""),
    ],
)
def test_only_an_address_with_known_places_is_taken(wrong, right):
    from apps.stores.setting_forms import Refused
    from apps.stores.settings_table import find

    form = find("profile.review_url")[0].form

    assert form.parse(right) == right
    with pytest.raises(Refused):
        form.parse(wrong)


def test_nobody_is_asked_about_what_went_back_or_was_reviewed(asker):
    sells(asker, "1")
    sells(asker, "2", excluded=True)
    ada, ben = asker.buyer("Ada"), asker.buyer("Ben")
    Review.objects.create(store=asker.store, external_id="r1", product="1", email_key=ada.email_key, rating=4)
    mine, his = asker.order(ada, "1", "2"), asker.order(ben, "1", "2")
    partly = asker.order(ben, "1", refunded=Decimal(5))
    cancelled = asker.order(ben, "1", cancelled_at=asker.at, counts=False)

    found = reviewing.reviewable([mine.pk, his.pk, partly.pk, cancelled.pk], asker.at)

    assert {order: [line.product for line in lines] for order, lines in found.items()} == {
        mine.pk: [], his.pk: ["1"], partly.pk: [], cancelled.pk: [],
    }  # fmt: skip


def test_our_own_form_keeps_stars_words_and_leave_to_publish(asker, phone):
    asker.store.profile = {"review_url": "own"}
    asker.store.save(update_fields=["profile"])
    sells(asker, "1")
    ada = asker.buyer("Ada")
    order = asker.order(ada, "1")
    message = asker.mail(ada, order=order)
    link = f"/b/{tokens.review(asker.store.pk, message, 0, ring=ring())}"

    assert "Thing 1" in phone.get(link).content.decode()
    assert phone.post(link, {"text": "mooi"}).status_code == 400
    assert OwnReview.objects.count() == 0
    phone.post(link, {"rating": "5", "text": "Mooi\x00 ding", "author": " Ada  L. ", "may_publish": "yes"})
    phone.post(link, {"rating": "2", "text": "Toch stuk"})

    (kept,) = OwnReview.objects.of(asker.store)
    assert (kept.rating, kept.text, kept.author, kept.may_publish) == (2, "Toch stuk", "", False)
    assert (kept.product, kept.customer, kept.order) == ("1", ada, order)
    (given,) = told(asker.store, "review.given")
    assert {"product": "1", "rating": 5, "own": True, "message": message}.items() <= given.items()
    assert [low["survey"] for low in told(asker.store, "score.low")] == ["review"]
    assert reviewing.reviewable([order.pk], kept.written_at) == {order.pk: []}
    # A line that is not in the order, and a link made for something else.
    assert "verlopen" in phone.get(f"/b/{tokens.review(asker.store.pk, message, 7, ring=ring())}").content.decode()
    assert phone.get(f"/b/{tokens.answer(asker.store.pk, message, 0, ring=ring())}").status_code == 404
