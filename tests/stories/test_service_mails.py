"""B40-B42, B59: mail about an order needs no permission, sells nothing, and goes once."""

from __future__ import annotations

from typing import Any

from apps.flows import campaigns
from apps.flows.models import Campaign
from apps.mail.library import install_templates
from apps.mail.models import Message
from tests.shopkeeping import ADA, BEN
from tests.stories import baskets
from tests.stories.otherapps import tells
from tests.stories.receiver import is_well_made


def test_an_order_on_its_way_a_return_and_a_backlog(woo: Any) -> None:
    for preset in ("order-status", "return-status"):
        woo.shop.switches_on(preset)
    install_templates(woo.shop.store, "backlog", ["nl"])
    woo.shop.sets(caps="1/7d")
    baskets.buys(woo, ADA, 5401)
    baskets.buys(woo, BEN, 5402, meta_data=[])
    woo.waits(days=1)
    assert woo.receiver.everybody() == []

    late = Campaign.objects.create(
        store=woo.shop.store, name="Drukte", template_slug="backlog-1", kind="service", purpose="status",
        audience="recent_orders", days=7,
    )  # fmt: skip
    assert campaigns.count(late, woo.at).get == 2
    campaigns.start(late, woo.at)
    woo.waits(minutes=2)
    assert woo.mail(ADA).subject == "Je bestelling 5401 duurt wat langer"
    assert woo.mail(BEN).subject == "Je bestelling 5402 duurt wat langer"

    woo.hears(baskets.order(woo, ADA, 5401, status="completed", date_completed_gmt=baskets.gmt(woo.at)))
    woo.waits(minutes=5)
    woo.hears(baskets.order(woo, ADA, 5401, status="completed", date_completed_gmt=baskets.gmt(woo.at)))
    tells(woo.shop, {"kind": "return.opened", "order": "5401", "properties": {"status": "We wachten op je pakket."}})
    woo.waits(hours=1)
    tells(woo.shop, {"kind": "return.opened", "order": "5401"})
    woo.waits(days=1)

    _, sent, back = woo.mails(ADA)
    assert sent.subject == "Je bestelling 5401 is verzonden"
    assert back.subject == "We hebben je retour van bestelling 5401 genoteerd"
    assert "We wachten op je pakket." in back.text
    assert len(woo.mails(BEN)) == 1
    for mail in woo.mails(ADA):
        is_well_made(mail)
    assert set(Message.objects.values_list("kind", "basis")) == {("service", "service")}
