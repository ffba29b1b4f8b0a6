"""Stories of a shop as timed deliveries: four-event ones by hand, longer ones made up."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from hypothesis import strategies as st

from tests.invariants import bodies as b
from tests.invariants.bodies import Post
from tests.shopkeeping import MONDAY

ADA, ADA_TYPED, BEN, WORK = "ada@shopper.example", "Ada@Shopper.Example ", "ben@shopper.example", "ada@work.example"
ONE, TWO = [("13", 1, "59.90")], [("13", 1, "59.90"), ("14", 2, "12.50")]


def m(minutes: float) -> datetime:
    return MONDAY + timedelta(minutes=minutes)


def _woo() -> dict[str, list[Post]]:
    return {
        "a basket is bought": [
            b.woo_cart("k1", m(0), email=ADA),
            b.woo_cart("k1", m(5), TWO, email=ADA),
            b.woo_order(30, m(9), "pending", created=m(9), email=ADA, cart="k1"),
            b.woo_order(30, m(10), "processing", created=m(9), email=ADA, cart="k1", paid=m(10)),
        ],
        "unpaid, failed, then paid": [
            b.woo_cart("k1", m(0), email=ADA),
            b.woo_order(30, m(9), "pending", created=m(9), email=ADA),
            b.woo_order(30, m(10), "failed", created=m(9), email=ADA),
            b.woo_order(30, m(30), "processing", created=m(9), email=ADA, paid=m(30)),
        ],
        "on hold, then cancelled": [
            b.woo_cart("k1", m(0), email=ADA),
            b.woo_order(30, m(9), "on-hold", created=m(9), email=ADA),
            b.woo_order(30, m(60), "cancelled", created=m(9), email=ADA),
            b.woo_cart("k2", m(90), email=ADA),
        ],
        "two orders end one basket": [
            b.woo_cart("k1", m(0), email=ADA),
            b.woo_order(30, m(9), "processing", created=m(9), email=ADA, paid=m(9)),
            b.woo_order(31, m(20), "processing", created=m(20), email=ADA, paid=m(20)),
            b.woo_order(31, m(40), "cancelled", created=m(20), email=ADA),
        ],
        "the first order was none after all": [
            b.woo_cart("k1", m(0), email=ADA),
            b.woo_order(30, m(9), "on-hold", created=m(9), email=ADA),
            b.woo_order(30, m(50), "cancelled", created=m(9), email=ADA),
            b.woo_order(31, m(20), "processing", created=m(20), email=ADA, paid=m(20)),
        ],
        "an account changes its address": [
            b.woo_customer(7, m(0), ADA),
            b.woo_order(30, m(5), "completed", created=m(5), email=ADA, account=7, paid=m(5), completed=m(5)),
            b.woo_customer(7, m(10), WORK),
            b.woo_cart("k1", m(2), email=WORK),
        ],
        "an account's basket before its address": [
            b.woo_cart("k1", m(0), account=7),
            b.woo_cart("k2", m(1), TWO, account=7),
            b.woo_customer(7, m(2), ADA),
            b.woo_order(30, m(5), "processing", created=m(5), email=ADA, paid=m(5)),
        ],
        "a yes under an account goes where the account goes": [
            b.woo_cart("k1", m(0), account=7, consent=("granted", m(0))),
            b.woo_cart("k2", m(1), TWO, account=7, email=BEN, consent=("granted", m(1))),
            b.woo_customer(7, m(2), ADA),
            b.woo_customer(8, m(3), BEN),
        ],
        "two accounts swap an address": [
            b.woo_customer(7, m(0), ADA),
            b.woo_customer(8, m(0), BEN),
            b.woo_customer(7, m(5), BEN),
            b.woo_customer(8, m(5), ADA),
        ],
        "emptied, then filled again": [
            b.woo_cart("k1", m(0), email=ADA),
            b.woo_cart("k1", m(3), (), email=ADA),
            b.woo_cart("k1", m(4), TWO, email=ADA),
            b.woo_cart("k1", m(6), ()),
        ],
        "yes, no, yes": [
            b.woo_consent(ADA, m(0), "granted"),
            b.woo_consent(ADA, m(5), "denied"),
            b.woo_consent(ADA, m(9), "granted"),
            b.woo_cart("k1", m(9), email=ADA_TYPED, consent=("denied", m(9))),
        ],
        "refunded in two goes": [
            b.woo_order(30, m(0), "processing", created=m(0), email=ADA, paid=m(0), things=TWO),
            b.woo_order(30, m(5), "processing", created=m(0), email=ADA, paid=m(0), things=TWO, refunds=[(1, "10.00")]),
            b.woo_order(30, m(9), "refunded", created=m(0), email=ADA, paid=m(0), things=TWO,
                        refunds=[(1, "10.00"), (2, "74.90")]),
            b.woo_cart("k1", m(0), email=ADA),
        ],
        "four states of one second": [
            b.woo_order(30, m(0), "pending", created=m(0), email=ADA),
            b.woo_order(30, m(0), "processing", created=m(0), email=ADA, paid=m(0)),
            b.woo_order(30, m(0), "completed", created=m(0), email=ADA, paid=m(0), completed=m(0)),
            b.woo_order(30, m(0), "cancelled", created=m(0), email=ADA),
        ],
    }  # fmt: skip


def _shopify() -> dict[str, list[Post]]:
    return {
        "a basket is bought": [
            b.shopify_cart("c1", m(0)),
            b.shopify_checkout("k1", m(5), TWO, email=ADA, cart="c1"),
            b.shopify_order(1042, m(9), created=m(9), email=ADA, account=70, checkout="k1", cart="c1"),
            b.shopify_checkout("k1", m(9), TWO, email=ADA, cart="c1", completed=m(9)),
        ],
        "the cart changes after the checkout": [
            b.shopify_checkout("k1", m(1), email=ADA, cart="c1"),
            b.shopify_cart("c1", m(3), TWO, created=m(0)),
            b.shopify_cart("c1", m(8), (), created=m(0)),
            b.shopify_cart("c1", m(5), ONE, created=m(0)),
        ],
        "two checkouts of one cart": [
            b.shopify_checkout("k1", m(1), email=None, cart=None),
            b.shopify_checkout("k2", m(2), email=ADA, cart="c1"),
            b.shopify_checkout("k1", m(3), TWO, email=ADA, cart="c1"),
            b.shopify_cart("c1", m(0)),
        ],
        "deleted before it was told": [
            b.shopify_checkout_deleted("k1", "c1", m(9)),
            b.shopify_checkout("k1", m(1), email=ADA, cart="c1"),
            b.shopify_cart("c1", m(0)),
            b.shopify_checkout("k2", m(2), email=ADA, cart="c2"),
        ],
        "deleted, and then touched again": [
            b.shopify_checkout("k1", m(1), email=ADA, cart="c1"),
            b.shopify_checkout_deleted("k1", "c1", m(3)),
            b.shopify_cart("c1", m(8), TWO),
            b.shopify_cart("c1", m(0)),
        ],
        "refunds before their order": [
            b.shopify_refund(1, 1042, m(20), "10.00"),
            b.shopify_refund(2, 1042, m(30), "49.90"),
            b.shopify_order(1042, m(9), created=m(9), email=ADA),
            b.shopify_order(1042, m(21), created=m(9), email=ADA, financial="partially_refunded",
                            refunds=[b.refund_of(1, 1042, m(20), "10.00")]),
        ],
        "delivered before it was ordered": [
            b.shopify_parcel(5, 1042, m(60), delivered=True),
            b.shopify_parcel(6, 1042, m(50), delivered=True),
            b.shopify_order(1042, m(9), created=m(9), email=ADA),
            b.shopify_order(1042, m(40), created=m(9), email=ADA, fulfillment="fulfilled"),
        ],
        "an order is thrown away": [
            b.shopify_order(1042, m(9), created=m(9), email=ADA),
            b.shopify_gone("order", 1042, m(20)),
            b.shopify_order(1042, m(15), created=m(9), email=ADA, fulfillment="fulfilled"),
            b.shopify_order(1043, m(16), created=m(16), email=ADA),
        ],
        "thrown away, then refunded and delivered": [
            b.shopify_order(1042, m(9), created=m(9), email=ADA),
            b.shopify_gone("order", 1042, m(20)),
            b.shopify_refund(1, 1042, m(21), "10.00"),
            b.shopify_parcel(5, 1042, m(22), delivered=True),
        ],
        "an order thrown away and changed after that": [
            b.shopify_order(1042, m(9), created=m(9), email=ADA),
            b.shopify_gone("order", 1042, m(20)),
            b.shopify_order(1042, m(25), created=m(9), email=ADA, fulfillment="fulfilled"),
            b.shopify_checkout("k1", m(1), email=ADA),
        ],
        "a product goes": [
            b.shopify_product(500, m(0)),
            b.shopify_product(500, m(5), title="Bigger mug"),
            b.shopify_gone("product", 500, m(9)),
            b.shopify_product(501, m(5), title="Cup"),
        ],
        "an account with an order of another address": [
            b.shopify_checkout("k1", m(0), email=ADA),
            b.shopify_checkout("k2", m(1), email=WORK, account=70),
            b.shopify_customer(70, m(2), ADA),
            b.shopify_order(1042, m(5), created=m(5), email=WORK, account=70),
        ],
        "a checkout without an address gets one": [
            b.shopify_checkout("k1", m(0), email=None, cart="c1"),
            b.shopify_checkout("k1", m(1), email=ADA, cart="c1"),
            b.shopify_cart("c1", m(4), TWO),
            b.shopify_consent(70, ADA, m(2), "subscribed"),
        ],
        "the box and the word": [
            b.shopify_checkout("k1", m(9), email=ADA, accepts=True),
            b.shopify_consent(70, ADA, m(2), "pending"),
            b.shopify_consent(70, ADA, m(3), "subscribed"),
            b.shopify_consent(70, ADA, m(4), "unsubscribed"),
        ],
    }  # fmt: skip


FOUR: Final[dict[str, tuple[str, list[Post]]]] = {
    f"{platform}: {name}": (platform, posts)
    for platform, told in (("woocommerce", _woo()), ("shopify", _shopify()))
    for name, posts in told.items()
}

ADDRESSES = st.sampled_from([ADA, ADA_TYPED, BEN, WORK])
# Few moments, so that many fall in one second.
MOMENTS = st.integers(0, 12).map(m)
THINGS = st.sampled_from([ONE, TWO, [("15", 3, "4.00")]])
CARTS = st.sampled_from(["k1", "k2", "k3"])
ACCOUNTS = st.sampled_from([0, 0, 7, 8])


@st.composite
def _woo_cart(draw: st.DrawFn) -> Post:
    at = draw(MOMENTS)
    consent = draw(st.sampled_from([None, None, "granted", "denied"]))
    return b.woo_cart(
        draw(CARTS),
        at,
        draw(st.one_of(THINGS, THINGS, st.just(()))),
        email=draw(st.one_of(st.none(), ADDRESSES)),
        account=draw(ACCOUNTS),
        consent=(consent, draw(MOMENTS)) if consent else None,
        first_name=draw(st.sampled_from(["", "Ada", "A."])),
    )


@st.composite
def _woo_orders(draw: st.DrawFn) -> list[Post]:
    """One order's life: any of its states, each at its own moment."""
    number, start = draw(st.sampled_from([30, 31])), draw(st.integers(0, 10))
    email, account, cart = draw(ADDRESSES), draw(ACCOUNTS), draw(st.one_of(st.none(), CARTS))
    posts = []
    for step, status in enumerate(draw(st.lists(st.sampled_from(STATUSES), min_size=1, max_size=3))):
        at = m(start + step * draw(st.sampled_from([0, 1, 4])))
        paid = m(start) if status in ("processing", "completed", "refunded") else None
        posts.append(
            b.woo_order(
                number, at, status, created=m(start), email=draw(st.sampled_from([email, email, WORK])),
                account=account, cart=cart, paid=paid, completed=at if status == "completed" else None,
                things=draw(THINGS), refunds=[(number * 10, "5.00")] if status == "refunded" else [],
            )
        )  # fmt: skip
    return posts


