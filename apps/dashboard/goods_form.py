"""What the owner adds to a product, and an offer, as forms. They check; the verbs below them write."""

from __future__ import annotations

import re
from datetime import timedelta
from decimal import Decimal
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils.translation import gettext_lazy as _

from apps.catalog.models import Product
from apps.core.durations import Duration, DurationRefused, parse_duration
from apps.mail.links import web_address
from apps.offers.models import Offer
from apps.offers.spelling import PREFIX
from apps.stores.models import Store

DAY = timedelta(days=1)


def dressed(form: forms.Form) -> forms.Form:
    """Every field in the look of our pages."""
    for field in form.fields.values():
        if not isinstance(field.widget, forms.CheckboxInput):
            field.widget.attrs.setdefault("class", "m-input")
    return form


class WebField(forms.CharField):
    """An address on the web, or nothing."""

    def __init__(self, **more: Any) -> None:
        super().__init__(required=False, max_length=2000, **more)

    def clean(self, value: Any) -> str:
        text: str = super().clean(value).strip()
        if text and not web_address(text):
            raise ValidationError(_("Fill in a whole address that begins with https://."))
        return text


class LengthField(forms.CharField):
    """A length of time such as 14d, of at least a day."""

    def clean(self, value: Any) -> timedelta:
        try:
            length = parse_duration(super().clean(value)).delta
        except DurationRefused:
            raise ValidationError(_("Fill in a length such as 72h, 14d or 2w.")) from None
        if length < DAY:
            raise ValidationError(_("An offer lasts a day or longer."))
        return length

    def prepare_value(self, value: Any) -> Any:
        return str(Duration.of(value)) if isinstance(value, timedelta) else value


class ProductForm(forms.Form):
    """What only the owner knows of a product; the platform's news leaves it alone."""

    short_name = forms.CharField(
        label=_("short name"), max_length=30, required=False, help_text=_("In a subject, in place of the whole name.")
    )
    excluded = forms.BooleanField(
        label=_("never in a mail"),
        required=False,
        help_text=_("For things people do not want to see in their inbox. A basket with nothing else gets no mail."),
    )
    how_to = forms.CharField(
        label=_("how to use it"), required=False, max_length=2000, widget=forms.Textarea(attrs={"rows": 4}),
        help_text=_("For the mail after the purchase: two or three sentences."),
    )  # fmt: skip
    how_to_url = WebField(label=_("address of the instructions"))
    review_url = WebField(
        label=_("address for reviews"),
        help_text=_("Where buyers of this product write a review; else the product's page."),
    )
    life_days_min = forms.IntegerField(
        label=_("lasts at least (days)"), required=False, min_value=1, max_value=3650,
        help_text=_("When the first buyers need it again. Empty: as measured."),
    )  # fmt: skip
    life_days_max = forms.IntegerField(
        label=_("lasts at most (days)"), required=False, min_value=1, max_value=3650,
        help_text=_("After this nobody is reminded any more."),
    )  # fmt: skip

    def clean(self) -> dict[str, Any]:
        given: dict[str, Any] = super().clean() or {}
        least, most = given.get("life_days_min"), given.get("life_days_max")
        if (least is None) != (most is None) and not self.errors:
            self.add_error("life_days_max", _("Fill in both, or neither."))
        elif least is not None and most is not None and most < least:
            self.add_error("life_days_max", _("This is shorter than the least."))
        return given

    def save(self, product: Product) -> list[str]:
        """Write what changed; returns the names of the fields."""
        changed = [name for name, value in self.cleaned_data.items() if getattr(product, name) != value]
        for name in changed:
            setattr(product, name, self.cleaned_data[name])
        if changed:
            product.save(update_fields=changed)
        return changed


def product_form(product: Product, given: Any = None) -> ProductForm:
    kept = {name: getattr(product, name) for name in ProductForm.base_fields}
    return ProductForm(given, initial=kept) if given is not None else ProductForm(initial=kept)


# A form's own prefix is something else.
_COLUMN = {"begins_with": "prefix"}


