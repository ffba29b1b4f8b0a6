"""What an owner sees and does."""

from __future__ import annotations

import pytest
from django.core import management
from django.test import Client
from django.urls import reverse

from apps.consent.models import Suppression
from apps.core import clock
from apps.dashboard import health
from apps.mail.models import Message, OutboxMail, Template
from apps.stores.models import Store
from tests.dashboard.furnishing import Furnished, member, source

EVERY_ROLE = pytest.mark.parametrize("role", ["owner", "marketer", "analyst"])


def page(client: Client, name: str, pk: int) -> str:
    answer = client.get(reverse(f"admin:{name}_change", args=[pk]))
    assert answer.status_code == 200
    return answer.content.decode()


def test_home_shows_the_funnel_and_leads_to_its_baskets(owner: Client, shop: Furnished) -> None:
    answer = owner.get(f"{reverse('admin:index')}?days=30")

    counts = [stage.count for stage in answer.context["funnel"]]
    assert counts == sorted(counts, reverse=True) or counts[-1] == 0
    for stage in answer.context["funnel"]:
        assert owner.get(stage.url).status_code == 200


@pytest.mark.parametrize("status", Message.Status.values)
def test_the_ledger_balances_and_each_count_is_its_list(owner: Client, shop: Furnished, status: str) -> None:
    reason = "cap" if status in ("skipped", "planned") else ""
    due = clock.now() if status in ("planned", "claimed") else None
    Message.objects.update(status=status, reason=reason, due_at=due)

    answer = owner.get(reverse("dashboard:status"))

    for line in [*answer.context["by_store"], *answer.context["by_flow"]]:
        planned, *ends = line.cells()
        assert planned["count"] == sum(end["count"] for end in ends) == 1
        for cell in line.cells():
            assert owner.get(cell["url"]).context["cl"].queryset.count() == cell["count"], cell


def test_a_reason_stands_in_a_sentence(owner: Client, shop: Furnished) -> None:
    Message.objects.update(status="skipped", reason="no_basis_denied", ended_at=clock.now())

    said = page(owner, "customers_customer", shop["customers.Customer"].pk)

    assert "no_basis" not in said


def test_settings_are_saved_whole_or_not_at_all(owner: Client, shop: Furnished) -> None:
    address = reverse("admin:stores_store_change", args=[shop.store.pk])

    wrong = owner.post(address, {"set.quiet": "often", "set.from_name": "Sanne"})
    assert "often" in wrong.content.decode()
    shop.store.refresh_from_db()
    assert shop.store.from_name == ""

    owner.post(address, {"set.quiet": "22:00-07:00", "set.from_name": "Sanne", "set.webhook_secret": "nieuw-geheim-9"})
    shop.store.refresh_from_db()
    assert (shop.store.from_name, shop.store.rules["quiet"]) == ("Sanne", "22:00-07:00")
    assert "nieuw-geheim-9" not in owner.get(address).content.decode()


def test_every_choice_on_the_form_is_one_the_setting_takes() -> None:
    from apps.dashboard.setting_words import CHOICES, LABELS
    from apps.stores.settings_table import SETTINGS

    for name, choices in CHOICES.items():
        for value, _words in choices:
            SETTINGS[name].form.parse(value)
    assert {name for name, setting in SETTINGS.items() if not setting.family} == set(LABELS)


def test_a_broken_draft_is_refused_with_its_line_and_the_live_version_stays(owner: Client, shop: Furnished) -> None:
    template = shop["mail.Template"]
    broken = {"subject": "x", "preheader": "", "mjml": "<mjml>\n<mj-body>\n{{ person.frist_name }}", "text": ""}

    answer = owner.post(reverse("dashboard:template-save", args=[template.pk]), broken)

    assert "frist_name" in answer.content.decode()
    fresh = Template.objects.get(pk=template.pk)
    assert (fresh.mjml, fresh.live_id) == (template.mjml, template.live_id)


def test_publishing_makes_a_version_and_going_back_makes_another(owner: Client, shop: Furnished) -> None:
    template = shop["mail.Template"]
    texts = {part: getattr(source("nieuw"), part) for part in ("subject", "preheader", "mjml", "text")}

    owner.post(reverse("dashboard:template-publish", args=[template.pk]), texts)
    template.refresh_from_db()
    assert (template.live.number, template.subject) == (2, "Je mandje nieuw")

    owner.post(reverse("dashboard:template-back", args=[template.pk, 1]))
    template.refresh_from_db()
    assert (template.live.number, template.subject) == (3, "Je mandje adaopen")


def test_a_preview_shows_a_real_basket_and_keeps_nothing(owner: Client, shop: Furnished) -> None:
    template, cart = shop["mail.Template"], shop["carts.Cart"]
    texts = {part: getattr(source("proef"), part) for part in ("subject", "preheader", "mjml", "text")}

    answer = owner.post(reverse("dashboard:template-preview", args=[template.pk]), texts | {"basket": cart.pk}).json()

    assert answer["subject"] == "Je mandje proef"
    assert "href=" not in answer["html"]
    template.refresh_from_db()
    assert template.subject == "Je mandje adaopen"


def test_a_test_mail_goes_to_whoever_is_signed_in(owner: Client, shop: Furnished) -> None:
    template = shop["mail.Template"]
    texts = {part: getattr(source("proef"), part) for part in ("subject", "preheader", "mjml", "text")}

    owner.post(reverse("dashboard:template-test", args=[template.pk]), texts)

    sent = Message.objects.get(kind="internal")
    assert (sent.status, sent.address) == ("accepted", "ada@staff.example")
    assert b"Subject: [test] " in bytes(OutboxMail.objects.get(message=sent).data)


