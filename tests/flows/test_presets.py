from __future__ import annotations

import itertools

import pytest

from apps.core import clock
from apps.flows import presets, publishing
from apps.flows.models import Flow
from apps.mail import library
from apps.mail.models import Template
from tests.flows.shops import Shop


def test_every_kit_names_only_presets_that_ship() -> None:
    assert set(presets.kits()) == {"starting", "first-successes", "growing", "steady", "strong"}
    for kit, names in presets.kits().items():
        assert names, kit
        assert set(names) <= set(presets.known()), kit


def test_each_kit_holds_the_one_before_it() -> None:
    grown = [set(presets.kits()[kit]) for kit in ("starting", "first-successes", "growing", "steady", "strong")]

    assert all(smaller < larger for smaller, larger in itertools.pairwise(grown))
    assert grown[0] == {"abandoned-checkout", "abandoned-cart", "unpaid-order"}
    assert {"thank-you-first-order", "second-purchase"} <= grown[1]
    assert "review-request" in grown[2]
    assert {"replenishment", "win-back"} <= grown[3]
    assert grown[4] == set(presets.known())


@pytest.mark.parametrize("name", presets.known())
def test_a_preset_names_itself_and_mails_that_ship(name: str) -> None:
    plan = presets.preset(name)

    assert plan.flow == name
    assert [slug for _, slug in publishing.templates_of(plan) if library.preset_of(slug) is None] == []


def test_a_kit_puts_its_flows_in_the_shop_published_and_off(shop: Shop) -> None:
    flows = presets.install_kit(shop.store, "starting", clock.now())

    assert [(flow.slug, flow.live, flow.based_on) for flow in flows] == [
        (name, False, name) for name in ("abandoned-checkout", "abandoned-cart", "unpaid-order")
    ]
    assert flows[0].version is not None
    locales = Template.objects.of(shop.store).filter(slug="abandoned-checkout-1", live__isnull=False)
    assert set(locales.values_list("locale", flat=True)) == {"nl", "nl-u", "en"}


def test_what_the_shop_already_has_is_left_as_it_is(shop: Shop) -> None:
    flow = presets.install(shop.store, "abandoned-checkout", shop.at)
    Template.objects.of(shop.store).filter(slug="abandoned-checkout-1", locale="nl").update(subject="Ons mandje")
    Flow.objects.filter(pk=flow.pk).update(name="Onze reeks")

    again = presets.install(shop.store, "abandoned-checkout", shop.at)

    assert (again.pk, again.name) == (flow.pk, "Onze reeks")
    subjects = Template.objects.of(shop.store).filter(slug="abandoned-checkout-1", locale="nl")
    assert subjects.get().subject == "Ons mandje"
    assert Flow.objects.of(shop.store).count() == 1


def test_an_installed_preset_runs(shop: Shop) -> None:
    flow = presets.install(shop.store, "abandoned-checkout", shop.at)
    publishing.go_live(flow, shop.at)
    shop.leaves("ada")

    for hours in (1, 23, 48):
        shop.travel(hours=hours)
        shop.sent()

    assert shop.mails("ada") == ["1", "2", "3"]


def test_unknown_names_are_answered_with_what_there_is(shop: Shop) -> None:
    with pytest.raises(presets.UnknownPreset, match="abandoned-checkout"):
        presets.preset("nowhere")
    with pytest.raises(presets.UnknownPreset, match="starting"):
        presets.install_kit(shop.store, "nowhere", shop.at)
    with pytest.raises(library.UnknownMail):
        library.install_templates(shop.store, "nowhere")
