"""The mail that brings an offer, and the mail that does not; and what of a basket it shows."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.offers.giving import given, gives, knows, offers
from tests.shopkeeping import ADA, Outbox, Person

HOUR = timedelta(hours=1)
BO = Person("Bo", "bo@shopper.example")


@pytest.fixture
def shop(joins: Callable[..., Any]) -> Any:
    from apps.mail.library import install_templates

    shop = joins("woocommerce")
    install_templates(shop.store, "abandoned-checkout", ["nl"])
    return shop


def mailed(shop: Any, person: Person, **wish: Any) -> Any:
    """Mail 3 of the basket flow, sent by the real queue; the message as it ended."""
    from apps.mail.dispatch import dispatch_due
    from apps.mail.models import Message

    cart = wish.pop("cart", None) or shop.leaves_cart(person, name=f"b{person.name}{shop.world.at:%S%f}")
    shop.says_yes(person)
    cart.__class__.objects.filter(pk=cart.pk).update(status="abandoned", due_at=None)
    number = shop.asks_for(person, cart=cart, template_slug="abandoned-checkout-3", **wish)
    dispatch_due(lambda: shop.world.at)
    return Message.objects.get(pk=number)


def words(outbox: Outbox, person: Person) -> str:
    (mail,) = outbox.to(person)
    return " ".join(mail.text.replace("\xa0", " ").split())


def target_of(message: Any) -> str:
    """Where the basket's own link leads."""
    found: str = message.letter.context["links"]["restore"]
    return found


def test_the_mail_states_what_the_shop_will_keep(shop: Any, outbox: Outbox) -> None:
    from apps.mail.money import day, reader

    shop.store.shop_version = "11.0.1"
    shop.store.save(update_fields=["shop_version"])
    code = given(shop, offers(shop), ADA)

    message = mailed(shop, ADA, code_id=code.pk)

    text = words(outbox, ADA)
    assert message.status == "accepted"
    assert "Voor jou: € 10" in text
    assert code.code in text
    assert f"Geldig tot en met {day(code.ends_at.date(), reader('nl'))}" in text
    assert "vanaf" not in text
    assert parse_qs(urlsplit(target_of(message)).query)["coupon"] == [code.code]


def test_a_minimum_is_stated(shop: Any, outbox: Outbox) -> None:
    code = given(shop, offers(shop, kind="percent", value=Decimal(20), minimum=Decimal("49.95")), ADA)

    mailed(shop, ADA, code_id=code.pk)

    text = words(outbox, ADA)
    assert "Voor jou: 20 %" in text
    assert "Bij een bestelling vanaf € 49,95." in text


def test_without_an_offer_there_is_no_trace_of_one(shop: Any, outbox: Outbox) -> None:
    mailed(shop, ADA)

    assert "Voor jou" not in words(outbox, ADA)
    assert "code" not in words(outbox, ADA)


def test_a_code_that_could_not_be_made_leaves_no_empty_code(shop: Any, outbox: Outbox) -> None:
    shop.fake.alters_coupon = lambda made: made.update(amount="1.00")
    code = given(shop, offers(shop), ADA)
    assert code.status == "refused"

    message = mailed(shop, ADA, code_id=code.pk)

    assert (message.status, message.letter.context["offer"]) == ("accepted", None)
    assert "Voor jou" not in words(outbox, ADA)
    assert code.code not in target_of(message)


@pytest.mark.parametrize("left", ["still wanted", "ends within the hour", "of somebody else", "used"])
def test_a_code_that_cannot_be_used_is_left_out(shop: Any, outbox: Outbox, left: str) -> None:
    from apps.offers.models import Code

    at = shop.world.at
    code = Code.objects.get(pk=gives(shop, offers(shop), ADA).code_id)  # type: ignore[union-attr]
    changed: dict[str, dict[str, Any]] = {
        "still wanted": {},
        "ends within the hour": {
            "status": "issued", "issued_at": at, "ends_at": at + HOUR - timedelta(seconds=1), "due_at": at + HOUR,
        },
        "of somebody else": {"status": "issued", "issued_at": at, "due_at": at, "customer_id": knows(shop, BO)},
        "used": {"status": "redeemed", "redeemed_at": at, "due_at": None},
    }  # fmt: skip
    Code.objects.filter(pk=code.pk).update(**changed[left])

    message = mailed(shop, ADA, code_id=code.pk)

    assert (message.status, message.letter.context["offer"]) == ("accepted", None)
    assert code.code not in words(outbox, ADA)


