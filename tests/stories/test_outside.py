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
from dataclasses import dataclass
from pathlib import Path

import pytest

from config.ground import processes
from tests.ground.living import until
from tests.stories.outside import SHOPIFY, WOO, Engine, chapter, recordings, story_of
from tests.stories.receiver import Receiver, is_well_made, listening

pytestmark = [
    pytest.mark.ground,
    pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS"),
]

AMERICANS = {"rec.over@shopper.example": 3, "nat.topic@shopper.example": 3}
TICKED = {"blk.consent@shopper.example": 3, "cls.consent@shopper.example": 3}
LEFT = [WOO / "companion" / f"cart.updated.{name}-consent.http.json" for name in ("block", "classic")]
US = ("--country", "US", "--language", "en", "--currency", "USD", "--time-zone", "America/New_York")
NL = ("--country", "NL", "--language", "nl", "--formality", "u")
ORDERS = ("recorded", "reversed", "shuffled")
LIST = "DELIVERIES.json"


@dataclass
class Street:
    """One engine, its shops, and a mail server that wants a password."""

    engine: Engine
    guarded: Receiver
    keys: dict[str, str]
    answers: dict[str, list[str]]


@pytest.fixture(scope="module")
def street(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Street]:
    """Every shop has heard all that it will hear, and everything that works has been sent."""
    folder = tmp_path_factory.mktemp("outside")
    with listening(Receiver()) as receiver, listening(Receiver(login=("shop", "right-password"))) as guarded:
        engine = Engine(folder, receiver)
        try:
            engine.start()
            keys = _open(engine, guarded)
            answers = _tell(engine, keys, folder)
            engine.until_mailed("ticked", TICKED)
            engine.rests()
            yield Street(engine, guarded, keys, answers)
        finally:
            engine.end()


def _open(engine: Engine, guarded: Receiver) -> dict[str, str]:
    closed = f"transport=smtp://127.0.0.1:{processes.free_port()}"
    wrong = f"transport=smtp://shop:wrong-password@127.0.0.1:{guarded.port}"
    shops = dict.fromkeys(ORDERS, ("woocommerce", *US)) | {
        "dutch": ("woocommerce", *NL),
        "ticked": ("woocommerce", *NL),
        "dead": ("woocommerce", *NL, "--set", closed),
        "locked": ("woocommerce", *NL, "--set", wrong),
        "apples": ("shopify", *US, "--shop-domain", "example-shop.myshopify.com"),
        "pears": ("shopify", *NL, "--set", "accepts_marketing=attested"),
        "plums": ("shopify", *US),
    }
    opened = engine.at_once(
        *[lambda name=name, words=words: engine.opens(words[0], name, *words[1:]) for name, words in shops.items()]
    )
    return dict(zip(shops, opened, strict=True))


def _tell(engine: Engine, keys: dict[str, str], folder: Path) -> dict[str, list[str]]:
    """Everything to everybody: the broken shops first, so that the others might be delayed."""
    files = recordings()
    shuffled = random.Random(11).sample(files, len(files))
    told = {
        "dead": LEFT,
        "locked": LEFT,
        "ticked": LEFT,
        # Every delivery comes twice, as it was.
        "recorded": [WOO, WOO],
        "reversed": [*files[::-1], *files[::-1]],
        "shuffled": [*shuffled, *shuffled],
        "dutch": [WOO],
        "apples": [story_of(folder / "left", chapter("recovered", 4))],
        "pears": [SHOPIFY / "scenarios" / "phone_only_checkout" / LIST],
        "plums": [story_of(folder / "trial", chapter("recovered", 4, X_Shopify_Test="true"))],
    }
    more = {
        # All of them happen again, a moment later.
        "shuffled": shuffled,
        "pears": [SHOPIFY / "scenarios" / "recovered" / LIST],
        "plums": [
            story_of(folder / "older", _bodies_of(SHOPIFY / "2024-10", "2024-10")),
            story_of(folder / "newer", _bodies_of(SHOPIFY, "2026-07")),
        ],
    }
    answers: dict[str, list[str]] = {name: [] for name in told}
    for round_ in (told, more):
        said = engine.at_once(*[lambda n=name, f=files: engine.replays(keys[n], *f) for name, files in round_.items()])
        for name, lines in zip(round_, said, strict=True):
            answers[name] += lines
    return answers


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


