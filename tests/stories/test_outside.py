"""The real thing from outside: its commands, its web address, a mail server, and a count of what arrived.

Whom the recorded deliveries lead to, and why:

| Who | What the recording tells | In a Dutch shop | In an American shop |
|---|---|---|---|
| rec.over, nat.topic | left a basket, ticked nothing | no: no consent | three mails: none is needed until they object |
| blk.consent | ticked the box, then ordered | no: bought | no: bought |
| cls.consent | ticked the box, emptied the basket | no: emptied | no: emptied |
| ada.byrne, niamh.guest, cleo.classic | ordered | no: bought | no: bought |
| bo.pending | a failed payment, in Germany, no box | no | no: German law for a German address |
| draft.guest, old.guest | drafts of a checkout, in Ireland, no box | no | no: Irish law for an Irish address |
| new.person | an account without a basket | no | no |

Without the order and without the emptying, blk.consent and cls.consent get three mails each.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from config.ground import processes
from tests.ground.living import until
from tests.stories.outside import SHOPIFY, WOO, Engine, chapter, recordings, story_of
from tests.stories.receiver import Receiver, is_well_made, listening

pytestmark = pytest.mark.ground

AMERICANS = {"rec.over@shopper.example": 3, "nat.topic@shopper.example": 3}
TICKED = {"blk.consent@shopper.example": 3, "cls.consent@shopper.example": 3}
LEFT = [WOO / "companion" / f"cart.updated.{name}-consent.http.json" for name in ("block", "classic")]
US = ("--country", "US", "--language", "en", "--currency", "USD", "--time-zone", "America/New_York")
NL = ("--country", "NL", "--language", "nl", "--formality", "u")


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    with listening(Receiver()) as receiver:
        running = Engine(tmp_path_factory.mktemp("outside"), receiver)
        try:
            running.start()
            yield running
        finally:
            running.end()


def test_any_order_of_the_recorded_deliveries_leads_to_the_same_mails(engine):
    files = recordings()
    shuffled = random.Random(11).sample(files, len(files))
    orders = {"recorded": [WOO], "reversed": files[::-1], "shuffled": shuffled}
    keys = dict(
        zip(
            [*orders, "dutch"],
            engine.at_once(
                *[lambda name=name: engine.opens("woocommerce", name, *US) for name in orders],
                lambda: engine.opens("woocommerce", "dutch", *NL),
            ),
            strict=True,
        )
    )

    for name, order in orders.items():
        # Every delivery comes twice, as it was; in one shop all of them happen again, a moment later.
        assert set(engine.replays(keys[name], *order, *order)) == {"200"}
    assert set(engine.replays(keys["shuffled"], *shuffled)) == {"200"}
    assert set(engine.replays(keys["dutch"], WOO)) == {"200"}
    engine.rests()

    for name in orders:
        assert engine.mails_of(name) == AMERICANS
    assert engine.mails_of("dutch") == {}
    for mail in engine.receiver.mails:
        is_well_made(mail)
    assert {mail.subject for mail in engine.receiver.to("nat.topic@shopper.example")} >= {
        "Your basket is ready when you are", "Any questions before you order?",
    }  # fmt: skip


def test_two_who_ticked_the_box_get_three_mails_whose_links_work_and_forgeries_do_not(engine):
    key = engine.opens("woocommerce", "ticked", *NL)

    assert engine.replays(key, *LEFT, fails=True, more=["--secret", "of-another-shop"]) == ["401", "401"]
    assert set(engine.replays(key, *LEFT)) == {"200"}
    engine.until_mailed("ticked", TICKED)

    mail = engine.receiver.to("blk.consent@shopper.example")[0]
    is_well_made(mail)
    # The recording's shop stands at another address: a link of ours leads to this shop only.
    answer = engine.asks("GET", mail.restore)
    assert answer.status == 302
    assert answer.headers["Location"].startswith("https://ticked.example/?rcv=")
    assert engine.asks("GET", mail.restore[:-2] + "xx").status == 404
    assert engine.asks("GET", mail.leave).status == 200
    assert engine.asks("POST", mail.leave, "List-Unsubscribe=One-Click").status == 200

    engine.replays(key, *LEFT)
    engine.says("set_store", key, "run_every=off")
    engine.replays(key, *LEFT)
    engine.until_mailed("ticked", TICKED | {"cls.consent@shopper.example": 6})
    engine.rests()
    assert engine.mails_of("ticked")["blk.consent@shopper.example"] == 3


def test_shopifys_stories(engine, tmp_path):
    names = ("apples", "pears", "plums")
    apples, pears, plums = engine.at_once(
        lambda: engine.opens("shopify", "apples", *US, "--shop-domain", "example-shop.myshopify.com"),
        lambda: engine.opens("shopify", "pears", *NL, "--set", "accepts_marketing=attested"),
        lambda: engine.opens("shopify", "plums", *US),
    )
    left = story_of(tmp_path / "left", chapter("recovered", 4))
    trial = story_of(tmp_path / "trial", chapter("recovered", 4, X_Shopify_Test="true"))
    older = story_of(tmp_path / "older", _bodies_of(SHOPIFY / "2024-10", "2024-10"))
    newer = story_of(tmp_path / "newer", _bodies_of(SHOPIFY, "2026-07"))

    # Left behind in the one shop, bought in the next; the third hears only tests and every topic there is.
    assert set(engine.replays(apples, left)) == {"200"}
    assert set(engine.replays(pears, SHOPIFY / "scenarios" / "phone_only_checkout" / "DELIVERIES.json")) == {"200"}
    assert set(engine.replays(pears, SHOPIFY / "scenarios" / "recovered" / "DELIVERIES.json")) == {"200"}
    assert set(engine.replays(plums, trial)) == {"200"}
    assert set(engine.replays(plums, older, newer)) == {"200"}
    engine.until_mailed("apples", {"ada.buyer@example.com": 3})
    engine.until_mailed("pears", {"late.email@example.com": 3})
    engine.rests()

    assert [len(engine.mails_of(name)) for name in names] == [1, 1, 0]
    first = engine.receiver.to("ada.buyer@example.com")[0]
    is_well_made(first)
    assert "$182.00" in first.text
    target = engine.asks("GET", first.restore).headers["Location"]
    assert target.startswith("https://example-shop.myshopify.com/61234567890/checkouts/ac/")


def _bodies_of(folder: Path, version: str) -> list[tuple[Path, dict[str, str]]]:
    """Every topic there is, but those that end the shop."""
    ends = ("app_uninstalled", "shop_redact", "HEADERS", "shop_update")
    return [
        (
            path,
            {
                "X-Shopify-Topic": path.stem.replace("_", "/", 1)
                if not path.stem.startswith(("customers_email", "customers_marketing", "customers_whats"))
                else path.stem.removesuffix("_update") + "/update",
                "X-Shopify-Shop-Domain": "example-shop.myshopify.com",
                "X-Shopify-API-Version": version,
                "X-Shopify-Webhook-Id": f"{version}-{path.stem}",
            },
        )
        for path in sorted(folder.glob("*.json"))
        if path.stem not in ends
    ]


@pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS")
def test_a_broken_mail_connection_delays_nobody_else(engine):
    with listening(Receiver(login=("shop", "right-password"))) as guarded:
        closed = f"smtp://127.0.0.1:{processes.free_port()}"
        wrong = f"smtp://shop:wrong-password@127.0.0.1:{guarded.port}"
        dead, locked, sound = engine.at_once(
            lambda: engine.opens("woocommerce", "dead", *NL, "--set", f"transport={closed}"),
            lambda: engine.opens("woocommerce", "locked", *NL, "--set", f"transport={wrong}"),
            lambda: engine.opens("woocommerce", "sound", *NL),
        )

        for key in (dead, locked, sound):
            assert set(engine.replays(key, *LEFT)) == {"200"}
        engine.until_mailed("sound", TICKED)
        assert guarded.mails == []
        assert engine.mails_of("dead") == {}

        mended = f"transport=smtp://shop:right-password@127.0.0.1:{guarded.port}"
        engine.at_once(
            lambda: engine.says("set_store", locked, mended),
            lambda: engine.says("set_store", dead, "transport=default"),
        )
        engine.until_mailed("dead", TICKED, seconds=90)
        assert until(lambda: Counter(guarded.everybody()) == Counter(TICKED), seconds=90), guarded.everybody()
        engine.rests()
        assert Counter(guarded.everybody()) == Counter(TICKED)
        assert engine.mails_of("dead") == TICKED


def test_what_waited_while_it_stood_still_goes_on(engine):
    key = engine.opens("woocommerce", "patient", *NL)
    engine.says("set_store", key, "abandon_after=12s")
    engine.replays(key, LEFT[0])

    engine.stop()
    assert engine.mails_of("patient") == {}
    engine.start()

    engine.until_mailed("patient", {"blk.consent@shopper.example": 3})
    engine.rests()
    assert engine.mails_of("patient") == {"blk.consent@shopper.example": 3}
