"""Codes, gifts and store credit that a Shopify shop makes for one person each."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from apps.stores import network
from apps.stores.errors import AccessRefused, ShopTrouble
from apps.stores.platforms.calling import CodeAnswer, CodeMade, CodePending, CodeRefused, CodeWanted
from apps.stores.platforms.shopify import codes as making
from apps.stores.platforms.shopify import credit
from apps.stores.troubles import Trouble
from tests.shops.shopify import Shopify
from tests.stores.platforms.shopify_calls import ADA, code, recorded, shopify


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(making, "PAUSES", (0.0,))
    monkeypatch.setattr(making, "PATIENCE", 2.0)


def issues(shop: Shopify, *wanted: CodeWanted) -> list[CodeAnswer]:
    return shopify.issue(shop.access(), wanted)


def refusal(answer: CodeAnswer) -> tuple[Trouble, str]:
    assert isinstance(answer, CodeRefused), answer
    return answer.trouble, answer.detail


def only_parent(shop: Shopify) -> dict[str, Any]:
    (parent,) = shop.codes.parents.values()
    return parent.node


# --- codes ---


def test_one_parent_for_a_batch_and_a_code_for_each(theepot: Shopify) -> None:
    names = [f"TERUG-{number:04d}" for number in range(5)]

    answers = issues(theepot, *(code(name, theepot.now) for name in names))

    assert [one.code for one in answers] == names
    assert all(isinstance(one, CodeMade) for one in answers)
    assert len({one.parent for one in answers if isinstance(one, CodeMade)}) == 1
    assert sorted(theepot.codes.names()) == names
    assert only_parent(theepot)["usageLimit"] == 1


def test_a_later_code_of_the_batch_joins_its_parent(theepot: Shopify) -> None:
    (first,) = issues(theepot, code("TERUG-0001", theepot.now))
    assert isinstance(first, CodeMade)

    (second,) = issues(theepot, code("TERUG-0002", theepot.now, parent=first.parent))

    assert isinstance(second, CodeMade)
    assert second.parent == first.parent
    assert len(theepot.codes.parents) == 1
    assert len(theepot.asked_for("ParentCreate")) == 1


@pytest.mark.parametrize(
    ("more", "value"),
    [
        ({"value": Decimal(10)}, {"__typename": "DiscountPercentage", "percentage": 0.1}),
        ({"value": Decimal("12.5")}, {"__typename": "DiscountPercentage", "percentage": 0.125}),
        (
            {"kind": "amount", "value": Decimal("7.50")},
            {
                "__typename": "DiscountAmount",
                "amount": {"amount": "7.5", "currencyCode": "EUR"},
                "appliesOnEachItem": False,
            },
        ),
    ],
)
def test_the_shop_enforces_what_the_mail_says(theepot: Shopify, more: dict[str, Any], value: dict[str, Any]) -> None:
    pot = theepot.adds_product()
    asked = code("TERUG-0001", theepot.now, minimum=Decimal(50), products=(pot,), **more)

    (made,) = issues(theepot, asked)

    assert isinstance(made, CodeMade)
    node = only_parent(theepot)
    assert node["customerGets"]["value"] == value
    assert node["customerGets"]["items"]["products"] == [{"id": f"gid://shopify/Product/{pot}"}]
    assert node["minimumRequirement"]["greaterThanOrEqualToSubtotal"]["amount"] == "50.0"
    assert node["endsAt"] == asked.ends_at.strftime("%Y-%m-%dT%H:%M:%SZ")
    assert node["combinesWith"] == {"orderDiscounts": False, "productDiscounts": False, "shippingDiscounts": True}


def test_free_shipping_goes_along_with_a_discount_on_goods(theepot: Shopify) -> None:
    asked = code("VRIJ-0001", theepot.now, kind="free_shipping", value=Decimal(0), minimum=Decimal("25.00"))

    (made,) = issues(theepot, asked)

    assert isinstance(made, CodeMade)
    node = only_parent(theepot)
    assert node["__typename"] == "DiscountCodeFreeShipping"
    assert node["combinesWith"] == {"orderDiscounts": True, "productDiscounts": True, "shippingDiscounts": False}


def test_a_gift_is_one_piece_however_many_are_in_the_basket(theepot: Shopify) -> None:
    cup = theepot.adds_product(title="Kopje", price="8.95")

    (made,) = issues(theepot, code("CADEAU-0001", theepot.now, kind="gift", value=Decimal(0), products=(cup,)))

    assert isinstance(made, CodeMade)
    gets = only_parent(theepot)["customerGets"]
    assert gets["value"]["amount"]["amount"] == "8.95"
    assert gets["value"]["appliesOnEachItem"] is False
    assert gets["items"]["products"] == [{"id": f"gid://shopify/Product/{cup}"}]


def test_a_gift_that_is_not_in_the_shop_is_refused(theepot: Shopify) -> None:
    asked = code("CADEAU-0001", theepot.now, kind="gift", value=Decimal(0), products=("999",))

    with pytest.raises(ShopTrouble):
        issues(theepot, asked)
    assert theepot.codes.names() == []


def test_more_than_a_call_takes_goes_in_several(theepot: Shopify) -> None:
    answers = issues(theepot, *(code(f"TERUG-{number:04d}", theepot.now) for number in range(401)))

    assert sum(isinstance(one, CodeMade) for one in answers) == 401
    sizes = [len(one.json()["variables"]["codes"]) for one in theepot.asked_for("CodesAdd")]
    assert sizes == [250, 150]


def test_a_code_in_use_is_refused_by_itself(theepot: Shopify) -> None:
    issues(theepot, code("TERUG-0002", theepot.now, batch="older"))

    answers = issues(theepot, *(code(f"terug-000{number}", theepot.now) for number in (1, 2, 3)))

    assert refusal(answers[1])[0] is Trouble.CODE_TAKEN
    assert isinstance(answers[0], CodeMade)
    assert isinstance(answers[2], CodeMade)


def test_when_the_first_code_is_in_use_the_next_begins_the_batch(theepot: Shopify) -> None:
    issues(theepot, code("TERUG-0001", theepot.now, batch="older"))

    taken, made = issues(theepot, code("TERUG-0001", theepot.now), code("TERUG-0002", theepot.now))

    assert refusal(taken)[0] is Trouble.CODE_TAKEN
    assert isinstance(made, CodeMade)


def test_nothing_is_made_before_the_shop_says_so(theepot: Shopify, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(making, "PATIENCE", 0.05)
    theepot.codes.looks = 10_000
    _, pending = issues(theepot, code("TERUG-0001", theepot.now), code("TERUG-0002", theepot.now))
    assert isinstance(pending, CodePending)
    assert shopify.confirm(theepot.access(), [pending]) == [pending]

    for one in theepot.codes.makings.values():
        one.looks = 0
    (made,) = shopify.confirm(theepot.access(), [pending])

    assert isinstance(made, CodeMade)
    assert made.code == "TERUG-0002"
    assert made.external_id in next(iter(theepot.codes.parents.values())).codes.values()


def test_many_pending_codes_of_one_making_are_one_question(theepot: Shopify, monkeypatch: pytest.MonkeyPatch) -> None:
    # No patience: looking again and again would empty the bucket, and a throttled question is asked twice.
    monkeypatch.setattr(making, "PATIENCE", 0.0)
    theepot.codes.looks = 10_000
    answers = issues(theepot, *(code(f"TERUG-{number:04d}", theepot.now) for number in range(40)))
    pending = [one for one in answers if isinstance(one, CodePending)]
    assert len(pending) == 39
    assert theepot.asked_for("CodesState") == []

    assert shopify.confirm(theepot.access(), pending) == pending
    assert len(theepot.asked_for("CodesState")) == 1


def test_the_recorded_outcome_tells_the_made_from_the_refused() -> None:
    state = recorded("discountRedeemCodeBulkCreation.done")["data"]["discountRedeemCodeBulkCreation"]
    answers = [
        making._answer(one | ({} if one["errors"] else {"discountRedeemCode": {"id": f"gid://x/{place}"}}), "parent")
        for place, one in enumerate(state["codes"]["nodes"])
    ]

    assert [type(one) for one in answers] == [CodeMade, CodeMade, CodeRefused]
    assert refusal(answers[2])[0] is Trouble.CODE_TAKEN


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"usageLimit": None}, "number of uses"),
        ({"endsAt": None}, "end date"),
        ({"endsAt": "2031-01-01T00:00:00Z"}, "end date"),
        ({"minimumRequirement": None}, "minimum"),
        (
            {
                "customerGets": {
                    "value": {"__typename": "DiscountPercentage", "percentage": 0.2},
                    "items": {"__typename": "AllDiscountItems", "allItems": True},
                }
            },
            "amount",
        ),
    ],
)
def test_what_the_shop_makes_otherwise_is_taken_back(theepot: Shopify, changed: dict[str, Any], field: str) -> None:
    theepot.codes.changes = changed

    answers = issues(theepot, code("TERUG-0001", theepot.now, minimum=Decimal(50)), code("TERUG-0002", theepot.now))

    assert refusal(answers[0]) == (Trouble.CODE_DIFFERS, field)
    assert "TERUG-0001" not in theepot.codes.names()


def test_an_amount_in_another_currency_than_the_shops_is_taken_back(theepot: Shopify) -> None:
    (answer,) = issues(theepot, code("TERUG-0001", theepot.now, kind="amount", value=Decimal(5), currency="USD"))

    assert refusal(answer) == (Trouble.CODE_DIFFERS, "currency")
    assert theepot.codes.names() == []


def test_an_offer_the_shop_cannot_keep_is_refused(theepot: Shopify) -> None:
    first_order = code("TERUG-0001", theepot.now, first_order_only=True)
    over = code("TERUG-0002", theepot.now, ends_at=theepot.now - timedelta(days=1), batch="over")
    too_much = code("TERUG-0003", theepot.now, value=Decimal(120), batch="too much")

    answers = issues(theepot, first_order, over, too_much)

    assert [refusal(one)[0] for one in answers] == [Trouble.NOT_OFFERED, Trouble.CODE_REFUSED, Trouble.CODE_REFUSED]
    assert theepot.codes.names() == []


@pytest.mark.parametrize("name", ["", " ", "A,B", "A\nB", "A" * 256])
def test_what_cannot_be_a_code_is_not_asked_for(theepot: Shopify, name: str) -> None:
    bad, good = issues(theepot, code(name, theepot.now), code("TERUG-0001", theepot.now))

    assert refusal(bad)[0] is Trouble.CODE_REFUSED
    assert isinstance(good, CodeMade)
    assert theepot.codes.names() == ["TERUG-0001"]


def test_without_the_permission_nothing_is_made(theepot: Shopify) -> None:
    theepot.scopes.remove("write_discounts")

    with pytest.raises(AccessRefused) as refused:
        issues(theepot, code("TERUG-0001", theepot.now))

    assert refused.value.values["scope"] == "write_discounts"


def test_what_was_made_before_a_trouble_is_not_lost(theepot: Shopify) -> None:
    theepot.breaks("broken", path="CodesAdd")

    made, lost = issues(theepot, code("TERUG-0001", theepot.now), code("TERUG-0002", theepot.now))

    assert isinstance(made, CodeMade)
    assert refusal(lost)[0] is Trouble.SHOP_ERROR


def test_a_trouble_while_we_look_leaves_them_pending(theepot: Shopify, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tenacity.nap.time.sleep", lambda _: None)
    theepot.breaks("broken", path="CodesState")

    _, pending = issues(theepot, code("TERUG-0001", theepot.now), code("TERUG-0002", theepot.now))

    assert isinstance(pending, CodePending)
    theepot.mends()
    theepot.codes.looks = 0
    answers: list[CodeAnswer] = [pending]
    for _ in range(3):
        answers = shopify.confirm(theepot.access(), [pending])
    assert isinstance(answers[0], CodeMade)


def test_codes_are_taken_back_and_one_that_is_gone_is_gone(theepot: Shopify) -> None:
    made = [
        one
        for one in issues(theepot, *(code(f"TERUG-000{number}", theepot.now) for number in range(3)))
        if isinstance(one, CodeMade)
    ]

    assert shopify.withdraw(theepot.access(), made[:2]) == []
    assert theepot.codes.names() == ["TERUG-0002"]
    assert shopify.withdraw(theepot.access(), made) == []
    theepot.codes.parents.clear()
    assert shopify.withdraw(theepot.access(), made) == []


# --- store credit ---


@pytest.fixture
def ada(theepot: Shopify) -> str:
    return theepot.adds_customer(email=ADA)


def euros(shop: Shopify, account: str | None, **more: Any) -> CodeWanted:
    return code("CREDIT-1", shop.now, kind="credit", value=Decimal("5.00"), account=account, **more)


def test_credit_is_given_to_the_account_without_a_mail_of_the_shops(theepot: Shopify, ada: str) -> None:
    asked = euros(theepot, ada)

    (made,) = issues(theepot, asked)

    assert isinstance(made, CodeMade)
    (given,) = theepot.things.credits[ada]
    assert (made.external_id, made.parent) == (given["id"], given["account"]["id"])
    assert given["amount"] == {"amount": "5.0", "currencyCode": "EUR"}
    assert given["expiresAt"] == asked.ends_at.strftime("%Y-%m-%dT%H:%M:%SZ")
    assert theepot.asked_for("Credit")[-1].json()["variables"]["credit"]["notify"] is False


def test_credit_without_an_account_or_against_the_shops_rules_is_refused(theepot: Shopify, ada: str) -> None:
    nobody, stranger, none, over = issues(
        theepot,
        euros(theepot, None),
        euros(theepot, "12345"),
        code("CREDIT-2", theepot.now, kind="credit", value=Decimal(0), account=ada),
        euros(theepot, ada, ends_at=theepot.now - timedelta(days=1)),
    )

    for answer in (nobody, stranger, none, over):
        assert refusal(answer)[0] is Trouble.CODE_REFUSED
    assert theepot.things.credits == {}


def given_in_doubt(shop: Shopify, account: str, fault: str) -> CodePending:
    shop.breaks(fault, path="mutation Credit(")
    (pending,) = issues(shop, euros(shop, account))
    shop.mends()
    assert isinstance(pending, CodePending), pending
    return pending


def test_credit_whose_answer_was_lost_is_found_and_not_given_again(theepot: Shopify, ada: str) -> None:
    theepot.things.credits[ada] = []
    issues(theepot, euros(theepot, ada))
    pending = given_in_doubt(theepot, ada, "half")
    assert len(theepot.things.credits[ada]) == 2

    (made,) = shopify.confirm(theepot.access(), [pending])

    assert isinstance(made, CodeMade)
    assert made.external_id == theepot.things.credits[ada][1]["id"]
    assert len(theepot.asked_for("Credit")) - len(theepot.asked_for("CreditsGiven")) == 2
    assert len(theepot.things.credits[ada]) == 2


def test_credit_that_never_arrived_is_refused_only_after_a_while(
    theepot: Shopify, ada: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(network, "READ_SECONDS", 0.2)
    pending = given_in_doubt(theepot, ada, "timeout")

    assert shopify.confirm(theepot.access(), [pending]) == [pending]
    theepot.ahead = credit.SETTLED + timedelta(seconds=5)
    (answer,) = shopify.confirm(theepot.access(), [pending])

    assert refusal(answer) == (Trouble.CODE_REFUSED, "the credit was not given")
    assert theepot.things.credits == {}


def test_credit_another_gave_is_not_taken_for_ours(theepot: Shopify, ada: str) -> None:
    theepot.breaks("broken", path="mutation Credit(")
    (pending,) = issues(theepot, euros(theepot, ada))
    theepot.mends()
    assert isinstance(pending, CodePending)
    issues(theepot, code("OTHER", theepot.now, kind="credit", value=Decimal("7.50"), account=ada))
    theepot.ahead = credit.SETTLED + timedelta(seconds=5)

    (answer,) = shopify.confirm(theepot.access(), [pending])

    assert isinstance(answer, CodeRefused)


def test_a_busy_shop_gave_nothing_and_says_so(theepot: Shopify, ada: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("time.sleep", lambda _: None)
    theepot.breaks("busy", path="mutation Credit(")

    with pytest.raises(ShopTrouble) as busy:
        issues(theepot, euros(theepot, ada))

    assert busy.value.trouble is Trouble.TOO_MANY_REQUESTS
    assert theepot.things.credits == {}


def test_credit_stays_given(theepot: Shopify, ada: str) -> None:
    (made,) = issues(theepot, euros(theepot, ada))
    assert isinstance(made, CodeMade)

    (stays,) = shopify.withdraw(theepot.access(), [made])

    assert stays.trouble is Trouble.NOT_OFFERED
    assert len(theepot.things.credits[ada]) == 1


def test_the_recorded_answer_of_a_credit_is_what_we_read() -> None:
    given = recorded("storeCreditAccountCredit")["data"]["storeCreditAccountCredit"]["storeCreditAccountTransaction"]
    handle = credit.Handle(
        customer="gid://shopify/Customer/1", amount="5.00", currency="USD", expires="2026-12-31T23:59:59Z",
        asked_at="2026-11-22T12:00:00+00:00", before=(),
    )  # fmt: skip

    assert credit._is(given, handle)
    assert not credit._is(given, msgspec.structs.replace(handle, amount="5.01"))
    assert not credit._is(given, msgspec.structs.replace(handle, expires="2026-12-30T23:59:59Z"))
