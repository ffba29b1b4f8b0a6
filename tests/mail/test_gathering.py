"""What a mail knows besides the basket: of this person, of this shop, of today; and nothing where there is nothing."""

from __future__ import annotations

import re
from datetime import timedelta
from decimal import Decimal
from email import message_from_bytes
from email.policy import default
from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from apps.mail import needs
from apps.mail.batch import Batch
from apps.mail.gathering import EVERYTHING, asked_for
from apps.mail.problems import Problem
from apps.mail.writing import write
from tests.invariants import bodies
from tests.shopkeeping import ADA, CY, Shop

if TYPE_CHECKING:
    from apps.mail.context import MailContext

pytestmark = pytest.mark.django_db
HOME = "https://molenzicht.example"


@pytest.fixture
def stocked(shop: Shop) -> Shop:
    """A shop with four things to sell; Ada bought two of them, eight days ago."""
    from apps.catalog.models import Pairing, Product

    at = shop.world.at
    for number in (13, 14, 15, 16):
        shop.sends(bodies.woo_product(number, at - timedelta(days=400), name=f"Thing {number} – large"))
        Product.objects.of(shop.store).filter(external_id=str(number)).update(
            url=f"{HOME}/p/{number}", image=f"{HOME}/img/{number}.png", in_stock=True, sold=number
        )
    Product.objects.of(shop.store).filter(external_id="15").update(
        rating=Decimal("4.64"), rating_count=12, stock=3, short_name="Fine thing"
    )
    Product.objects.of(shop.store).filter(external_id="14").update(
        how_to="Rinse it first.", how_to_url=f"{HOME}/how/14", life_days_min=84, life_days_max=180
    )
    Pairing.objects.create(
        store=shop.store, kind="order", product="13", other="15", support=9, confidence=Decimal("0.5"), lift=Decimal(3)
    )
    shop.says_yes(ADA)
    shop.sends(
        bodies.woo_order(
            501, at, "completed", created=at, email=ADA.email, things=[("13", 1, "30.00"), ("14", 2, "12.00")],
            paid=at, completed=at, first_name="Ada",
        )
    )  # fmt: skip
    return shop


def told(shop: Shop, slug: str = "review-request-1", **wish: Any) -> MailContext:
    """What a mail to Ada could say now, were it to say everything."""
    from apps.mail import facts

    number = asked(shop, slug, **wish)
    (subject,) = facts.subjects([number])
    batch = Batch([subject], wants=EVERYTHING)
    return batch.context(subject, batch.shops[shop.store.pk], shop.world.at)


def asked(shop: Shop, slug: str, **wish: Any) -> int:
    from apps.mail.library import install_templates, preset_of
    from apps.mail.models import Template

    if not Template.objects.of(shop.store).filter(slug=slug).exists():
        install_templates(shop.store, preset_of(slug) or "", ["nl"])
    values = {"template_slug": slug, "order_id": order(shop), "purpose": "review"}
    return shop.asks_for(ADA, **(values | wish))


def order(shop: Shop, number: str = "501") -> int:
    from apps.orders.models import Order

    return Order.objects.of(shop.store).get(external_id=number).pk


def titles(wares: Any) -> list[str]:
    return [ware.title for ware in wares]


def test_an_order_is_told_with_its_lines_its_day_and_its_parcel(stocked: Shop) -> None:
    from apps.orders.models import Shipment

    Shipment.objects.create(
        store=stocked.store, external_id="s1", order_external_id="501", tracking_url="https://carrier.example/3S"
    )

    context = told(stocked, about={"due": f"{stocked.world.at + timedelta(days=2):%Y-%m-%d}"}, purpose="delay")
    data = context.data()

    assert data["order"]["number"]
    assert data["order"]["placed_on"]
    assert data["order"]["status"] == "verzonden"
    assert data["order"]["tracking_url"] == "https://carrier.example/3S"
    assert data["order"]["expected_on"]
    assert [line["quantity"] for line in data["order"]["lines"]] == ["1", "2"]
    assert data["order"]["lines"][0]["total"] == "€\xa030,00"
    assert data["order"]["lines"][0]["image"] == f"{HOME}/img/13.png"
    assert context.expires_on


