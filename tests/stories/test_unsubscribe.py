"""Scenario 28: one click and no login, and nothing of marketing comes again."""

from __future__ import annotations

from apps.consent.models import Suppression
from apps.core import clock
from apps.mail.models import Message
from tests.shopkeeping import ADA
from tests.stories import baskets


def at_its_moment(story, ask):
    with clock.travelled(story.at - clock.now()):
        return ask()


def test_looking_changes_nothing(story, phone):
    baskets.leaves(story, ADA)
    story.waits(hours=3)
    link = story.mail(ADA).leave

    answer = at_its_moment(story, lambda: phone.get(link))
    at_its_moment(story, lambda: phone.head(link))
    story.waits(days=2)

    assert answer.status_code == 200
    assert ADA.email not in answer.content.decode()
    assert not Suppression.objects.exists()
    assert len(story.mails(ADA)) == 2


def test_the_mail_programs_own_button_stops_it_at_once(story, phone):
    baskets.leaves(story, ADA)
    story.waits(hours=3)
    mail = story.mail(ADA)
    assert mail.parsed["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"

    answer = at_its_moment(story, lambda: phone.post(mail.leave, {"List-Unsubscribe": "One-Click"}))
    story.waits(days=7)

    assert answer.status_code == 200
    assert len(story.mails(ADA)) == 1
    assert story.ended()[0][0] == "exited"


def test_the_link_in_the_mail_is_the_same_and_works_the_same(story, phone):
    baskets.leaves(story, ADA)
    story.waits(hours=3)
    mail = story.mail(ADA)
    assert any(link.endswith(mail.leave) for link in mail.links)
    assert mail.leave in mail.text

    at_its_moment(story, lambda: phone.post(mail.leave + "/"))
    story.waits(days=7)

    assert len(story.mails(ADA)) == 1


def test_service_goes_on(story, phone):
    baskets.leaves(story, ADA)
    story.waits(hours=3)
    at_its_moment(story, lambda: phone.post(story.mail(ADA).leave))

    notice = story.shop.asks_for(ADA, kind="service", purpose="delay")
    story.waits(minutes=5)

    assert Message.objects.get(pk=notice).status == "accepted"
    _, service = story.mails(ADA)
    assert "List-Unsubscribe" not in service.parsed


def test_a_later_import_does_not_undo_it(story, phone):
    """What the shop's owner says for somebody; with Shopify an import looks like any other yes."""
    baskets.leaves(story, ADA)
    story.waits(hours=3)
    at_its_moment(story, lambda: phone.post(story.mail(ADA).leave))
    story.waits(days=8)

    at = story.at
    if story.is_shopify:
        fresh = baskets.shopify_checkout(
            ADA, at, token="later" * 5, cart_token="hWN-later", buyer_accepts_marketing=True
        )
        story.hears(baskets.shopify("checkouts/create", fresh, at), baskets.shopify_yes(ADA, at))
    else:
        ticked = [{"id": 1, "key": "mailchimp_woocommerce_is_subscribed", "value": "1"}]
        story.hears(baskets.woo_order(90, at, ADA, "pending", meta_data=ticked, payment_method="mollie"))
    story.waits(days=5)

    assert len(story.mails(ADA)) == 1
    assert "suppressed_marketing" in {reason for _, reason in story.ended()} | set(story.reasons())


def test_her_own_new_yes_does(woo, phone):
    """She ticks the empty box of the next checkout herself."""
    baskets.leaves(woo, ADA)
    woo.waits(hours=3)
    at_its_moment(woo, lambda: phone.post(woo.mail(ADA).leave))
    woo.waits(days=8)

    again = baskets.woo_basket(ADA, woo.at, cart="e" * 32)
    woo.hears(baskets.companion(("cart.updated", again), at=woo.at))
    woo.waits(hours=3)

    assert len(woo.mails(ADA)) == 2


def test_a_yes_from_before_does_not(woo, phone):
    """The session still holds the tick of the first basket; it comes along with every later one."""
    ticked_at = woo.at
    baskets.leaves(woo, ADA)
    woo.waits(hours=3)
    at_its_moment(woo, lambda: phone.post(woo.mail(ADA).leave))
    woo.waits(days=8)

    old = {"state": "granted", "at": ticked_at.isoformat(), "source": "block_checkout"}
    again = baskets.woo_basket(ADA, woo.at, cart="e" * 32, consent=old)
    woo.hears(baskets.companion(("cart.updated", again), at=woo.at))
    woo.waits(days=5)

    assert len(woo.mails(ADA)) == 1


def test_a_basket_in_another_shop_is_another_matter(story, opens, phone):
    baskets.leaves(story, ADA)
    story.waits(hours=3)
    at_its_moment(story, lambda: phone.post(story.mail(ADA).leave))
    other = opens(story.shop.store.platform, name="Zeezicht", url="https://zeezicht.example",
                  shop_domain="zeezicht.myshopify.com" if story.is_shopify else "")  # fmt: skip

    assert not Suppression.objects.of(other.shop.store).exists()
    assert Suppression.objects.of(story.shop.store).count() == 1


def test_a_no_in_the_shop_itself_stops_the_next_mail(story):
    baskets.leaves(story, ADA)
    story.waits(hours=3)

    at = story.at
    if story.is_shopify:
        story.hears(baskets.shopify_yes(ADA, at, "unsubscribed"))
    else:
        said = {"email": ADA.email, "consent": {"state": "denied", "at": at.isoformat(), "source": "no thanks"},
                "at": at.isoformat()}  # fmt: skip
        story.hears(baskets.companion(("consent.changed", said), at=at))
    story.waits(days=7)

    assert len(story.mails(ADA)) == 1
