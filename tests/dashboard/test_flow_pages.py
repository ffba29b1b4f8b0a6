"""A flow made and changed on its page: part by part, as a file, in versions."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from apps.dashboard.flow_draft import stamp
from apps.dashboard.flow_page import draft_of, menus, opened
from apps.dashboard.flow_shelf import Shelf
from apps.flows import presets, publishing
from apps.flows.models import Flow
from apps.flows.trees import long_form
from apps.mail.models import Template
from tests.dashboard.furnishing import NOW, PLAN, Furnished, member

TWICE = {"part-times": "at_least", "part-n": "2", "part-period": "ever"}
NEVER = {"part-times": "zero", "part-n": "1", "part-period": "ever"}


def wait(days: str) -> dict[str, str]:
    return {"part-until_count": days, "part-until_unit": "d"}


def flow_of(shop: Furnished) -> Flow:
    flow: Flow = Flow.objects.get(pk=shop["flows.Flow"].pk)
    return flow


def page(client: Client, flow: Flow, query: str = "") -> Any:
    answer = client.get(reverse("admin:flows_flow_change", args=[flow.pk]) + query)
    assert answer.status_code == 200
    return answer


def does(client: Client, flow: Flow, verb: str = "flow-part", **fields: Any) -> Any:
    seen = stamp(Flow.objects.get(pk=flow.pk).draft)
    return client.post(reverse(f"dashboard:{verb}", args=[flow.pk]), {"seen": seen, **fields})


def test_a_tree_is_made_part_by_part_and_nothing_is_lost_while_it_is_wrong(owner: Client, shop: Furnished) -> None:
    owner.post(reverse("dashboard:flow-make", args=[shop.store.pk]), {"name": "Na de koop"})
    flow = Flow.objects.get(name="Na de koop")
    assert flow.slug == "na-de-koop"
    assert page(owner, flow).context["problems"]

    does(owner, flow, do="add", place="trigger", kind="order_paid")
    does(owner, flow, do="add", place="steps.0", kind="split")
    assert b'id="add-steps.0.split.when.0"' in page(owner, flow).content
    does(
        owner, flow, do="add", place="steps.0.split.when.0", kind="ordered", **{"part-times": "at_least", "part-n": "2"}
    )
    does(owner, flow, do="add", place="steps.0.split.then.0", kind="send_email", **{"part-template": "reminder"})
    does(owner, flow, do="add", place="steps.0.split.otherwise.0", kind="exit")
    does(owner, flow, do="add", place="steps.0", kind="wait", **wait("2"))

    wrong = does(
        owner, flow, do="add", place="steps.2", kind="wait", **{"part-until_count": "", "part-until_unit": "d"}
    )
    assert wrong.context["opened"].form.errors
    flow.refresh_from_db()
    assert flow.draft["steps"] == [
        {"wait": "2d"},
        {"split": {"when": [{"ordered": {"n": 2}}], "then": [{"send_email": "reminder"}], "otherwise": ["exit"]}},
    ]
    assert page(owner, flow).context["problems"] == []

    does(owner, flow, do="save", place="steps.1.split.when.0", kind="ordered", **NEVER)
    does(owner, flow, do="down", place="steps.0")
    shown = page(owner, flow)
    flow.refresh_from_db()
    assert [next(iter(step)) for step in flow.draft["steps"]] == ["split", "wait"]
    assert shown.context["line"].by_number[4].problems
    does(owner, flow, do="remove", place="steps.1")
    does(owner, flow, "flow-publish")
    flow.refresh_from_db()
    assert flow.version is not None
    assert (flow.version.number, flow.live) == (1, False)


def test_every_part_that_is_registered_has_its_form(shop: Furnished) -> None:
    tree, shelf = long_form(PLAN), Shelf(shop.store)
    ways = {"trigger": {"edit": "trigger"}, "condition": {"add": "filter.0"}, "exit": {"add": "exits.0"},
            "step": {"add": "steps.0"}}  # fmt: skip

    for family, way in ways.items():
        assert len(menus()[family]) > 5
        for choice in menus()[family]:
            found = opened(tree, shelf, {**way, "kind": choice.kind})
            assert found is not None, choice.kind
            assert found.form is not None, choice.kind
            assert bool(found.form.fields) is not choice.bare
            assert choice.bare or str(found.form)


def test_a_page_that_is_out_of_date_changes_nothing(owner: Client, shop: Furnished) -> None:
    flow = flow_of(shop)
    before = flow.draft

    for fields in (
        {"seen": "0" * 12, "do": "remove", "place": "steps.0"},
        {"seen": stamp(before), "do": "remove", "place": "steps.9"},
        {"seen": stamp(before), "do": "remove", "place": "steps.0.split.then.0"},
        {"seen": stamp(before), "do": "add", "place": "filter.0", "kind": "wait"},
        {"seen": stamp(before), "do": "save", "place": "../steps", "kind": "wait"},
    ):
        answer = owner.post(reverse("dashboard:flow-part", args=[flow.pk]), fields)
        assert answer.status_code == 302
        assert flow_of(shop).draft == before


def test_an_analyst_reads_and_a_marketer_writes(shop: Furnished, client: Client) -> None:
    flow = flow_of(shop)
    client.force_login(member(shop, "analyst", "ann"))
    assert b'<button type="submit" class="m-button m-button--main">' not in page(client, flow).content
    assert does(client, flow, do="remove", place="steps.0").status_code == 404

    client.force_login(member(shop, "marketer", "mark"))
    assert (
        does(client, flow, "flow-head", name="Anders", purpose="cart", priority="cart", reentry="never").status_code
        == 302
    )
    assert (flow_of(shop).draft["name"], flow_of(shop).draft["reentry"]) == ("Anders", "never")


@pytest.mark.parametrize("query", ["", "?tab=file", "?tab=versions", "?tab=people", "?look=all", "?look=reminder"])
def test_what_was_put_away_is_still_read_and_no_longer_changed(owner: Client, shop: Furnished, query: str) -> None:
    flow = flow_of(shop)
    does(owner, flow, "flow-remove", sure="1")

    assert page(owner, flow, query).context["may_write"] is False
    assert does(owner, flow, do="remove", place="steps.0").status_code == 404
    assert flow not in owner.get(reverse("admin:flows_flow_changelist")).context["cl"].queryset


def test_a_file_comes_in_as_a_draft_or_with_every_mistake(owner: Client, shop: Furnished) -> None:
    flow = flow_of(shop)
    text = draft_of(flow)
    address = reverse("dashboard:flow-import", args=[shop.store.pk])

    wrong = owner.post(address, {"draft": text.replace("priority: checkout", "priority: first").replace("1h", "soon")})
    assert [problem.field for problem in wrong.context["problems"]] == ["priority", "steps[1].wait.until"]
    assert all(problem.line for problem in wrong.context["problems"])
    assert "priority: first" in wrong.content.decode()
    assert flow_of(shop).draft == flow.draft

    file = SimpleUploadedFile("flow.yaml", b"\xef\xbb\xbf" + text.replace("1h", "3h").encode())
    owner.post(address, {"file": file})
    changed = flow_of(shop)
    assert changed.draft["steps"][0] == {"wait": "3h"}
    assert (changed.version_id, changed.live) == (flow.version_id, True)
    kept = owner.get(reverse("dashboard:flow-file", args=[flow.pk]))
    assert kept.content.decode() == text.replace("1h", "3h")
    assert owner.post(address, {"file": SimpleUploadedFile("x.yaml", b"\xff\x00" * 900)}).context["problems"]


def test_our_newer_preset_is_offered_and_never_written_over(owner: Client, shop: Furnished) -> None:
    Flow.objects.filter(pk=flow_of(shop).pk).update(slug="older")
    flow = presets.install(shop.store, "abandoned-checkout", NOW)
    assert page(owner, flow).context["upgrade"] is None
    # They were given an older one, of which they changed a wait.
    older = {**flow.base, "steps": [*flow.base["steps"][:4], *flow.base["steps"][4:]], "exits": ["order_placed"]}
    Flow.objects.filter(pk=flow.pk).update(base=older, draft={**older, "name": "Onze mandjes"})

    shown = page(owner, flow).context["upgrade"]
    assert len(shown.changes) == len(flow.base["exits"]) - 1
    owner.post(reverse("dashboard:flow-upgrade", args=[flow.pk]), {"do": "take"})

    flow.refresh_from_db()
    assert flow.draft["name"] == "Onze mandjes"
    assert len(flow.draft["exits"]) == len(flow.base["exits"])
    assert flow.version is not None
    assert flow.version.number == 1
    assert page(owner, flow).context["upgrade"] is None

    Flow.objects.filter(pk=flow.pk).update(base=older)
    owner.post(reverse("dashboard:flow-upgrade", args=[flow.pk]), {"do": "leave"})
    assert page(owner, flow).context["upgrade"] is None


def test_the_numbers_follow_their_step_into_a_new_plan(owner: Client, shop: Furnished) -> None:
    flow = flow_of(shop)
    flow.draft = {**flow.draft, "steps": [{"wait": "30m"}, {"wait": "1h"}, {"send_email": "reminder"}]}
    flow.save()

    steps = page(owner, flow).context["steps"]

    assert [step.counts.get("unknown", 0) for step in steps] == [0, 0, 1]
    assert [step.inside for step in steps] == [0, 1, 0]
    assert [step.passed for step in steps] == [0, 0, 1]
    assert publishing.people_inside(flow) == 1


def test_another_shops_mails_are_no_choice_and_no_look(owner: Client, shop: Furnished) -> None:
    from tests.dashboard.furnishing import furnish

    cy = furnish("cyzquiet")
    Template.objects.of(cy.store).update(slug="theirs")
    flow = flow_of(shop)

    shown = page(owner, flow, "?add=steps.0&kind=send_email")
    assert "theirs" not in shown.content.decode()
    assert page(owner, flow, "?look=theirs").context["looks"] == []
    does(owner, flow, "flow-off")
    does(owner, flow, "flow-on", looked=cy["mail.TemplateVersion"].pk)
    assert not flow_of(shop).live


def test_a_test_is_compared_on_the_page_and_one_way_is_kept(owner: Client, shop: Furnished) -> None:
    flow = flow_of(shop)
    ways = [{"variant": {"steps": [{"wait": wait}, {"send_email": "reminder"}]}} for wait in ("2h", "3h")]
    flow.draft = {**PLAN, "steps": [{"ab": {"name": "timing", "variants": ways}}]}
    flow.save()
    publishing.publish(flow, NOW)

    (test,) = page(owner, flow).context["comparisons"]
    assert ([side.variant for side in test.sides], test.answer) == (["a", "b"], "too_few")

    owner.post(reverse("dashboard:flow-pick", args=[flow.pk]), {"test": "timing", "variant": "b"})
    assert flow_of(shop).draft["steps"] == [{"wait": "3h"}, {"send_email": "reminder"}]
    owner.post(reverse("dashboard:flow-pick", args=[flow.pk]), {"test": "timing", "variant": "x"})
    assert flow_of(shop).version_id == flow.version_id
