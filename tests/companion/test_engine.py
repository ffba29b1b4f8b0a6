"""The plugin and the engine understand each other: what PHP signs is let in, what Python signs rebuilds."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from apps.stores.errors import SignatureRefused
from apps.stores.platforms.base import Basket, Envelope, Keyring, Request, ShopFacts, ShopLinks, platforms
from apps.stores.snapshots import CartSeen, ConsentSeen, Line, PrivacyRequest
from tests.companion.conftest import SECRET, Story

if TYPE_CHECKING:
    from apps.stores.models import Store

ADA = "ada@shopper.example"
LANTERNS = ["puts", 13, 2]
BLANKET = ["puts", 15, 1, 17, {"attribute_colour": "Moss"}]
FACTS = ShopFacts(currency="EUR", language="nl", country="NL", url="https://theepot.example")


def requests(lived: dict[str, Any]) -> list[Request]:
    """What left the shop, as it stands at the door."""
    return [
        Request(
            headers={name.lower(): value for name, value in sent["headers"].items()}
            | {"user-agent": sent["user-agent"]},
            body=sent["body"].encode(),
            at=datetime.now(UTC),
        )
        for sent in lived["requests"]
    ]


def _envelope(topic: str, request: Request) -> Envelope:
    return Envelope(topic=topic, body=request.body, received_at=request.at)


def seen(lived: dict[str, Any]) -> list[Any]:
    """Let in by the platform, and translated."""
    woo, found = platforms.get("woocommerce"), []
    for request in requests(lived):
        admitted = woo.authenticate(request, Keyring(store_id=1, secrets=(SECRET,), signature_version=2))
        assert admitted.signature_version == 2
        snapshots, refused = woo.translate_parts(_envelope(admitted.topic, request), FACTS)
        assert not refused
        found += snapshots
    return found


def test_a_permitted_basket_is_let_in_and_understood(lives: Story) -> None:
    (cart,) = seen(lives(LANTERNS, BLANKET, ["types", ADA, "Ada"], ["ticks", True], ["pushes"]))

    assert isinstance(cart, CartSeen)
    assert (cart.person.email, cart.person.first_name, cart.person.country) == (ADA, "Ada", "NL")
    assert cart.reached_checkout
    assert cart.amounts.total == Decimal("218.80")
    assert [(line.product, line.variant, line.quantity) for line in cart.lines] == [("13", None, 2), ("15", "17", 1)]
    assert cart.lines[1].options == (("attribute_colour", "Moss"),)
    assert cart.consent is not None
    assert (cart.consent.state, cart.consent.source, cart.consent.text_version) == (
        "granted",
        "block_checkout",
        "notice:7",
    )


def test_an_anonymous_basket_is_counted_without_an_address(lives: Story) -> None:
    lived = lives(LANTERNS, ["types", ADA, "Ada"], ["pushes"])

    (cart,) = seen(lived)
    assert (cart.person.email, cart.person.account, cart.person.first_name) == (None, None, None)
    assert cart.lines
    assert "ada@" not in json.dumps(lived["requests"]).lower()


def test_the_version_of_the_shop_comes_along(lives: Story) -> None:
    (request,) = requests(lives(LANTERNS, ["pushes"]))

    admitted = platforms.get("woocommerce").authenticate(request, Keyring(store_id=1, secrets=(SECRET,)))

    assert admitted.version == "11.0.1"


def test_an_emptied_basket_a_taken_back_yes_and_an_erasure_are_understood(lives: Story) -> None:
    told = seen(
        lives(
            LANTERNS, ["types", ADA], ["ticks", True], ["pushes"],
            ["empties"], ["ticks", False], ["pushes"], ["erases", ADA], ["pushes"],
        )
    )  # fmt: skip

    kinds = {type(one) for one in told}
    assert kinds == {CartSeen, ConsentSeen, PrivacyRequest}
    assert [one.lines for one in told if isinstance(one, CartSeen)][-1] == ()
    assert [one.consent.state for one in told if isinstance(one, ConsentSeen)] == ["denied"]
    assert [one.person.email for one in told if isinstance(one, PrivacyRequest)] == [ADA]


def test_a_changed_body_another_secret_and_an_old_push_are_refused(lives: Story) -> None:
    (request,) = requests(lives(LANTERNS, ["pushes"]))
    woo, ring = platforms.get("woocommerce"), Keyring(store_id=1, secrets=(SECRET,))
    late = request.at + timedelta(minutes=6)

    for wrong, keys in (
        (Request(headers=request.headers, body=request.body + b" ", at=request.at), ring),
        (Request(headers=request.headers, body=request.body, at=late), ring),
        (request, Keyring(store_id=1, secrets=("another",))),
    ):
        with pytest.raises(SignatureRefused):
            woo.authenticate(wrong, keys)


@pytest.fixture
def store(db: None) -> Store:
    from tests.shopkeeping import open_store

    return open_store(key="k3yOfTheStore", url="https://theepot.example")


def record(store: Store, lived: dict[str, Any]) -> None:
    from apps.ingestion import arrivals
    from apps.stores import secrets_ring
    from tests.shopkeeping import process_all

    ring = secrets_ring.load(store.platform, store.key)
    assert ring is not None
    for request in requests(lived):
        arrivals.keep(store.pk, platforms.get("woocommerce").authenticate(request, ring), request.body)
    process_all(datetime.now(UTC) + timedelta(seconds=5))


def test_what_the_plugin_tells_is_recorded(store: Store, lives: Story) -> None:
    from apps.carts.models import Cart
    from apps.consent.models import ConsentRecord
    from apps.ingestion.models import Delivery

    record(store, lives(LANTERNS, ["types", ADA, "Ada"], ["ticks", True], ["pushes"]))

    assert list(Delivery.objects.of(store).values_list("state", flat=True)) == ["done"]
    cart = Cart.objects.of(store).get()
    assert cart.customer is not None
    assert (cart.customer.email, cart.total) == (ADA, Decimal("119.80"))
    given = ConsentRecord.objects.of(store).get()
    assert (given.state, given.source, given.text_version) == ("granted", "block_checkout", "notice:7")


def link(*, code: str = "", cart: str = "a" * 32, hours: int = 1) -> str:
    """A restore link, made by the engine as it stands in a mail; answers its token."""
    lines = [
        Line(product="13", variant=None, title="", quantity=Decimal(2), unit_price=Decimal(1), total=Decimal(2)),
        Line(
            product="15", variant="17", title="", quantity=Decimal(1), unit_price=Decimal(1), total=Decimal(1),
            options=(("attribute_colour", "Moss"), ("Kleur", "Mos")),
        ),
    ]  # fmt: skip
    basket = Basket(
        keys=(("companion", cart),), lines=lines, recovery_url="", message_ref="ref-9", code=code,
        expires_at=datetime.now(UTC) + timedelta(hours=hours),
    )  # fmt: skip
    shop = ShopLinks(url="https://theepot.example", secret=SECRET, companion=True)
    made = platforms.get("woocommerce").restore(basket, shop)
    return made.partition("rcv=")[2].partition("&")[0]


def test_a_link_of_the_engine_rebuilds_the_basket(lives: Story) -> None:
    lived = lives(restore=link(code="LENTE10"), coupons={"lente10": ""})

    assert lived["target"] == "https://theepot.example/checkout/?utm_source=mandje"
    assert lived["nocache"]
    assert lived["cart"] == [[13, 0, 2, {}], [15, 17, 1, {"attribute_colour": "Moss"}]]
    assert lived["codes"] == ["lente10"]
    assert (lived["session"]["rcv_cart"], lived["session"]["rcv_rid"]) == ("a" * 32, "ref-9")


def test_an_expired_and_a_tampered_link_change_nothing(lives: Story) -> None:
    expired = lives(restore=link(hours=-1))
    payload, _, signature = link().partition(".")
    claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    changed = base64.urlsafe_b64encode(json.dumps(claims | {"x": claims["x"] + 1}).encode()).rstrip(b"=").decode()
    tampered = lives(restore=f"{changed}.{signature}")

    assert (expired["target"], expired["cart"]) == ("https://theepot.example/shop/?utm_source=mandje", [])
    assert (tampered["target"], tampered["cart"]) == ("", [])
    assert tampered["session"] == {}


def test_the_pages_own_question_is_answered_with_nothing_and_kept(lives: Story) -> None:
    posted = {"email": ADA, "consent": "1", "checkout": "classic", "country": "NL"}

    lived = lives(LANTERNS, posts=posted)

    assert (lived["status"], bool(lived["nocache"])) == (204, True)
    assert [(row["email"], row["waiting"]) for row in lived["rows"]] == [(ADA, "1")]