class OfferForm(forms.Form):
    """An offer's terms. What cannot hold in a shop is refused here with a sentence, and in the database by a rule."""

    name = forms.CharField(label=_("name"), max_length=80, help_text=_("Only you see it."))
    kind = forms.ChoiceField(label=_("what is given"), choices=Offer.Kind.choices)
    value = forms.DecimalField(
        label=_("value"), required=False, min_value=0, max_digits=12, decimal_places=2,
        help_text=_("Percent, or an amount in the shop's currency; nothing for free shipping and gifts."),
    )  # fmt: skip
    minimum = forms.DecimalField(
        label=_("from an order of"), required=False, min_value=Decimal("0.01"), max_digits=12, decimal_places=2,
        help_text=_("Empty: on any order."),
    )  # fmt: skip
    products = forms.CharField(
        label=_("only for these products"), required=False, max_length=2000,
        help_text=_("The shop's product numbers with commas between; for a gift, the one that is given."),
    )  # fmt: skip
    lasts = LengthField(
        label=_("valid for"), max_length=10, help_text=_("Such as 72h or 14d; always until the end of the last day.")
    )
    first_order_only = forms.BooleanField(label=_("first-time buyers only"), required=False)
    monthly_budget = forms.DecimalField(
        label=_("budget per month"), required=False, min_value=Decimal("0.01"), max_digits=12, decimal_places=2,
        help_text=_("In the shop's currency; open codes count with what they are expected to cost."),
    )  # fmt: skip
    max_codes = forms.IntegerField(
        label=_("codes at most"), required=False, min_value=1, max_value=10**7, help_text=_("In all. Empty: no limit.")
    )
    begins_with = forms.CharField(
        label=_("codes begin with"), required=False, max_length=12, help_text=_("Capitals and digits, such as DANK.")
    )
    active = forms.BooleanField(label=_("in use"), required=False)

    def clean_begins_with(self) -> str:
        text: str = self.cleaned_data["begins_with"].strip().upper()
        if not PREFIX.fullmatch(text):
            raise ValidationError(_("Only letters and digits."))
        return text

    def clean_products(self) -> list[str]:
        words = [word for word in re.split(r"[\s,;]+", self.cleaned_data["products"]) if word]
        if any(not re.fullmatch(r"[\w/:.-]{1,40}", word, re.ASCII) for word in words):
            raise ValidationError(_("Fill in the shop's product numbers."))
        return list(dict.fromkeys(words))

    def clean(self) -> dict[str, Any]:
        given: dict[str, Any] = super().clean() or {}
        kind, value = given.get("kind"), given.get("value") or Decimal(0)
        if kind in ("free_shipping", "gift"):
            given["value"] = Decimal(0)
        elif value <= 0:
            self.add_error("value", _("Fill in more than nothing."))
        elif kind == "percent" and value > 100:
            self.add_error("value", _("A percentage is 100 at most."))
        if kind == "gift" and not given.get("products"):
            self.add_error("products", _("Which product is the gift?"))
        if kind == "credit" and (given.get("minimum") or given.get("products")):
            self.add_error("kind", _("Credit is free of conditions: no minimum, any product."))
        return given

    def save(self, offer: Offer) -> bool:
        """Write the terms; False when another offer has this name."""
        for name, value in self.cleaned_data.items():
            setattr(offer, _COLUMN.get(name, name), value)
        offer.currency = offer.store.currency
        try:
            with transaction.atomic():
                offer.save()
        except IntegrityError:
            self.add_error("name", _("Another offer has this name."))
            return False
        return True


def offer_form(offer: Offer | None, given: Any = None) -> OfferForm:
    """The form of this offer as it is, or as it was typed; None is a new one."""
    kept: dict[str, Any] = {"lasts": timedelta(days=14), "active": True}
    if offer is not None:
        kept = {name: getattr(offer, _COLUMN.get(name, name)) for name in OfferForm.base_fields}
        kept["products"] = ", ".join(str(product) for product in offer.products)
        kept |= {name: plain(kept[name]) for name in ("value", "minimum", "monthly_budget")}
    return OfferForm(given, initial=kept) if given is not None else OfferForm(initial=kept)


def plain(amount: Decimal | None) -> str:
    """12.5 rather than 12.500000."""
    return "" if amount is None else f"{amount.normalize():f}"


def new_offer(store: Store) -> Offer:
    return Offer(store=store)
