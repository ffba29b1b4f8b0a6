"""The builder: conditions without a file, a count while editing, in an owner's words."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.utils.translation import override

from tests.dashboard.furnishing import furnish, member


@pytest.fixture
def office(db: None, client: Client) -> Any:
    """Ada's shop and an owner at her desk, who reads English."""
    shop = furnish("adaopen")
    client.defaults["HTTP_ACCEPT_LANGUAGE"] = "en"
    client.force_login(member(shop, "owner"))
    return shop


def make(client: Client, shop: Any, name: str = "Regulars") -> Any:
    from apps.segments.models import Segment

    client.post(f"/admin/stores/{shop.store.pk}/segments/", {"name": name})
    return Segment.objects.get(store=shop.store, name=name)


def test_an_owner_builds_a_segment_without_a_file(office: Any, client: Client) -> None:
    from apps.segments.models import Membership

    segment = make(client, office)
    page = f"/admin/segments/segment/{segment.pk}/change/"
    form: dict[str, Any] = {"name": "Regulars"}

    added = client.post(page, {**form, "act": "add:new", "kind-new": "ordered"})
    assert b'value="0.0.ordered"' in added.content
    form |= {"part": ["0.0.ordered"], "0.0-times": "at_least", "0.0-n": "3", "0.0-period": "last", "0.0-days": "90"}
    added = client.post(page, {**form, "act": "add:0", "kind-0": "country"})
    assert b'value="0.1.country"' in added.content
    assert b'value="90"' in added.content
    form |= {"part": ["0.0.ordered", "0.1.country"], "0.1-countries": "NL, BE"}
    segment.refresh_from_db()
    assert segment.definition == []

    assert client.post(page, {**form, "act": "save"}).status_code == 302
    segment.refresh_from_db()
    assert segment.definition == [
        {"any": [{"ordered": {"n": 3, "period": "last", "days": 90}}, {"country": ["NL", "BE"]}]}
    ]
    assert not Membership.objects.filter(segment=segment).exists()
    again = client.get(page).content.decode()
    assert "Has ordered at least 3 times in the last 90 days" in again
    dropped = client.post(page, {**form, "act": "drop:0.1"})
    assert b"0.1.country" not in dropped.content


def test_the_count_is_of_what_stands_in_the_form(office: Any, client: Client) -> None:
    segment = make(client, office)
    look = f"/admin/segments/{segment.pk}/look/"
    form = {"part": ["0.0.language", "1.0.country"], "0.0-languages": "nl", "1.0-countries": ""}

    answer = client.post(look, form).content.decode()
    assert "<b>1</b>" in answer
    assert "not filled in yet" in answer
    answer = client.post(look, {**form, "0.0-languages": "fr"}).content.decode()
    assert "<b>0</b>" in answer
    assert client.get(look).status_code == 405
    segment.refresh_from_db()
    assert segment.definition == []


def test_a_wrong_condition_says_what_is_wrong_and_keeps_what_was_typed(office: Any, client: Client) -> None:
    segment, other = make(client, office), make(client, office, "Others")
    page = f"/admin/segments/segment/{segment.pk}/change/"
    form: dict[str, Any] = {"name": "Regulars", "act": "save", "part": ["0.0.ordered"], "0.0-period": "last"}

    assert "how many days?" in client.post(page, form).content.decode()
    form = {"name": "Regulars", "act": "save", "part": ["0.0.in_segment"], "0.0-segment": "others", "0.0-inside": "on"}
    assert client.post(page, form).status_code == 302
    circle = client.post(
        f"/admin/segments/segment/{other.pk}/change/", {**form, "name": "Others", "0.0-segment": "regulars"}
    )
    assert "others → regulars → others" in circle.content.decode()
    assert "there is no segment" in client.post(page, {**form, "0.0-segment": "nobody"}).content.decode()
    assert b"It is in use: Regulars" in client.post(f"/admin/segments/{other.pk}/delete/", follow=True).content
    client.post(f"/admin/segments/{segment.pk}/delete/")
    client.post(f"/admin/segments/{other.pk}/delete/")
    assert not type(segment).objects.filter(pk__in=[segment.pk, other.pk]).exists()


def test_groups_of_a_file_are_kept_and_told(office: Any, client: Client) -> None:
    from apps.segments import saving
    from tests.dashboard.furnishing import NOW

    segment = make(client, office)
    inner = {"any": [{"country": ["NL"]}, "at_risk"]}
    saving.save(segment, [{"any": [inner, {"ordered": {"times": "zero"}}]}], NOW)
    page = f"/admin/segments/segment/{segment.pk}/change/"

    shown = client.get(page).content.decode()
    assert "Lives in NL or is at risk of leaving" in shown
    assert "Has not ordered" in shown
    form = {"name": "Regulars", "act": "save", "part": ["0.0.whole", "0.1.ordered"], "0.1-times": "zero"}
    import json

    assert client.post(page, {**form, "0.0-plain": json.dumps(inner)}).status_code == 302
    segment.refresh_from_db()
    assert segment.definition == [{"any": [inner, {"ordered": {"times": "zero"}}]}]


def test_conditions_are_told_in_dutch(db: None) -> None:
    from apps.segments.words import words_of_plain

    with override("nl"):
        assert words_of_plain({"ordered": {"n": 3, "period": "last", "days": 90}}) == (
            "heeft minstens 3 keer besteld in de laatste 90 dagen"
        )
        assert (
            words_of_plain({"bought": {"times": "zero", "categories": ["Thee"]}})
            == "heeft nooit iets uit “Thee” gekocht"
        )


def test_the_grid_shows_every_cell_and_says_when_there_is_too_little(office: Any, client: Client) -> None:
    from apps.segments.models import Figures

    assert "Not enough data yet" in client.get("/admin/rfm/").content.decode()
    Figures.objects.filter(store=office.store).update(recency=3, frequency=2, money=3, rfm="champions")
    shown = client.get("/admin/rfm/").content.decode()
    assert shown.count('class="s-cell s-cell--') == 27
    assert "€" in shown