def test_every_recorded_delivery_is_taken_in(street):
    """Those of Shopify's API of 2024-10 and of 2026-07 too."""
    assert all(set(said) == {"200"} for said in street.answers.values()), street.answers
    assert len(street.answers["recorded"]) == 2 * len(recordings())


@pytest.mark.parametrize("order", ORDERS)
def test_any_order_of_the_recorded_deliveries_leads_to_the_same_mails(street, order):
    assert street.engine.mails_of(order) == AMERICANS


def test_in_a_dutch_shop_nobody_of_them_agreed(street):
    assert street.engine.mails_of("dutch") == {}


def test_two_who_ticked_the_box_get_three_mails(street):
    assert street.engine.mails_of("ticked") == TICKED


def test_shopifys_stories(street):
    """Left behind in the one shop; completed late in the next, beside one that was bought; the third hears tests."""
    engine = street.engine

    assert engine.mails_of("apples") == {"ada.buyer@example.com": 3}
    assert engine.mails_of("pears") == {"late.email@example.com": 3}
    assert engine.mails_of("plums") == {}
    first = engine.receiver.to("ada.buyer@example.com")[0]
    assert "$182.00" in first.text
    target = engine.asks("GET", first.restore).headers["Location"]
    assert target.startswith("https://example-shop.myshopify.com/61234567890/checkouts/ac/")


def test_every_mail_is_well_made(street):
    for mail in street.engine.receiver.mails:
        is_well_made(mail)


def test_another_shops_signature_is_refused(street):
    engine, key = street.engine, street.keys["dutch"]

    answers = engine.replays(key, *LEFT, fails=True, more=["--secret", "of-another-shop"])

    assert answers == ["401", "401"]


def test_the_links_work_and_a_basket_filled_again_is_a_new_one(street):
    engine, key = street.engine, street.keys["ticked"]
    mail = engine.receiver.to("blk.consent@shopper.example")[0]

    # The recording's shop stands at another address: a link of ours leads to this shop only.
    answer = engine.asks("GET", mail.restore)
    assert answer.status == 302
    assert answer.headers["Location"].startswith("https://ticked.example/?rcv=")
    assert engine.asks("GET", mail.restore[:-2] + "xx").status == 404
    assert engine.asks("GET", mail.leave).status == 200
    assert engine.asks("POST", mail.leave, "List-Unsubscribe=One-Click").status == 200

    engine.says("set_store", key, "run_every=off")
    engine.replays(key, *LEFT[1:])
    engine.until_mailed("ticked", TICKED | {"cls.consent@shopper.example": 6})


def test_a_broken_mail_connection_delayed_nobody_and_loses_nothing(street):
    """What waits for it outlives a stop of the engine, and leaves once when the connection is mended."""
    engine, guarded = street.engine, street.guarded
    assert guarded.mails == []
    assert engine.mails_of("dead") == {}

    engine.stop()
    engine.start()
    mended = f"transport=smtp://shop:right-password@127.0.0.1:{guarded.port}"
    engine.at_once(
        lambda: engine.says("set_store", street.keys["locked"], mended),
        lambda: engine.says("set_store", street.keys["dead"], "transport=default"),
    )

    engine.until_mailed("dead", TICKED, seconds=90)
    assert until(lambda: Counter(guarded.everybody()) == Counter(TICKED), seconds=90), guarded.everybody()
    engine.rests()
    assert Counter(guarded.everybody()) == Counter(TICKED)
    assert engine.mails_of("dead") == TICKED
    assert engine.mails_of("recorded") == AMERICANS
