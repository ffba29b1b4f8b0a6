"""Baskets of the companion that nobody recorded, by what its documentation says may come."""

from __future__ import annotations

from datetime import timedelta

from apps.carts.models import Cart
from apps.customers.models import Customer
from apps.ingestion.models import Delivery
from tests.invariants.bodies import Post, iso
from tests.shopkeeping import ADA, BEN
from tests.stories import baskets
from tests.stories.baskets import companion, woo_basket, woo_order
from tests.stories.telling import only_mail


def test_a_batch_of_several_topics_and_people(woo):
    at = woo.at
    woo.hears(
        companion(
            ("cart.updated", woo_basket(ADA, at, cart="a" * 32)),
            ("cart.updated", woo_basket(BEN, at, cart="b" * 32)),
            ("consent.changed", {"email": BEN.email, "at": iso(at + timedelta(seconds=2)),
                                 "consent": {"state": "denied", "at": iso(at + timedelta(seconds=2)), "source": "no"}}),
            ("stock.guessed", {"cart": "c" * 32, "at": iso(at)}),
            ("cart.updated", {"cart": None, "at": iso(at)}),
            at=at,
        )
    )  # fmt: skip

    woo.waits(hours=3)

    assert woo.receiver.everybody() == [ADA.email]


def test_no_thanks_after_the_basket(woo):
    baskets.leaves(woo, ADA)
    woo.waits(minutes=30)
    said = {"cart": baskets.WOO_CART, "email": ADA.email, "at": iso(woo.at),
            "consent": {"state": "denied", "at": iso(woo.at), "source": "no_thanks"}}  # fmt: skip

    woo.hears(companion(("consent.changed", said), at=woo.at))
    woo.waits(days=4)

    assert woo.receiver.mails == []


def test_who_asked_to_be_erased_gets_nothing_and_is_no_more(woo):
    baskets.leaves(woo, ADA)
    woo.waits(hours=1)

    woo.hears(companion(("privacy.erase", {"email": "ADA@shopper.example", "at": iso(woo.at)}), at=woo.at))
    woo.waits(days=4)

    assert woo.receiver.mails == []
    assert not Customer.objects.of(woo.shop.store).filter(email_key=ADA.email).exists()
    assert not Cart.objects.of(woo.shop.store).filter(email_key=ADA.email).exists()


def test_emptied_and_filled_again_is_a_basket_again(woo):
    baskets.leaves(woo, ADA)
    woo.waits(minutes=20)
    baskets.empties(woo, ADA)
    woo.waits(minutes=20)

    baskets.leaves(woo, ADA)
    woo.waits(hours=1, minutes=50)
    assert woo.receiver.mails == []
    woo.waits(minutes=15)

    assert len(woo.mails(ADA)) == 1


def test_the_mail_shows_the_basket_as_it_is_now(woo):
    baskets.leaves(woo, ADA)
    woo.waits(minutes=50)
    items = woo_basket(ADA, woo.at)["items"][1:]

    woo.hears(companion(("cart.updated", woo_basket(ADA, woo.at, items=items, total="105.03")), at=woo.at))
    woo.waits(hours=3)

    mail = woo.mail(ADA)
    assert "Lantern" not in mail.text
    assert "Totaal: € 105,03" in mail.text


def test_a_coupon_is_no_shipping(woo):
    """The companion names a total and lines; what lies between may be less than nothing."""
    woo.hears(companion(("cart.updated", woo_basket(ADA, woo.at, total="203.00", coupons=["tien"])), at=woo.at))

    mail = only_mail(woo)

    assert "€ -" not in mail.text
    assert "-€" not in mail.text
    assert "203,00" in mail.text or "Totaal" not in mail.text


def test_free_shipping_by_the_companion(woo):
    woo.hears(companion(("cart.updated", woo_basket(ADA, woo.at, total="218.80", shipping="0.00")), at=woo.at))

    mail = only_mail(woo)

    assert "Verzendkosten: gratis" in mail.text
    assert "Totaal: € 218,80" in mail.text


def test_an_anonymous_basket_waits_for_its_address(woo):
    woo.hears(companion(("cart.updated", woo_basket(None, woo.at)), at=woo.at))
    woo.waits(hours=5)
    assert woo.receiver.mails == []

    baskets.leaves(woo, ADA)
    woo.waits(hours=3)

    assert len(woo.mails(ADA)) == 1


def test_two_baskets_of_one_person_are_one_run(woo):
    """A phone and a laptop: the newest is written about."""
    woo.hears(companion(("cart.updated", woo_basket(ADA, woo.at, cart="1" * 32)), at=woo.at))
    woo.waits(minutes=30)
    lantern = woo_basket(ADA, woo.at, cart="2" * 32, total="119.80")
    lantern["items"] = lantern["items"][:1]
    woo.hears(companion(("cart.updated", lantern), at=woo.at))

    woo.waits(days=6)

    assert len(woo.mails(ADA)) <= 3
    assert len({mail.subject for mail in woo.mails(ADA)}) == len(woo.mails(ADA))
    assert "Blanket" not in woo.mails(ADA)[0].text


def test_an_address_typed_letter_by_letter_mails_the_last_only(woo):
    for typed in ("ada@shop", "ada@shopper.ex", ADA.email):
        woo.hears(companion(("cart.updated", woo_basket(ADA.at(typed), woo.at)), at=woo.at))
        woo.shop.world.at += timedelta(seconds=4)

    woo.waits(hours=3)

    assert woo.receiver.everybody() == [ADA.email]


def test_a_plain_http_shops_pictures_do_not_break_the_mail(woo):
    basket = woo_basket(ADA, woo.at)
    for line in basket["items"]:
        line["image"] = "javascript:alert(1)"
        line["url"] = "data:text/html,x"
    woo.hears(companion(("cart.updated", basket), at=woo.at))

    mail = only_mail(woo)

    assert mail.pictures == []
    assert "javascript:" not in mail.part("html")


def test_an_order_of_the_basket_by_another_address(woo):
    """She typed her work address first, and bought with the one at home."""
    baskets.leaves(woo, ADA.at("ada@office.example"))
    woo.waits(hours=1)

    woo.hears(woo_order(730, woo.at, ADA, meta_data=[{"id": 1, "key": "_rcv_cart", "value": baskets.WOO_CART}]))
    woo.waits(days=4)

    assert woo.receiver.mails == []


def test_bytes_that_are_no_order_hold_up_nobody(woo):
    for number, body in enumerate(
        (b"[1,2,3]", b"{", b'{"id":"\\u0000"}', b'{"code":"x","data":{"status":404}}', b"[" * 5000)
    ):
        assert (
            woo.knock(Post(topic="order.updated", body=body, at=woo.at), headers={"X-WC-Webhook-ID": str(number)})
            == 200
        )
    baskets.leaves(woo, ADA)
    woo.waits(hours=3)

    assert len(woo.mails(ADA)) == 1
    assert not Delivery.objects.of(woo.shop.store).filter(state="waiting").exists()
