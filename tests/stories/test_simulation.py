"""A past that really ran live, replayed: the same mails to the same people at the same moments, and nothing written."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from tests.shopkeeping import ADA, BEN, Person

if TYPE_CHECKING:
    from pathlib import Path

    from apps.flows.simulating.report import Simulated
    from tests.shopkeeping import Shop, World
    from tests.stories.receiver import Receiver

DEE = Person("Dee", "dee@shopper.example")
EVE = Person("Eve", "eve@shopper.example")
FAY = Person("Fay", "fay@shopper.example")
GUS = Person("Gus", "gus@shopper.example", account=91)
HAL = Person("Hal", "hal@shopper.example")
# A month in which the clocks of Amsterdam change, with quiet nights, shut Sundays and a cap.
RULES = {"quiet": "21:00-08:00", "sunday": "off", "caps": "2/7d", "max_age": "24h"}
JOINED = datetime(2026, 1, 1, tzinfo=UTC)


def lives(shop: Shop, travel: Callable[..., None]) -> None:
    """Three weeks of a small shop: left, bought, emptied, refilled, unsubscribed, refunded, erased."""
    shop.leaves_cart(ADA)
    travel(minutes=40)
    basket = shop.leaves_cart(BEN, total="35.00 EUR")
    travel(hours=5)
    shop.leaves_cart(DEE)
    travel(hours=9)
    bought = shop.leaves_cart(EVE, total="120.00 EUR")
    travel(minutes=100)
    shop.places_order(EVE, from_cart=bought)
    shop.empties(basket)
    travel(hours=20)
    shop.leaves_cart(FAY, name="fay")
    travel(hours=1, minutes=30)
    # She adds something after we counted it as left behind: it waits anew.
    shop.leaves_cart(FAY, name="fay", total="95.00 EUR")
    shop.says_no(DEE)
    travel(days=2)
    shop.leaves_cart(GUS, consent=False)
    shop.leaves_cart(ADA, total="12.00 EUR")
    shop.suppresses(FAY)
    travel(days=3, hours=7)
    shop.places_order(HAL)
    shop.leaves_cart(HAL, consent=False)
    travel(days=6)
    shop.leaves_cart(ADA)
    shop.leaves_cart(BEN)
    travel(days=9)


def replayed(shop: Shop, began: datetime, **how: Any) -> Simulated:
    """The shop's own flow, over everything since."""
    from apps.flows import definition
    from apps.flows.models import Flow
    from apps.flows.simulating.setting import Tried
    from apps.flows.simulating.sharing import simulate

    flow = Flow.objects.of(shop.store).get()
    tried = Tried(plan=definition.read(flow.draft), flow_id=flow.pk)
    return simulate(shop.store, [tried], began=began, ended=how.get("ended", shop.world.at))


def sent(shop: Shop) -> list[tuple[int | None, str, datetime | None]]:
    from apps.mail.models import Message

    found = Message.objects.of(shop.store).filter(status="accepted").order_by("sending_at", "customer_id")
    return [(one.customer_id, one.template_slug, one.sending_at) for one in found]


def texts_sent(shop: Shop) -> list[int]:
    """The numbers of the texts that really left for people who are still known, in the same order."""
    from apps.mail.models import Message

    found = Message.objects.of(shop.store).filter(status="accepted", customer__isnull=False)
    return list(found.order_by("sending_at", "customer_id").values_list("template_version__number", flat=True))


def would_be_sent(found: Simulated) -> list[tuple[int, str, datetime]]:
    return [(line.customer_id, line.template, line.at) for line in found.lines]


def everything() -> dict[str, int]:
    """How many rows every table of ours holds, and what it last gave out as a number."""
    from django.apps import apps

    from apps.core import db

    tables = [model._meta.db_table for model in apps.get_models()]
    return {table: db.rows(f"SELECT coalesce(sum(hashtext(t::text)), 0) FROM {table} t")[0][0] for table in tables}


def opens(shop: Shop) -> None:
    shop.sets(**RULES)
    shop.store.created_at = JOINED
    shop.store.save(update_fields=["created_at"])
    shop.switches_on()