STATUSES = ["checkout-draft", "pending", "failed", "on-hold", "processing", "completed", "cancelled", "refunded"]


@st.composite
def _shopify_orders(draw: st.DrawFn) -> list[Post]:
    number, start = draw(st.sampled_from([1042, 1043])), draw(st.integers(0, 10))
    email, account = draw(st.one_of(st.none(), ADDRESSES)), draw(st.sampled_from([None, 70, 71]))
    checkout, cart = draw(st.one_of(st.none(), CARTS)), draw(st.one_of(st.none(), st.just("c1")))
    posts = []
    for step in range(draw(st.integers(1, 3))):
        at = m(start + step * draw(st.sampled_from([0, 1, 4])))
        cancelled = draw(st.sampled_from([None, None, None, at]))
        posts.append(
            b.shopify_order(
                number, at, created=m(start), email=email, account=account, checkout=checkout, cart=cart,
                financial=draw(st.sampled_from(["pending", "paid", "partially_refunded", "refunded", "voided"])),
                fulfillment=draw(st.sampled_from([None, "fulfilled"])), cancelled=cancelled, things=draw(THINGS),
            )
        )  # fmt: skip
    return posts


def _alone(strategy: st.SearchStrategy[Post]) -> st.SearchStrategy[list[Post]]:
    return strategy.map(lambda post: [post])


