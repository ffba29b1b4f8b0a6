"""The owner's pages of offers and products."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from apps.accounts.models import Membership
from apps.offers.models import Offer
from tests.dashboard.furnishing import Furnished, furnish, member

OWNER, MARKETER, ANALYST = Membership.Role.OWNER, Membership.Role.MARKETER, Membership.Role.ANALYST
TERMS = {
    "name": "Tien euro", "kind": "credit", "value": "10", "minimum": "", "products": "", "lasts": "14d",
    "monthly_budget": "500", "max_codes": "", "begins_with": "dank", "active": "on",
}  # fmt: skip


@pytest.fixture
def shop(db: None) -> Furnished:
    return furnish("adaopen")


def signed_in(client: Client, shop: Furnished, role: str) -> Client:
    user = member(shop, role)
    user.language = "en"
    user.save(update_fields=["language"])
    client.force_login(user)
    return client


def makes(client: Client, shop: Furnished, **terms: str) -> Any:
    return client.post(reverse("dashboard:offer-make", args=[shop.store.pk]), TERMS | terms, follow=True)


def test_a_marketer_makes_an_offer(client: Client, shop: Furnished) -> None:
    answer = makes(signed_in(client, shop, MARKETER), shop)

    made = Offer.objects.get(name="Tien euro")
    assert (made.value, made.currency, made.prefix, made.lasts) == (Decimal(10), "EUR", "DANK", timedelta(days=14))
    assert answer.redirect_chain[-1][0] == reverse("admin:offers_offer_change", args=[made.pk])


@pytest.mark.parametrize(
    "wrong",
    [
        {"value": "0"}, {"kind": "percent", "value": "120"}, {"kind": "gift"}, {"minimum": "20"}, {"lasts": "2h"},
        {"lasts": "soon"}, {"begins_with": "A,B"}, {"products": "<b>"}, {"name": ""}, {"monthly_budget": "-1"},
    ],
)  # fmt: skip
def test_terms_that_cannot_hold_are_refused_with_a_sentence(
    client: Client, shop: Furnished, wrong: dict[str, str]
) -> None:
    before = Offer.objects.count()

    answer = makes(signed_in(client, shop, OWNER), shop, **wrong)

    assert Offer.objects.count() == before
    assert [str(message) for message in answer.context["messages"]]


def test_an_offer_is_changed_on_its_page_and_two_have_no_one_name(client: Client, shop: Furnished) -> None:
    owner = signed_in(client, shop, OWNER)
    makes(owner, shop)
    page = reverse("admin:offers_offer_change", args=[shop["offers.Offer"].pk])

    assert owner.post(page, TERMS | {"name": "Twintig", "value": "20"}).status_code == 302
    again = owner.post(page, TERMS)

    shop["offers.Offer"].refresh_from_db()
    assert (shop["offers.Offer"].name, shop["offers.Offer"].value) == ("Twintig", Decimal(20))
    assert "Another offer has this name" in again.content.decode()


def test_the_offers_page_counts_and_names_its_codes(client: Client, shop: Furnished) -> None:
    from apps.offers.models import Code

    code = shop["offers.Code"]
    Code.objects.filter(pk=code.pk).update(
        status="redeemed", due_at=None, redeemed_at=code.given_at, discount=Decimal("7.5"), discount_currency="EUR",
        leaked_at=code.given_at,
    )  # fmt: skip

    page = signed_in(client, shop, ANALYST).get(reverse("admin:offers_offer_change", args=[code.offer_id]))

    said = page.content.decode()
    assert code.code in said
    assert "€7.50" in said
    assert "100.0 %" in said
    assert "by somebody else" in said


def test_a_code_that_could_not_be_made_says_what_the_shop_answered(client: Client, shop: Furnished) -> None:
    from apps.offers.models import Code

    Code.objects.update(status="refused", due_at=None, trouble="code_differs", detail="amount")

    said = signed_in(client, shop, OWNER).get(reverse("admin:offers_offer_change", args=[shop["offers.Offer"].pk]))

    assert "with another amount than we asked" in said.content.decode()


def test_an_analyst_reads_and_changes_nothing(client: Client, shop: Furnished) -> None:
    analyst = signed_in(client, shop, ANALYST)

    assert makes(analyst, shop).status_code == 404
    for page in ("offers_offer", "catalog_product"):
        row = shop["offers.Offer" if "offer" in page else "catalog.Product"]
        address = reverse(f"admin:{page}_change", args=[row.pk])
        assert analyst.get(address).status_code == 200
        assert analyst.post(address, TERMS).status_code == 404


def test_the_owner_adds_what_only_they_know(client: Client, shop: Furnished) -> None:
    pot = shop["catalog.Product"]
    page = reverse("admin:catalog_product_change", args=[pot.pk])
    owner = signed_in(client, shop, OWNER)
    said = {"short_name": "Pot", "excluded": "on", "how_to": "Spoel hem om.", "review_url": "https://kiyoh.example/pot"}

    assert owner.post(page, said | {"life_days_min": "90", "life_days_max": "180"}).status_code == 302

    pot.refresh_from_db()
    assert (pot.short_name, pot.excluded, pot.how_to, pot.life_days_max) == ("Pot", True, "Spoel hem om.", 180)
    for wrong in (
        {"life_days_min": "90"},
        {"life_days_min": "90", "life_days_max": "10"},
        {"review_url": "javascript:x"},
    ):
        answer = owner.post(page, said | wrong)
        assert answer.status_code == 200
        assert "m-error" in answer.content.decode()


def test_the_products_page_says_how_sure_it_is(client: Client, shop: Furnished) -> None:
    pot = shop["catalog.Product"]
    pot.gap_days, pot.gap_count = Decimal(30), 3
    pot.save()

    said = signed_in(client, shop, OWNER).get(reverse("admin:catalog_product_change", args=[pot.pk])).content.decode()

    assert "30 days, but from 3 repeats only; it counts from 20" in said
    assert "50&nbsp;%" in said
