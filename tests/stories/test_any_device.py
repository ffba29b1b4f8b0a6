"""Scenario 4: one click brings the very same basket back, on any device, without a login."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from datetime import timedelta
from urllib.parse import parse_qs, unquote, urlsplit

from apps.core import clock
from tests.shopkeeping import ADA, SECRET
from tests.stories import baskets


def followed(phone, story, path):
    """A phone presses a link at the story's moment."""
    with clock.travelled(story.at - clock.now()):
        return phone.get(path)


def test_the_companion_gets_exactly_this_basket(woo, phone):
    baskets.leaves(woo, ADA)
    woo.waits(hours=3)

    answer = followed(phone, woo, woo.mail(ADA).restore)

    assert answer.status_code == 302
    target = urlsplit(answer["Location"])
    assert (target.scheme, target.hostname) == ("https", "molenzicht.example")
    sealed, _, signature = parse_qs(target.query)["rcv"][0].partition(".")
    expected = hmac.new(SECRET.encode(), f"restore.{sealed}".encode(), hashlib.sha256).hexdigest()
    assert signature == expected
    told = json.loads(base64.urlsafe_b64decode(sealed + "=" * (-len(sealed) % 4)))
    assert told["c"] == baskets.WOO_CART
    assert [line[:3] for line in told["i"]] == [[13, 0, 2], [15, 17, 1]]
    assert told["i"][1][3] == {"attribute_colour": "Moss", "attribute_size": "180x220"}
    assert "ada@" not in answer["Location"]


def test_without_a_companion_a_newer_shop_gets_a_checkout_link(woo, phone):
    """A pending order is a basket too; the shop's version stands in its user agent."""
    agent = {"User-Agent": "WooCommerce/11.0.1 Hookshot (WordPress/7.0.4)"}
    pending = baskets.woo_order(88, woo.at, ADA, "pending", meta_data=[_ticked()], payment_method="mollie")
    woo.hears(pending, headers=agent)
    woo.waits(hours=3)

    answer = followed(phone, woo, woo.mail(ADA).restore)

    target = urlsplit(answer["Location"])
    assert target.path == "/checkout-link/"
    assert parse_qs(target.query)["products"] == ["13:1"]


def _ticked():
    return {"id": 9, "key": "_wc_other/rcv/marketing-opt-in", "value": "1"}


def test_shopifys_own_recovery_link_with_its_key(shopify, phone):
    baskets.leaves(shopify, ADA)
    shopify.waits(hours=3)

    answer = followed(phone, shopify, shopify.mail(ADA).restore)

    target = urlsplit(answer["Location"])
    assert target.hostname == baskets.DOMAIN
    assert target.path.endswith(f"/checkouts/ac/{baskets.CART_TOKEN}/recover")
    assert parse_qs(target.query)["key"] == ["0123456789abcdef0123456789abcdef"]
    # The key opens the buyer's details: it stands behind our own link, never in the mail.
    assert "0123456789abcdef0123456789abcdef" not in shopify.mail(ADA).text


def test_without_a_recovery_link_a_permalink_holds_the_same_lines(shopify, phone):
    at = shopify.at
    bare = baskets.shopify_checkout(ADA, at, abandoned_checkout_url=None)
    shopify.hears(baskets.shopify("checkouts/update", bare, at), baskets.shopify_yes(ADA, at))
    shopify.waits(hours=3)

    answer = followed(phone, shopify, shopify.mail(ADA).restore)

    wanted = f"/cart/{baskets.MEDIUM}:2,{baskets.LARGE}:1"
    assert urlsplit(answer["Location"]).path == wanted


def test_an_altered_link_is_refused(story, phone):
    baskets.leaves(story, ADA)
    story.waits(hours=3)
    link = story.mail(ADA).restore

    for place in (4, len(link) // 2, len(link) - 3):
        swapped = "A" if link[place] != "A" else "B"
        answer = followed(phone, story, link[:place] + swapped + link[place + 1 :])
        assert answer.status_code == 404
        assert "Location" not in answer


def test_an_expired_link_leads_to_the_shop_with_a_friendly_text(story, phone):
    baskets.leaves(story, ADA)
    story.waits(hours=3)
    link = story.mail(ADA).restore
    story.shop.world.at += timedelta(days=31)

    answer = followed(phone, story, link)

    assert answer.status_code == 200
    assert "Location" not in answer
    page = answer.content.decode()
    assert "https://molenzicht.example" in page
    assert ADA.email not in page


def test_the_link_in_the_mail_shows_no_address_and_no_basket(story):
    baskets.leaves(story, ADA)
    story.waits(hours=3)

    mail = story.mail(ADA)

    for link in [*mail.links, mail.restore, mail.leave]:
        assert "ada@" not in unquote(link).lower()
        assert baskets.CHECKOUT not in link
        assert baskets.WOO_CART not in link
