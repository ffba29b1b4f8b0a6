"""The page of reports: one shop's numbers in three groups, in English and Dutch."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import translation

from apps.dashboard.reports_page import report_of
from apps.stores.models import Store
from tests.dashboard.furnishing import NOW, Furnished, furnish, member


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("en", ("What went in", "Reports", "attributed revenue")),
        ("nl", ("Wat erin ging", "Rapporten", "toegerekende omzet")),
    ],
)
def test_every_role_reads_its_own_shop_in_its_language(
    client: Client, shop: Furnished, language: str, words: tuple[str, ...]
) -> None:
    other = furnish("cyopen")
    client.force_login(member(shop, "analyst"))
    client.cookies["django_language"] = language

    for days in (30, 90, 365):
        answer = client.get(reverse("dashboard:reports"), {"days": days, "store": other.store.pk})
        assert answer.status_code == 200
        assert answer.context["store"] == shop.store
        assert answer.context["days"] == days
    said = answer.content.decode()
    assert "cyopen" not in said
    assert shop["flows.Flow"].name in said
    for word in words:
        assert word in said


def test_without_data_it_says_so(shop: Furnished) -> None:
    empty = Store.objects.create(name="Zeezicht", url="https://zeezicht.example", currency="EUR")

    with translation.override("en"):
        report = report_of(empty, 30, NOW)

    shown = {line.name: line.value for group in ("came_out", "carts", "felt") for line in report[group]}
    for name in (
        "Returning customers", "Purchase frequency", "Average order value", "Customer value per year", "Customers lost",
        "Customers kept", "Days between purchases", "Abandonment", "Capture", "Uplift", "Unsubscribed",
    ):  # fmt: skip
        assert shown[name] == "n/a", name
    assert report["flows"] == []
