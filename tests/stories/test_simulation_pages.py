"""The pages of a replay: asked for by pressing, done by a worker, shown and taken away as a file."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING

from django.test import Client
from django.urls import reverse

from tests.shopkeeping import ADA, BEN

if TYPE_CHECKING:
    from tests.shopkeeping import Shop, World


def test_an_owner_asks_for_a_replay_and_for_a_week_in_shadow(
    shop: Shop, world: World, travel: Callable[..., None], client: Client
) -> None:
    from apps.accounts.roles import Role
    from apps.core import clock
    from apps.dashboard import simulating
    from apps.dashboard.models import Simulation
    from apps.flows import seeing
    from apps.flows.models import Flow
    from tests.dashboard.furnishing import Furnished, member

    world.at = clock.now().replace(hour=9, minute=0, second=0, microsecond=0) - timedelta(days=9)
    shop.switches_on()
    for person in (ADA, BEN):
        shop.leaves_cart(person)
    travel(days=8)
    flow = Flow.objects.of(shop.store).get()
    client.defaults["HTTP_ACCEPT_LANGUAGE"] = "en"
    client.force_login(member(Furnished(shop.store, "ada"), Role.OWNER))
    page = reverse("dashboard:flow-simulate", args=[flow.pk])

    assert client.get(page).status_code == 200
    assert Simulation.objects.count() == 0
    asked = client.post(reverse("dashboard:flow-simulate-start", args=[flow.pk]), {"kind": "replay", "days": "30"})
    waiting = client.get(asked["Location"]).content.decode()
    assert "waits for a worker" in waiting

    assert simulating.run_due(clock.now()) == 1

    one = Simulation.objects.get()
    shown = client.get(reverse("dashboard:simulation", args=[one.pk])).content.decode()
    assert "6 mails would have left, for 2 people" in shown
    assert ADA.email in shown
    file = client.get(reverse("dashboard:simulation-file", args=[one.pk])).content.decode()
    rows = list(csv.DictReader(io.StringIO(file)))
    assert len(rows) == 6
    assert {row["person"] for row in rows} == {ADA.email, BEN.email}

    client.post(reverse("dashboard:flow-simulate-start", args=[flow.pk]), {"kind": "conflicts", "days": "30"})
    assert simulating.run_due(clock.now()) == 1
    assert "would have been in both" in client.get(page).content.decode()

    client.post(reverse("dashboard:flow-shadow-on", args=[flow.pk]))
    flow.refresh_from_db()
    assert (flow.live, flow.shadow) == (True, True)
    assert client.get(reverse("dashboard:flow-shadow", args=[flow.pk])).status_code == 200
    # Nobody ever looked at its mails: they are shown first, as when any flow is switched on.
    refused = client.post(reverse("dashboard:flow-real-on", args=[flow.pk]))
    flow.refresh_from_db()
    assert (flow.live, flow.shadow) == (True, True)
    assert "I have looked at this" in client.get(refused["Location"]).content.decode()
    looked = [mail.live_id for mail in seeing.mails_of(flow)]
    client.post(reverse("dashboard:flow-real-on", args=[flow.pk]), {"looked": looked})
    flow.refresh_from_db()
    assert (flow.live, flow.shadow) == (True, False)

    # Switched off while in shadow and on again with the ordinary button: it sends, as the button says.
    client.post(reverse("dashboard:flow-shadow-on", args=[flow.pk]))
    client.post(reverse("dashboard:flow-off", args=[flow.pk]))
    client.post(reverse("dashboard:flow-on", args=[flow.pk]))
    flow.refresh_from_db()
    assert (flow.live, flow.shadow) == (True, False)


def test_a_mail_of_another_day_shows_the_basket_and_the_orders_of_then(
    shop: Shop, world: World, travel: Callable[..., None], client: Client
) -> None:
    from apps.accounts.roles import Role
    from apps.mail.models import Template
    from tests.dashboard.furnishing import Furnished, member

    began = world.at
    shop.switches_on()
    shop.leaves_cart(ADA, name="ada", total="35.00 EUR")
    travel(days=2)
    shop.places_order(ADA)
    shop.leaves_cart(ADA, name="later", total="95.00 EUR")
    travel(days=2)
    client.defaults["HTTP_ACCEPT_LANGUAGE"] = "en"
    client.force_login(member(Furnished(shop.store, "ada"), Role.ANALYST))
    template = Template.objects.get(store=shop.store, slug="abandoned-checkout-1", locale="nl")
    page = reverse("dashboard:template-then", args=[template.pk])

    def shown(days: float) -> str:
        at = began + timedelta(days=days, hours=1)
        return str(client.get(page, {"who": ADA.email, "at": f"{at:%Y-%m-%dT%H:%M}"}).content.decode())

    before, after = shown(1), shown(3)

    assert ("35,00" in before, "95,00" in before) == (True, False)
    assert ("35,00" in after, "95,00" in after) == (False, True)
    assert client.get(page, {"who": "cy@shopper.example"}).status_code == 200
    assert "Nobody in this shop" in client.get(page, {"who": "cy@shopper.example"}).content.decode()