def test_credit_on_an_account_has_no_code_to_type(joins: Callable[..., Any], outbox: Outbox) -> None:
    from apps.mail.library import install_templates
    from apps.offers.models import Code

    shop = joins("shopify")
    install_templates(shop.store, "abandoned-checkout", ["nl"])
    code = Code.objects.get(pk=gives(shop, offers(shop), ADA).code_id)  # type: ignore[union-attr]
    Code.objects.update(status="issued", issued_at=shop.world.at, due_at=code.ends_at)

    mailed(shop, ADA, code_id=code.pk)

    text = words(outbox, ADA)
    assert "Het staat klaar op je account" in text
    assert code.code not in text


# --- what of the basket is shown --------------------------------------------------------------------


def product(shop: Any, number: str = "13", **facts: Any) -> Any:
    from apps.catalog.models import Product

    values = {"title": "Ketel", "currency": "EUR", "price": Decimal("80.00"), "in_stock": True}
    return Product.objects.create(store=shop.store, external_id=number, **(values | facts))


def two_things(shop: Any) -> Any:
    from tests.invariants import bodies

    at = shop.world.at
    things = [("13", 1, "80.00"), ("14", 2, "5.00")]
    shop.sends(
        bodies.woo_cart("two", at, things, email=ADA.email, first_name="Ada", consent=("granted", at)),
    )
    return shop.cart("two")


def test_a_basket_with_nothing_in_stock_gets_no_mail(shop: Any, outbox: Outbox) -> None:
    from apps.dashboard.explaining import because_of

    product(shop, in_stock=False)

    message = mailed(shop, ADA)

    assert (message.status, message.reason, outbox.to(ADA)) == ("skipped", "not_in_stock", [])
    assert "…" not in because_of(message).mend


def test_what_is_sold_out_is_left_out_and_the_sums_follow(shop: Any) -> None:
    product(shop)
    product(shop, "14", in_stock=False)

    message = mailed(shop, ADA, cart=two_things(shop))

    basket = message.letter.context["basket"]
    assert [Decimal(line["total"]) for line in basket["lines"]] == [80]
    assert (basket["total"], basket["subtotal"]) == (None, None)
    assert message.status == "accepted"


def test_a_product_kept_out_of_mails_is_in_none(shop: Any) -> None:
    product(shop)
    product(shop, "14", excluded=True)
    both = mailed(shop, ADA, cart=two_things(shop))
    product_row = both.letter.context["basket"]["lines"]
    assert len(product_row) == 1

    product(shop, "99")
    type(both)._meta.apps.get_model("catalog", "Product").objects.filter(external_id="13").update(excluded=True)
    only = mailed(shop, BO)

    assert (only.status, only.reason) == ("skipped", "product_excluded")


@pytest.mark.parametrize(
    ("before", "currency", "shown"),
    [("80.00", "EUR", "70"), ("79.00", "EUR", "80"), ("80.00", "USD", "80")],
    ids=["the price went down", "the catalogue counts otherwise", "another currency"],
)
def test_a_newer_price_is_shown_only_where_both_spoke_of_one(shop: Any, before: str, currency: str, shown: str) -> None:
    product(
        shop, price=Decimal("70.00"), price_before=Decimal(before), currency=currency,
        price_changed_at=shop.world.at + HOUR,
    )  # fmt: skip

    message = mailed(shop, ADA)

    basket = message.letter.context["basket"]
    assert Decimal(basket["lines"][0]["price"]) == Decimal(shown)
    assert (basket["total"] is None) is (shown == "70")