def test_only_what_fits_can_be_had_and_is_not_owned_is_suggested(stocked: Shop) -> None:
    from apps.catalog.models import Product

    context = told(stocked)
    assert titles(context.products) == ["Thing 15 – large", "Thing 16 – large"], "bought together, then of its kind"
    assert (context.products[0].rating, context.products[0].rating_count) == (Decimal("4.64"), 12)
    assert context.data()["products"][0]["rating"] == "4,6"
    assert context.data()["products"][0]["left"] == "3"
    assert titles(context.bestsellers) == ["Thing 16 – large", "Thing 15 – large"]
    assert titles(context.favourites) == ["Thing 13 – large", "Thing 14 – large"]

    Product.objects.of(stocked.store).filter(external_id="15").update(in_stock=False)
    Product.objects.of(stocked.store).filter(external_id="13").update(excluded=True)
    context = told(stocked)
    assert titles(context.products) == ["Thing 16 – large"]
    assert titles(context.favourites) == ["Thing 14 – large"]


def test_news_is_what_came_after_the_last_order_and_not_the_whole_range_of_a_new_shop(stocked: Shop) -> None:
    from apps.stores.models import Store

    Store.objects.filter(pk=stocked.store.pk).update(created_at=stocked.world.at - timedelta(days=500))
    assert told(stocked, "win-back-1", order_id=None).news == ()

    stocked.world.travel(days=30)
    stocked.sends(bodies.woo_product(17, stocked.world.at, name="Brand new"))
    from apps.catalog.models import Product

    Product.objects.of(stocked.store).filter(external_id="17").update(url=f"{HOME}/p/17", in_stock=True)
    assert titles(told(stocked, "win-back-1", order_id=None).news) == ["Brand new"]

    Store.objects.filter(pk=stocked.store.pk).update(created_at=stocked.world.at - timedelta(days=1))
    assert told(stocked, "win-back-1", order_id=None).news == ()


def test_the_product_of_a_mail_comes_with_its_life_and_a_basket_of_its_own(stocked: Shop) -> None:
    context = told(stocked, "replenishment-1", about={"product": "14"}, purpose="replenish")

    product = context.data()["product"]
    assert (product["title"], product["lasts"], product["how_to"]) == (
        "Thing 14 – large",
        "12 weken",
        "Rinse it first.",
    )
    assert product["reorder_url"].startswith(f"{HOME}/")
    assert titles([told(stocked, "use-tips-1").product]) == ["Thing 14 – large"], "the one with instructions"
    assert told(stocked, about={"product": "999"}).product is None


def test_every_line_to_review_leads_somewhere_and_a_mail_without_any_is_not_sent(stocked: Shop) -> None:
    from apps.orders.models import Review

    number = asked(stocked, "review-request-1")
    (written,), failed = write([number], stocked.world.at)
    page = message_from_bytes(written.parcel.wire, policy=default).get_body(("plain",))
    assert page is not None
    assert not failed
    assert len(re.findall(r"Schrijf een review \(", page.get_content())) == 2
    assert [line["review_url"][:5] for line in written.context["lines"]] == ["https", "https"]

    for product in ("13", "14"):
        Review.objects.create(
            store=stocked.store, external_id=f"r{product}", product=product, customer=stocked.customer(ADA), rating=5,
            written_at=stocked.world.at, approved=True,
        )  # fmt: skip
    written_now, failed = write([asked(stocked, "review-request-1")], stocked.world.at)
    assert written_now == []
    assert [one.reason.value for one in failed] == ["nothing_to_review"]


def test_a_mail_without_a_heart_says_why_it_was_not_sent(stocked: Shop) -> None:
    from apps.catalog.models import Pairing, Product

    Pairing.objects.all().delete()
    Product.objects.of(stocked.store).update(how_to="", how_to_url="", in_stock=False)
    reasons = {}
    for slug, about in (
        ("matching-products-1", {}), ("use-tips-1", {}), ("replenishment-1", {"product": "14"}), ("win-back-1", {}),
    ):  # fmt: skip
        _, failed = write([asked(stocked, slug, about=about)], stocked.world.at)
        reasons[slug] = [one.reason.value for one in failed]

    assert reasons == {
        "matching-products-1": ["nothing_to_suggest"],
        "use-tips-1": ["nothing_to_tell"],
        "replenishment-1": ["nothing_to_suggest"],
        "win-back-1": ["nothing_to_suggest"],
    }