def test_what_really_ran_is_found_again_to_the_second(
    shop: Shop, world: World, travel: Callable[..., None], tmp_path: Path
) -> None:
    from django.core.management import call_command

    opens(shop)
    began = world.at
    lives(shop, travel)
    before = everything()

    found = replayed(shop, began)

    assert len(sent(shop)) > 5
    assert would_be_sent(found) == sent(shop)
    assert found.mails == len(found.lines)
    assert everything() == before

    # The same on the terminal, with a file to lay beside another tool's log.
    said, file = io.StringIO(), tmp_path / "mails.csv"
    call_command("simulate", shop.store.key, "abandoned-checkout", days=365, csv=file, stdout=said)
    assert f"{found.mails} mails would have left, for {found.people} people" in said.getvalue()
    rows = list(csv.DictReader(file.open(encoding="utf-8")))
    assert [row["mail"] for row in rows] == [line.template for line in found.lines]
    assert rows[0]["person"] == ADA.email


def test_an_unsubscribe_an_erasure_and_a_new_text_count_from_their_own_moments(
    shop: Shop, world: World, travel: Callable[..., None]
) -> None:
    from apps.customers.erasure import erase_now
    from apps.mail.models import Template, TemplateVersion

    opens(shop)
    began = world.at
    TemplateVersion.objects.filter(template__store=shop.store).update(published_at=JOINED)
    for person in (ADA, BEN, DEE):
        shop.leaves_cart(person)
    travel(hours=3)
    shop.suppresses(BEN)
    travel(hours=3)
    for text in Template.objects.filter(store=shop.store, slug="abandoned-checkout-2").select_related("live"):
        assert text.live is not None
        text.live = TemplateVersion.objects.create(
            template=text, number=2, subject="Nieuw", mjml=text.live.mjml, text=text.live.text,
            compiled=text.live.compiled, published_at=world.at,
        )  # fmt: skip
        text.save()
    travel(days=2)
    shop.leaves_cart(EVE)
    travel(hours=1, minutes=30)
    erase_now(shop.store.pk, shop.customer(DEE).pk, world.at)
    travel(days=8)

    found = replayed(shop, began)

    assert would_be_sent(found) == [row for row in sent(shop) if row[0] is not None]
    assert [line.version for line in found.lines] == texts_sent(shop)
    told = {(line.customer_id, line.template): line.version for line in found.lines}
    ada, ben, eve = (shop.customer(person).pk for person in (ADA, BEN, EVE))
    assert [template for who, template in sorted(told) if who == ben] == ["abandoned-checkout-1"]
    assert told[ada, "abandoned-checkout-1"] == 1
    assert told[ada, "abandoned-checkout-2"] == told[eve, "abandoned-checkout-2"] == 2
    assert found.unknown["erased"] == 1
    # What was left of Dee is counted, and nothing is guessed about her.
    assert found.unknown["nameless"] == 1


def test_a_week_in_shadow_decides_everything_and_sends_nothing(
    shop: Shop, world: World, travel: Callable[..., None], receiver: Receiver
) -> None:
    from apps.flows import shadowing
    from apps.flows.models import Flow

    opens(shop)
    shop.sends_by(receiver.url)
    flow = Flow.objects.of(shop.store).get()
    shadowing.decides_only(flow, world.at)
    # A mail that really leaves is no part of it, and is not kept back by what leaves only in shadow.
    shop.leaves_cart(ADA)
    travel(hours=3)
    real = [shop.asks_for(ADA, after=timedelta(hours=hours)) for hours in (30, 60)]
    basket = shop.leaves_cart(BEN)
    travel(hours=2)
    shop.leaves_cart(DEE, consent=False)
    travel(days=1)
    shop.empties(basket)
    travel(days=6)

    decided = {(line.customer_id, line.template) for line in shadowing.decisions(flow, 100)}

    ada, ben = shop.customer(ADA).pk, shop.customer(BEN).pk
    assert decided == {
        (ada, "abandoned-checkout-1"), (ada, "abandoned-checkout-2"),
        (ben, "abandoned-checkout-1"), (ben, "abandoned-checkout-2"),
    }  # fmt: skip
    assert dict(shadowing.refusals(flow)) == {"no_basis_no_consent": 3, "stale_capped": 1}
    assert [mail.to for mail in receiver.mails] == [ADA.email, ADA.email]
    assert {message.status for message in shop.messages(ADA) if message.pk in real} == {"accepted"}

    receiver.mails.clear()
    shadowing.sends(flow, world.at)
    shop.leaves_cart(EVE)
    travel(days=1)
    assert [mail.to for mail in receiver.mails] == [EVE.email]
