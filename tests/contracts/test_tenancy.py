"""Nobody sees another shop: every address of the admin is tried with Cy's rows, by every role (decision 6)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.apps import apps
from django.contrib import admin
from django.db import connection
from django.test import Client
from django.urls import NoReverseMatch, URLPattern, URLResolver, get_resolver, reverse

from apps.accounts.roles import Role
from tests.dashboard.furnishing import Furnished, furnish, member

CY = "cyzquiet"
ADA = "adaopen"
OWN_PAGES = ("changelist", "add")
ROW_PAGES = ("change", "history", "delete")
# Not a shop's: sessions move with every request, and Django keeps its own lists.
NOT_THE_SHOPS = {"sessions.Session"}


@pytest.fixture
def shops(db: None) -> tuple[Furnished, Furnished]:
    cy = furnish(CY)
    member(cy, Role.OWNER, CY)
    return furnish(ADA), cy


@pytest.fixture(params=Role.values)
def staff(request: pytest.FixtureRequest, shops: tuple[Furnished, Furnished], client: Client) -> Client:
    client.force_login(member(shops[0], request.param))
    return client


def models() -> list[type[Any]]:
    return list(admin.site._registry)


def addresses(name: str, pages: tuple[str, ...], *args: Any) -> Iterator[str]:
    for page in pages:
        try:
            yield reverse(f"admin:{name}_{page}", args=args)
        except NoReverseMatch:
            continue


def name_of(model: type[Any]) -> str:
    return f"{model._meta.app_label}_{model._meta.model_name}"


def all_patterns(resolver: Any, prefix: str = "") -> Iterator[tuple[str, str, URLPattern]]:
    """Every address under /admin/, with the name of its space."""
    for entry in resolver.url_patterns:
        where = prefix + str(entry.pattern)
        if isinstance(entry, URLResolver):
            yield from all_patterns(entry, where)
        else:
            yield where, entry.name or "", entry


def staff_verbs() -> list[URLPattern]:
    found = [entry for where, _, entry in all_patterns(get_resolver()) if where.startswith("admin/")]
    return [entry for entry in found if getattr(entry.callback, "__module__", "") and "<int:pk>" in str(entry.pattern)]


def foreign(address: str, shops: tuple[Furnished, Furnished]) -> list[str]:
    """The address of a verb with every id of Cy's rows."""
    keys = {row.pk for row in shops[1].rows.values() if isinstance(row.pk, int)}
    mine = {row.pk for row in shops[0].rows.values() if isinstance(row.pk, int)}
    return [address.replace("<int:pk>", str(key)).replace("<int:number>", "1") for key in sorted(keys - mine)]


def test_every_page_of_another_shops_row_is_not_found(staff: Client, shops: tuple[Furnished, Furnished]) -> None:
    tried = 0

    for model in models():
        row = shops[1].rows.get(model._meta.label)
        for address in addresses(name_of(model), ROW_PAGES, row.pk) if row else ():
            for ask in (staff.get, staff.post):
                answer = ask(address)
                assert answer.status_code in (403, 404), (address, answer.status_code)
                assert CY not in answer.content.decode()
                tried += 1

    assert tried > 60


def test_no_list_names_another_shop(staff: Client, shops: tuple[Furnished, Furnished]) -> None:
    cy = shops[1]
    store, flow = cy.store.pk, cy["flows.Flow"].pk
    foreign_filters = ["", f"?store={store}", f"?q={CY[:5]}", f"?flow={flow}", "?state=unknown", "?e=1"]

    for model in models():
        for address in addresses(name_of(model), OWN_PAGES):
            for query in foreign_filters:
                answer = staff.get(address + query, follow=True)
                assert answer.status_code in (200, 403), (address, query)
                assert CY not in answer.content.decode(), address


def test_no_lookup_reaches_another_shops_row(staff: Client, shops: tuple[Furnished, Furnished]) -> None:
    customer = shops[1]["customers.Customer"]
    lookups = (f"customer__email__startswith={CY[:3]}", "store__memberships__user__password__startswith=a")

    for lookup in lookups:
        answer = staff.get(f"{reverse('admin:mail_message_changelist')}?{lookup}", follow=True)
        assert CY not in answer.content.decode()
    for query in (f"term={CY}&app_label=orders&model_name=order&field_name=customer", "term=a"):
        assert CY not in staff.get(f"{reverse('admin:autocomplete')}?{query}").content.decode()
    assert CY not in staff.get(f"{reverse('admin:search')}?s={CY[:4]}&extended=1").content.decode().replace(CY[:4], "")
    assert customer.email.startswith(CY)


