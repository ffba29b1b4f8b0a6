"""Discounts and their codes in a pretended Shopify: made in a while, refused one by one."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from tests.shops.shopify_things import amount, gid

NOT_UNIQUE = "must be unique. Please try a different code."


@dataclass
class Parent:
    node: dict[str, Any]
    codes: dict[str, str] = field(default_factory=dict)
    """The id of each code, by its name."""


@dataclass
class Making:
    parent: str
    codes: list[str]
    looks: int
    made: list[dict[str, Any]] | None = None


class Codes:
    def __init__(self) -> None:
        self.parents: dict[str, Parent] = {}
        self.makings: dict[str, Making] = {}
        self.looks = 1
        """How often one must look until codes are made."""
        self.changes: dict[str, Any] = {}
        """What this shop makes of a discount whatever was asked."""
        self._next = 1_206_800_000_000

    def _id(self, kind: str) -> str:
        self._next += 1
        return gid(kind, self._next)

    def names(self) -> list[str]:
        """All codes that work."""
        return [code for parent in self.parents.values() for code in parent.codes]

    def _taken(self, code: str) -> bool:
        return code.lower() in {one.lower() for one in self.names()}

    # --- answering ---

    def does_discountCodeBasicCreate(self, args: dict[str, Any], shop: Any) -> Any:  # noqa: N802
        wanted = args["basicCodeDiscount"]
        gets = wanted.get("customerGets") or {}
        items, value = gets.get("items") or {}, gets.get("value") or {}
        if (percentage := value.get("percentage")) is not None and not 0 < percentage <= 1:
            return _refused("basicCodeDiscount", "Value must be between 0.0 and 1.0", "VALUE_OUTSIDE_RANGE")
        if percentage is None and "discountAmount" not in value:
            return _refused("basicCodeDiscount", "Value can't be blank", "BLANK")
        products = (items.get("products") or {}).get("productsToAdd") or []
        for product in products:
            if product.rpartition("/")[2] not in shop.things.products:
                return _refused("basicCodeDiscount", f"Product with id: {product} is invalid", "INVALID")
        off = value.get("discountAmount") or {}
        node = {
            "__typename": "DiscountCodeBasic",
            "customerGets": {
                "value": {"__typename": "DiscountPercentage", "percentage": percentage}
                if percentage is not None
                else {
                    "__typename": "DiscountAmount",
                    "amount": {"amount": amount(off["amount"]), "currencyCode": "EUR"},
                    "appliesOnEachItem": bool(off.get("appliesOnEachItem")),
                },
                "items": {"__typename": "DiscountProducts", "products": [{"id": one} for one in products]}
                if products
                else {"__typename": "AllDiscountItems", "allItems": bool(items.get("all"))},
            },
        }
        return self._made(node, wanted, shop)

    def does_discountCodeFreeShippingCreate(self, args: dict[str, Any], shop: Any) -> Any:  # noqa: N802
        wanted = args["freeShippingCodeDiscount"]
        if (wanted.get("combinesWith") or {}).get("shippingDiscounts"):
            code = "INVALID_COMBINES_WITH_FOR_DISCOUNT_CLASS"
            return _refused("freeShippingCodeDiscount", "shippingDiscounts can't be true", code)
        return self._made({"__typename": "DiscountCodeFreeShipping"}, wanted, shop)

    def _made(self, node: dict[str, Any], wanted: dict[str, Any], shop: Any) -> Any:
        code = wanted.get("code") or ""
        if not code or "context" not in wanted:
            return _refused("discount", "Code can't be blank" if not code else "Context can't be blank", "BLANK")
        if self._taken(code):
            return _refused("code", f"Code {NOT_UNIQUE}", "TAKEN")
        if wanted.get("endsAt") and datetime.fromisoformat(wanted["endsAt"]) <= datetime.fromisoformat(
            wanted["startsAt"]
        ):
            return _refused("endsAt", "Ends at needs to be after starts_at", "END_DATE_BEFORE_START_DATE")
        least = ((wanted.get("minimumRequirement") or {}).get("subtotal") or {}).get("greaterThanOrEqualToSubtotal")
        combines = {"orderDiscounts": False, "productDiscounts": False, "shippingDiscounts": False}
        key = self._id("DiscountCodeNode")
        parent = Parent(node | {
            "startsAt": wanted["startsAt"], "endsAt": wanted.get("endsAt"), "usageLimit": wanted.get("usageLimit"),
            "combinesWith": combines | (wanted.get("combinesWith") or {}),
            "minimumRequirement": {
                "__typename": "DiscountMinimumSubtotal",
                "greaterThanOrEqualToSubtotal": {"amount": amount(least), "currencyCode": "EUR"},
            } if least is not None else None,
            "codes": lambda _: [{"id": one, "code": name} for name, one in self.parents[key].codes.items()],
        } | self.changes)  # fmt: skip
        parent.codes[code] = self._id("DiscountRedeemCode")
        self.parents[key] = parent
        return {"codeDiscountNode": {"id": key, "codeDiscount": parent.node}, "userErrors": []}

    def does_discountCodeDelete(self, args: dict[str, Any], shop: Any) -> Any:  # noqa: N802
        if self.parents.pop(args["id"], None) is None:
            return _refused("id", "Code discount does not exist.", "INVALID") | {"deletedCodeDiscountId": None}
        return {"deletedCodeDiscountId": args["id"], "userErrors": []}

    def does_discountRedeemCodeBulkAdd(self, args: dict[str, Any], shop: Any) -> Any:  # noqa: N802
        codes = [one["code"] for one in args["codes"]]
        if args["discountId"] not in self.parents:
            return _refused("discountId", "Code discount does not exist.", "INVALID") | {"bulkCreation": None}
        if len(codes) > 250:
            return _refused("codes", "Codes size is too large", "MAX_INPUT_SIZE_EXCEEDED") | {"bulkCreation": None}
        key = self._id("DiscountRedeemCodeBulkCreation")
        self.makings[key] = Making(args["discountId"], codes, self.looks)
        return {"bulkCreation": {"id": key}, "userErrors": []}

    def does_discountRedeemCodeBulkCreation(self, args: dict[str, Any], shop: Any) -> Any:  # noqa: N802
        one = self.makings.get(args["id"])
        if one is None:
            return None
        if one.looks > 0:
            one.looks -= 1
        elif one.made is None:
            one.made = [self._adds(one.parent, code) for code in one.codes]
        made = one.made or []
        failed = sum(bool(each["errors"]) for each in made)
        unmade = [{"code": code, "discountRedeemCode": None, "errors": []} for code in one.codes]
        return {
            "id": args["id"], "done": one.made is not None, "importedCount": len(made) - failed, "failedCount": failed,
            "discountCode": {"id": one.parent}, "codes": made or unmade,
        }  # fmt: skip

    def _adds(self, parent: str, code: str) -> dict[str, Any]:
        if self._taken(code):
            wrong = {"field": ["code"], "message": NOT_UNIQUE, "code": None}
            return {"code": code, "discountRedeemCode": None, "errors": [wrong]}
        key = self.parents[parent].codes[code] = self._id("DiscountRedeemCode")
        return {"code": code, "discountRedeemCode": {"id": key, "code": code}, "errors": []}

    def does_discountCodeRedeemCodeBulkDelete(self, args: dict[str, Any], shop: Any) -> Any:  # noqa: N802
        parent = self.parents.get(args["discountId"])
        if parent is None:
            return _refused("discountId", "Code discount does not exist.", "INVALID") | {"job": None}
        gone = set(args.get("ids") or [])
        parent.codes = {code: key for code, key in parent.codes.items() if key not in gone}
        return {"job": {"id": self._id("Job"), "done": False}, "userErrors": []}

    def does_codeDiscountNodeByCode(self, args: dict[str, Any], shop: Any) -> Any:  # noqa: N802
        for key, parent in self.parents.items():
            if args["code"].lower() in {code.lower() for code in parent.codes}:
                return {"id": key, "codeDiscount": parent.node}
        return None


def _refused(where: str, message: str, code: str) -> dict[str, Any]:
    return {"codeDiscountNode": None, "userErrors": [{"field": [where], "message": message, "code": code}]}