def test_a_flow_is_switched_off_and_on(owner: Client, shop: Furnished) -> None:
    flow = shop["flows.Flow"]

    owner.post(reverse("dashboard:flow-off", args=[flow.pk]))
    flow.refresh_from_db()
    assert not flow.live

    owner.post(reverse("dashboard:flow-on", args=[flow.pk]), {"looked": shop["mail.TemplateVersion"].pk})
    flow.refresh_from_db()
    assert flow.live


def test_a_draft_with_a_mistake_names_its_line(owner: Client, shop: Furnished) -> None:
    flow = shop["flows.Flow"]

    answer = owner.post(reverse("dashboard:flow-save", args=[flow.pk]), {"draft": "flow: x\nname: y\nsteps: 3\n"})

    assert {problem.line for problem in answer.context["problems"]} >= {3}


def test_both_clocks_are_shown(owner: Client, shop: Furnished) -> None:
    owner.cookies["django_language"] = "en"

    said = page(owner, "flows_flow", shop["flows.Flow"].pk)

    assert "1 h after the start is about 2 h after the last activity" in said


def test_a_mail_in_doubt_is_settled_by_an_owner(owner: Client, shop: Furnished) -> None:
    message = shop["mail.Message"]

    owner.post(reverse("dashboard:message-again", args=[message.pk]))
    message.refresh_from_db()
    assert message.status == "unknown"

    owner.post(reverse("dashboard:message-arrived", args=[message.pk]))
    message.refresh_from_db()
    assert message.status == "accepted"


def test_sending_again_asks_for_a_tick(owner: Client, shop: Furnished) -> None:
    message = shop["mail.Message"]

    owner.post(reverse("dashboard:message-again", args=[message.pk]), {"sure": "1"})

    message.refresh_from_db()
    assert (message.status, message.sending_at) == ("planned", None)


def test_only_marketing_suppressions_are_lifted(owner: Client, shop: Furnished) -> None:
    row = shop["consent.Suppression"]

    Suppression.objects.update(scope="everything", reason="complaint")
    owner.post(reverse("dashboard:suppression-lift", args=[row.pk]))
    row.refresh_from_db()
    assert row.lifted_at is None

    Suppression.objects.update(scope="marketing", reason="unsubscribed")
    owner.post(reverse("dashboard:suppression-lift", args=[row.pk]))
    row.refresh_from_db()
    assert row.lifted_at is not None


def test_a_delivery_is_shown_escaped_and_processed_again(owner: Client, shop: Furnished) -> None:
    from apps.ingestion.models import DeliveryBody

    DeliveryBody.objects.update(data=b'{"x": "<script>alert(1)</script>"}')
    delivery = shop["ingestion.Delivery"]

    said = page(owner, "ingestion_delivery", delivery.pk)
    assert "<script>alert(1)" not in said
    assert "&lt;script&gt;alert(1)" in said

    owner.post(reverse("dashboard:delivery-again", args=[delivery.pk]))
    delivery.refresh_from_db()
    assert delivery.state == "waiting"


@EVERY_ROLE
def test_what_each_role_may_do(client: Client, shop: Furnished, role: str) -> None:
    client.force_login(member(shop, role, "bo"))
    writes, manages = role != "analyst", role == "owner"

    off = client.post(reverse("dashboard:flow-off", args=[shop["flows.Flow"].pk]))
    lifted = client.post(reverse("dashboard:suppression-lift", args=[shop["consent.Suppression"].pk]))
    saved = client.post(reverse("admin:stores_store_change", args=[shop.store.pk]), {"set.from_name": "Bo"})

    assert (off.status_code == 302, lifted.status_code == 302, saved.status_code == 302) == (writes, manages, manages)


def test_the_operators_menu_is_not_for_owners(owner: Client, shop: Furnished) -> None:
    for name in ("events_event", "events_announcement", "flows_enrollment", "flows_steprun", "accounts_user"):
        assert owner.get(reverse(f"admin:{name}_changelist")).status_code == 403


def test_somebody_joins_the_team_once(owner: Client, shop: Furnished) -> None:
    for _ in range(2):
        owner.post(reverse("dashboard:team-invite", args=[shop.store.pk]), {"email": "Bo@x.nl", "role": "analyst"})

    assert list(shop.store.memberships.filter(user__email="bo@x.nl").values_list("role", flat=True)) == ["analyst"]


def test_the_language_stays_with_the_person(owner: Client, shop: Furnished) -> None:
    owner.post(reverse("dashboard:language"), {"language": "en", "next": "/admin/"})

    assert shop["accounts.Membership"].user.__class__.objects.get(username="ada-owner").language == "en"
    assert 'lang="en"' in owner.get(reverse("admin:index")).content.decode()


def test_doctor_tells_what_is_wrong_and_ends_with_1(shop: Furnished, capsys: pytest.CaptureFixture[str]) -> None:
    Store.objects.update(transport_problem="454 TLS not available")

    with pytest.raises(SystemExit) as ended:
        management.call_command("doctor")

    assert ended.value.code == 1
    said = capsys.readouterr().out
    assert "454 TLS not available" in said
    assert "beat" in said


def test_beat_is_seen(db: None) -> None:
    at = clock.now()
    assert not health.beat_lives(at)

    health.beat(at)

    assert health.beat_lives(at)