WOO = st.one_of(
    _alone(_woo_cart()),
    _alone(_woo_cart()),
    _woo_orders(),
    _alone(
        st.builds(b.woo_customer, st.sampled_from([7, 8]), MOMENTS, ADDRESSES, first_name=st.sampled_from(["Ada", "B"]))
    ),
    _alone(st.builds(b.woo_consent, ADDRESSES, MOMENTS, st.sampled_from(["granted", "denied"]))),
    _alone(st.builds(b.woo_product, st.sampled_from([31, 32]), MOMENTS, name=st.sampled_from(["Mug", "Cup"]))),
)

ORDERS = st.sampled_from([1042, 1043])
WORDS = st.sampled_from(["subscribed", "unsubscribed", "pending", "redacted"])
SHOPIFY = st.one_of(
    _alone(st.builds(b.shopify_cart, st.sampled_from(["c1", "c2"]), MOMENTS, st.one_of(THINGS, st.just(())))),
    _alone(
        st.builds(
            b.shopify_checkout, CARTS, MOMENTS, THINGS, email=st.one_of(st.none(), ADDRESSES),
            account=st.sampled_from([None, 70, 71]), cart=st.sampled_from([None, "c1", "c2"]),
            completed=st.one_of(st.none(), st.none(), MOMENTS), accepts=st.booleans(),
        )
    ),
    _shopify_orders(),
    _alone(st.builds(b.shopify_refund, st.sampled_from([1, 2]), ORDERS, MOMENTS, st.sampled_from(["5.00", "59.90"]))),
    _alone(st.builds(b.shopify_parcel, st.sampled_from([5, 6]), st.just(1042), MOMENTS, delivered=st.booleans())),
    _alone(st.builds(b.shopify_customer, st.sampled_from([70, 71]), MOMENTS, st.one_of(st.none(), ADDRESSES))),
    _alone(st.builds(b.shopify_consent, st.sampled_from([70, 71]), ADDRESSES, MOMENTS, WORDS)),
    _alone(st.builds(b.shopify_checkout_deleted, CARTS, st.just("c1"), MOMENTS)),
    _alone(st.builds(b.shopify_gone, st.just("order"), st.sampled_from([1042, 1043]), MOMENTS)),
    _alone(st.builds(b.shopify_product, st.sampled_from([500, 600]), MOMENTS, title=st.sampled_from(["Mug", "Cup"]))),
    _alone(st.builds(b.shopify_gone, st.just("product"), st.sampled_from([500, 600]), MOMENTS)),
)  # fmt: skip


def of(platform: str) -> st.SearchStrategy[list[Post]]:
    """A story of some deliveries of one platform."""
    parts = WOO if platform == "woocommerce" else SHOPIFY
    return st.lists(parts, min_size=2, max_size=6).map(lambda found: [post for part in found for post in part])
