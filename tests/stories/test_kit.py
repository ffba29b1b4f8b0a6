"""Scenario 29: a new shop, no code, a kit: flows in Dutch, off until their mails were looked at."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.urls import reverse
from django.utils.translation import gettext, override

if TYPE_CHECKING:
    from django.test import Client


def test_a_kit_stands_ready_and_sends_nothing_until_somebody_looked(shop: Any, ada: Any, client: Client) -> None:
    from apps.accounts.models import Membership, User
    from apps.flows.models import Enrollment, Flow
    from apps.flows.presets import kits
    from apps.flows.seeing import mails_of
    from apps.mail.models import Template

    owner = User.objects.create_user("sanne", email="sanne@molenzicht.example", is_staff=True, language="nl")
    Membership.objects.create(user=owner, store=shop.store, role="owner")
    client.force_login(owner)

    answer = client.post(reverse("dashboard:flow-preset", args=[shop.store.pk]), {"kit": "first-successes"})

    assert answer.status_code == 302
    flows = {flow.slug: flow for flow in Flow.objects.of(shop.store)}
    assert set(flows) == set(kits()["first-successes"])
    assert {"abandoned-checkout", "thank-you-first-order"} <= set(flows)
    assert not any(flow.live for flow in flows.values())
    assert all(flow.version_id for flow in flows.values())
    assert {mail.locale for flow in flows.values() for mail in mails_of(flow)} == {"nl"}
    with override("nl"):
        assert flows["abandoned-checkout"].name == gettext("Abandoned checkout")

    # A basket left behind starts nothing while the flow is off.
    shop.leaves_cart(ada)
    shop.world.travel(hours=3)
    assert not Enrollment.objects.exists()

    # Switched on without looking: it stays off, and its mails are shown.
    flow = flows["abandoned-checkout"]
    shown = client.post(reverse("dashboard:flow-on", args=[flow.pk]), follow=True)
    flow.refresh_from_db()
    assert not flow.live
    looks = shown.context["looks"]
    assert [look.template.slug for look in looks] == [f"abandoned-checkout-{n}" for n in (1, 2, 3)]
    assert all("<html" in look.shown.html for look in looks)

    client.post(reverse("dashboard:flow-on", args=[flow.pk]), {"looked": [look.version for look in looks[:2]]})
    flow.refresh_from_db()
    assert not flow.live

    client.post(reverse("dashboard:flow-on", args=[flow.pk]), {"looked": [look.version for look in looks]})
    flow.refresh_from_db()
    assert flow.live

    # Somebody else's texts count for nothing here, and a newer text is looked at anew.
    client.post(reverse("dashboard:flow-off", args=[flow.pk]))
    mail = Template.objects.of(shop.store).get(slug="abandoned-checkout-1", locale="nl")
    assert mail.live
    texts = {"subject": "Anders", "mjml": mail.mjml, "text": mail.text}
    mail.live = mail.versions.create(number=2, compiled=mail.live.compiled, **texts)
    mail.save()
    client.post(reverse("dashboard:flow-on", args=[flow.pk]))
    flow.refresh_from_db()
    assert not flow.live