def test_every_verb_with_another_shops_id_is_not_found(staff: Client, shops: tuple[Furnished, Furnished]) -> None:
    before = fingerprint()
    verbs = staff_verbs()
    assert len(verbs) > 12

    for verb in verbs:
        for address in foreign(f"/{verb.pattern}", shops):
            answer = staff.post(address, {"email": "eve@example.com", "role": "owner", "sure": "1"})
            assert answer.status_code == 404, (address, answer.status_code)
            assert CY not in answer.content.decode()
            assert staff.get(address).status_code in (404, 405), address

    assert fingerprint() == before


def test_an_action_takes_no_row_of_another_shop(staff: Client, shops: tuple[Furnished, Furnished]) -> None:
    before = fingerprint()

    answer = staff.post(
        reverse("admin:ingestion_delivery_changelist"),
        {"action": "again", "_selected_action": [shops[1]["ingestion.Delivery"].pk], "select_across": "1"},
    )

    changed = set(fingerprint().items()) ^ set(before.items())
    assert {label for label, _ in changed} <= {"ingestion.Delivery", "ingestion.Quarantine"}
    shops[1]["ingestion.Delivery"].refresh_from_db()
    assert shops[1]["ingestion.Delivery"].state == "quarantined"
    assert shops[1]["ingestion.Delivery"].quarantined.exists()
    assert CY not in answer.content.decode()


def test_a_preview_takes_no_basket_of_another_shop(staff: Client, shops: tuple[Furnished, Furnished]) -> None:
    ada, cy = shops
    address = reverse("dashboard:template-preview", args=[ada["mail.Template"].pk])

    answer = staff.post(address, {"mjml": "<mjml>", "basket": cy["carts.Cart"].pk})

    assert answer.status_code == 404


def test_reading_changes_nothing(staff: Client, shops: tuple[Furnished, Furnished]) -> None:
    """Every page that this person may open, and every verb asked by GET."""
    ada = shops[0]
    before = fingerprint()

    for model in models():
        row = ada.rows.get(model._meta.label)
        pages = [*addresses(name_of(model), OWN_PAGES)]
        pages += addresses(name_of(model), ROW_PAGES, row.pk) if row else []
        for address in pages:
            answer = staff.get(address)
            assert answer.status_code in (200, 302, 403, 404), (address, answer.status_code)
            assert CY not in answer.content.decode(), address
    for verb in staff_verbs():
        address = f"/{verb.pattern}".replace("<int:pk>", str(ada.store.pk)).replace("<int:number>", "1")
        answer = staff.get(address)
        # A page of one's own shop is shown; a verb is not found or not for GET.
        assert answer.status_code in (200, 404, 405), (address, answer.status_code)
        assert CY.encode() not in getattr(answer, "content", b""), address
    for address in (reverse("admin:index"), reverse("dashboard:status")):
        answer = staff.get(address)
        assert answer.status_code == 200
        assert CY not in answer.content.decode()

    assert fingerprint() == before


def test_home_and_status_of_another_shop_show_ones_own(staff: Client, shops: tuple[Furnished, Furnished]) -> None:
    answer = staff.get(f"{reverse('admin:index')}?store={shops[1].store.pk}")

    assert CY not in answer.content.decode()
    assert ADA in answer.content.decode()


def test_every_model_of_a_shop_says_the_way_to_it() -> None:
    """What has no `visible_to` cannot be shown to staff at all."""
    for model, page in admin.site._registry.items():
        scoped = hasattr(model._default_manager, "visible_to")
        assert scoped or getattr(page, "operator_only", False) or model._meta.label == "accounts.User", model


def test_a_stranger_gets_the_login_page(client: Client, shops: tuple[Furnished, Furnished]) -> None:
    for where, _, _ in all_patterns(get_resolver()):
        if where.startswith("admin/") and "<" not in where and "(" not in where:
            answer = client.get(f"/{where}")
            assert CY not in answer.content.decode()
            assert ADA not in answer.content.decode()


def fingerprint() -> dict[str, str]:
    """What is in every table, as one value each."""
    found = {}
    with connection.cursor() as cursor:
        for model in apps.get_models():
            if model._meta.label not in NOT_THE_SHOPS:
                table = connection.ops.quote_name(model._meta.db_table)
                whole = "coalesce(md5(string_agg(t::text, '|' ORDER BY t::text)), '')"
                cursor.execute(f"SELECT count(*) || {whole} FROM {table} t")
                found[model._meta.label] = cursor.fetchone()[0]
    return found
