"""Codes in a Shopify shop: one parent discount for a batch, and a code in it for each person (shopify.md 10).

What the parent says holds for each of its codes: used once, its end, its minimum, its products. Nothing is answered as
made before the shop said so by itself.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

import msgspec

from apps.stores.errors import ShopTrouble
from apps.stores.platforms.calling import CodeAnswer, CodeMade, CodePending, CodeRefused, CodeWanted
from apps.stores.platforms.shopify import credit, questions
from apps.stores.platforms.shopify.client import Client
from apps.stores.platforms.shopify.discounts import differs, discount
from apps.stores.platforms.shopify.refusals import objections, told
from apps.stores.troubles import Trouble

A_CALL: Final = 250
PATIENCE: Final = 20.0
PAUSES: Final = (0.2, 0.5, 1.0, 2.0)
# A link may carry several codes, with commas between them.
_CODE: Final = re.compile(r"[^\s,](?:[^\r\n,]{0,253}[^\s,])?")
_TAKEN: Final = ("must be unique", "TAKEN", "already")


class Handle(msgspec.Struct, frozen=True, tag="codes"):
    """A batch of codes that the shop is making."""

    creation: str
    parent: str


def issue(client: Client, wanted: Sequence[CodeWanted]) -> list[CodeAnswer]:
    """Make them; one answer each, in order. Raises ShopTrouble only when nothing was begun."""
    answers: dict[int, CodeAnswer] = {}
    for batch in _batches(wanted):
        try:
            _issue(client, wanted, batch, answers)
        except ShopTrouble as trouble:
            if not answers:
                raise
            # What was made before must not be lost: the rest is answered as not made.
            answers |= {place: _refused(wanted[place], trouble.trouble) for place in batch if place not in answers}
    return [answers[place] for place in range(len(wanted))]


def _batches(wanted: Sequence[CodeWanted]) -> Iterator[list[int]]:
    """Those with one parent together."""
    groups: dict[Any, list[int]] = {}
    for place, one in enumerate(wanted):
        same = (one.batch, one.parent, one.kind, one.value, one.currency, one.ends_at, one.minimum, one.products)
        groups.setdefault((*same, place) if one.kind == "credit" else same, []).append(place)
    yield from groups.values()


def _issue(client: Client, wanted: Sequence[CodeWanted], places: Sequence[int], answers: dict[int, CodeAnswer]) -> None:
    """Fills in the answers of one batch, as far as it comes."""
    first = wanted[places[0]]
    if first.kind == "credit":
        answers[places[0]] = credit.give(client, first)
        return
    if first.first_order_only:
        # No discount of Shopify's can ask whether it is somebody's first order.
        answers |= {place: _refused(wanted[place], Trouble.NOT_OFFERED, "first order only") for place in places}
        return
    answers |= {
        place: _refused(wanted[place], Trouble.CODE_REFUSED, "no code of Shopify's")
        for place in places
        if not _CODE.fullmatch(wanted[place].code)
    }
    left, parent = [place for place in places if place not in answers], first.parent
    while left and not parent:
        place = left.pop(0)
        answer = answers[place] = _parent(client, wanted[place])
        if isinstance(answer, CodeMade):
            parent = answer.parent
        elif answer.trouble is not Trouble.CODE_TAKEN:
            answers |= {other: _refused(wanted[other], answer.trouble, answer.detail) for other in left}
            return
    for start in range(0, len(left), A_CALL):
        some = left[start : start + A_CALL]
        answers |= dict(zip(some, _added(client, parent, [wanted[one].code for one in some]), strict=True))


def _parent(client: Client, wanted: CodeWanted) -> CodeMade | CodeRefused:
    """The batch's discount, with this as its first code. What the shop made otherwise is deleted."""
    question, name, given = discount(client, wanted)
    payload = client.change(question, discount=given)[name] or {}
    if wrong := objections(payload):
        taken = any(_is_taken(one) for one in wrong)
        return _refused(wanted, Trouble.CODE_TAKEN if taken else Trouble.CODE_REFUSED, told(wrong))
    node = payload.get("codeDiscountNode") or {}
    made = node.get("codeDiscount") or {}
    field = differs(given, wanted, made)
    code = next((one for one in (made.get("codes") or {}).get("nodes") or () if one["code"] == wanted.code), None)
    if field or code is None:
        client.change(questions.PARENT_DELETE, id=node["id"])
        return _refused(wanted, Trouble.CODE_DIFFERS, field or "code")
    return CodeMade(code=wanted.code, external_id=code["id"], parent=node["id"])


def _refused(wanted: CodeWanted, trouble: Trouble, detail: str = "") -> CodeRefused:
    return CodeRefused(code=wanted.code, trouble=trouble, detail=detail)


def _is_taken(error: Mapping[str, Any]) -> bool:
    return any(word in f"{error.get('code')} {error.get('message')}" for word in _TAKEN)