def test_an_unpaid_order_is_paid_in_the_shop_itself_or_nowhere(stocked: Shop) -> None:
    from apps.orders.models import Order

    row = Order.objects.of(stocked.store).filter(external_id="501")
    row.update(stage="unpaid", paid_at=None, pay_url=f"{HOME}/checkout/order-pay/501?key=x")
    assert told(stocked).links.pay == f"{HOME}/checkout/order-pay/501?key=x"
    assert told(stocked).links.restore != HOME

    row.update(pay_url="https://evil.example/pay")
    assert told(stocked).links.pay == ""
    row.update(pay_url=f"{HOME}/checkout/order-pay/501?key=x", stage="paid")
    assert told(stocked).links.pay == ""


def test_what_others_told_is_shown_and_never_believed(stocked: Shop, other_shop: Shop) -> None:
    from apps.customers.models import Customer, CustomEvent

    other_shop.says_yes(CY)
    mine, theirs = (
        CustomEvent.objects.create(
            store=shop.store, customer=shop.customer(person), name="quiz", key=f"k{shop.store.pk}", properties=told_of,
            occurred_at=stocked.world.at,
        )
        for shop, person, told_of in (
            (stocked, ADA, {
                "colour": "<b>blue</b>\nBcc: x@evil.example", "points": 7, "Bad Name": "x", "nested": {"a": 1},
                "page": "javascript:alert(1)", "www": "see www.evil.example", "url": "https://quiz.example/a?b=1",
                "long": "x" * 9000, "blank": "", "yes": True,
            }),
            (other_shop, CY, {"secret": "of Cy"}),
        )
    )  # fmt: skip
    Customer.objects.filter(pk=stocked.customer(ADA).pk).update(
        tags=["friend", 7], properties={"size": "M", "__class__": "x", "list": [1]}
    )

    event = told(stocked, about={"custom": mine.pk}).data()["event"]
    assert set(event) == {"colour", "points", "page", "www", "url", "long", "yes"}
    assert "\n" not in event["colour"]
    assert event["www"] != "see www.evil.example"
    assert len(event["long"]) <= 500
    person = told(stocked, about={"custom": theirs.pk}).data()["person"]
    assert (person["tags"], person["properties"]) == (["friend"], {"size": "M"})
    assert told(stocked, about={"custom": theirs.pk}).event == {}
    assert told(stocked, about={"custom": "'; DROP", "survey": -1, "product": {"x": 1}, "line": []}).survey is None


def test_a_template_may_ask_for_a_segment(stocked: Shop) -> None:
    from apps.segments.models import Membership, Segment

    segment = Segment.objects.create(store=stocked.store, slug="big-spenders", name="Big spenders")
    assert told(stocked).data()["person"]["is"] == {}

    Membership.objects.create(segment=segment, customer=stocked.customer(ADA), entered_at=stocked.world.at)
    assert told(stocked).data()["person"]["is"] == {"big-spenders": True}


def test_a_mail_asks_only_for_what_its_text_speaks_of() -> None:
    from apps.mail import library

    assert asked_for(library.compiled("abandoned-checkout-1", "nl")) & EVERYTHING == frozenset()
    assert asked_for(library.compiled("review-request-1", "nl")) >= {"lines", "products"}
    win_back = library.compiled("win-back-1", "nl")
    assert asked_for(win_back) >= {"news", "favourites", "bestsellers"}
    # A text that an owner published in spite of a warning goes out as any other.
    warning = Problem(code="too_large", part="mjml", values={"size": "99"})
    assert asked_for(msgspec.structs.replace(win_back, problems=(warning,))) == asked_for(win_back)
    assert needs.missing(("news or products",), {"news": [], "products": []}) == "news or products"
    assert needs.missing(("news or products",), {"news": [], "products": [1]}) == ""