def _added(client: Client, parent: str, codes: Sequence[str]) -> list[CodeAnswer]:
    asked = [{"code": code} for code in codes]
    payload = client.change(questions.CODES_ADD, discount=parent, codes=asked)["discountRedeemCodeBulkAdd"] or {}
    wrong, creation = objections(payload), payload.get("bulkCreation")
    if wrong or not creation:
        return [CodeRefused(code=code, trouble=Trouble.CODE_REFUSED, detail=told(wrong)) for code in codes]
    return _awaited(client, Handle(creation=creation["id"], parent=parent), codes)


def _awaited(client: Client, handle: Handle, codes: Sequence[str]) -> list[CodeAnswer]:
    """Look until it is done, for a while; what takes longer is asked for again later."""
    stop, looks = time.monotonic() + PATIENCE, 0
    pending: list[CodeAnswer] = [CodePending(code=code, handle=msgspec.json.encode(handle).decode()) for code in codes]
    while time.monotonic() < stop:
        time.sleep(PAUSES[min(looks, len(PAUSES) - 1)])
        looks += 1
        try:
            found = _outcome(client, handle)
        except ShopTrouble:
            # The shop has our codes in hand: nothing is known of them, so nothing is said.
            return pending
        if found is not None:
            return [found.get(code.lower()) or _unknown(code) for code in codes]
    return pending


def _unknown(code: str) -> CodeRefused:
    return CodeRefused(code=code, trouble=Trouble.CODE_REFUSED, detail="not among those made")


def _outcome(client: Client, handle: Handle) -> dict[str, CodeAnswer] | None:
    """What became of each, by its code in small letters; None while it is not done."""
    answers: dict[str, CodeAnswer] = {}
    after = None
    # A call takes 250 codes, and so does a page.
    for _ in range(2):
        state = client.ask(questions.CODES_STATE, id=handle.creation, after=after)["discountRedeemCodeBulkCreation"]
        if state is None:
            return {}
        if not state.get("done"):
            return None
        parent = (state.get("discountCode") or {}).get("id") or handle.parent
        for one in state["codes"]["nodes"]:
            answers[str(one["code"]).lower()] = _answer(one, parent)
        turn = state["codes"]["pageInfo"]
        if not turn["hasNextPage"]:
            break
        after = turn["endCursor"]
    return answers


def _answer(one: Mapping[str, Any], parent: str) -> CodeAnswer:
    wrong = one.get("errors") or []
    if wrong or not one.get("discountRedeemCode"):
        taken = any(_is_taken(error) for error in wrong)
        trouble = Trouble.CODE_TAKEN if taken else Trouble.CODE_REFUSED
        return CodeRefused(code=one["code"], trouble=trouble, detail=told(wrong))
    return CodeMade(code=one["code"], external_id=one["discountRedeemCode"]["id"], parent=parent)


def confirm(client: Client, pending: Sequence[CodePending]) -> list[CodeAnswer]:
    """Ask on for what was being made: one question for all codes of one making."""
    outcomes: dict[str, dict[str, CodeAnswer] | None] = {}
    answers: list[CodeAnswer] = []
    for one in pending:
        handle = msgspec.json.decode(one.handle, type=Handle | credit.Handle)
        if isinstance(handle, credit.Handle):
            answers.append(credit.confirm(client, one, handle))
            continue
        if one.handle not in outcomes:
            outcomes[one.handle] = _outcome(client, handle)
        found = outcomes[one.handle]
        answers.append(one if found is None else found.get(one.code.lower()) or _unknown(one.code))
    return answers


def withdraw(client: Client, made: Sequence[CodeMade]) -> list[CodeRefused]:
    """Delete them; one that was not there is gone. Credit is money given and stays."""
    refused = [_stays(one) for one in made if "StoreCredit" in one.external_id]
    by_parent: dict[str, list[CodeMade]] = {}
    for one in made:
        if "StoreCredit" not in one.external_id:
            by_parent.setdefault(one.parent, []).append(one)
    for parent, some in by_parent.items():
        for start in range(0, len(some), A_CALL):
            refused += _deleted(client, parent, some[start : start + A_CALL])
    return refused


def _stays(one: CodeMade) -> CodeRefused:
    return CodeRefused(code=one.code, trouble=Trouble.NOT_OFFERED, detail="store credit stays given")


def _deleted(client: Client, parent: str, some: Iterable[CodeMade]) -> list[CodeRefused]:
    some = list(some)
    ids = [one.external_id for one in some]
    payload = client.change(questions.CODES_DELETE, discount=parent, ids=ids)["discountCodeRedeemCodeBulkDelete"] or {}
    wrong = [one for one in objections(payload) if "does not exist" not in str(one.get("message"))]
    return (
        [CodeRefused(code=one.code, trouble=Trouble.CODE_REFUSED, detail=told(wrong)) for one in some] if wrong else []
    )
