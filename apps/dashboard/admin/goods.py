"""What the shop sells, and what it gives away."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from apps.accounts.roles import Deed, may, stores_of
from apps.catalog.models import Product
from apps.core import clock
from apps.dashboard.admin.base import ScopedAdmin, StoreFilter
from apps.dashboard.goods import gap_of, offer_facts, product_facts, worth_of
from apps.dashboard.goods_form import dressed, offer_form, product_form
from apps.dashboard.timeline import amount
from apps.offers.models import Code, Offer
from apps.orders.models import Review


@admin.register(Product)
class ProductAdmin(ScopedAdmin):
    """What the shop sells; the owner adds what no platform knows."""

    page_template = "dashboard/product.html"
    list_display = ("title", "store", "worth", "in_stock", "sold", "again", "kept_out")
    list_filter = (StoreFilter, "in_stock", "excluded")
    list_select_related = ("store",)
    search_fields = ("title", "external_id", "short_name")
    ordering = ("title",)

    def get_queryset(self, request: HttpRequest) -> Any:
        found = super().get_queryset(request)
        # A list of things to buy: variants stand on their product's page.
        at_list = request.resolver_match is not None and request.resolver_match.url_name == "catalog_product_changelist"
        return found.filter(parent="") if at_list else found

    @admin.display(description=_("price"), ordering="price")
    def worth(self, product: Product) -> str:
        return amount(product.price, product.currency)

    @admin.display(description=_("bought again after"), ordering="gap_days")
    def again(self, product: Product) -> str:
        if product.life_days_min is not None:
            return f"{product.life_days_min}–{product.life_days_max}"
        return gap_of(product) if product.gap_count else "–"

    @admin.display(description=_("never in a mail"), ordering="excluded")
    def kept_out(self, product: Product) -> str:
        return gettext("yes") if product.excluded else "–"

    def page(self, request: HttpRequest, row: Any, **more: Any) -> HttpResponse:
        if request.method != "POST":
            return super().page(request, row, **more)
        if not may(request.user, Deed.WRITE, row.store_id):
            raise Http404
        form = product_form(row, request.POST)
        if not form.is_valid():
            messages.error(request, gettext("Nothing was saved: see what is wrong below."))
            return super().page(request, row, form=dressed(form))
        changed = form.save(row)
        if changed:
            self.log_change(request, row, ", ".join(changed))
            messages.success(request, gettext("Saved."))
        return redirect(request.path)

    def page_context(self, request: HttpRequest, row: Any) -> dict[str, Any]:
        return {
            "product": row,
            "form": dressed(product_form(row)),
            "may_write": may(request.user, Deed.WRITE, row.store_id),
            **product_facts(row),
        }


@admin.register(Offer)
class OfferAdmin(ScopedAdmin):
    """What may be given, what came of it, and who is kept from it."""

    page_template = "dashboard/offer.html"
    change_list_template = "dashboard/offers.html"
    list_display = ("name", "store", "given", "active", "first_time", "created_at")
    list_filter = (StoreFilter, "active", "kind")
    list_select_related = ("store",)
    search_fields = ("name",)
    ordering = ("name",)

    @admin.display(description=_("what is given"))
    def given(self, offer: Offer) -> str:
        return worth_of(offer)

    @admin.display(description=_("first-time buyers only"))
    def first_time(self, offer: Offer) -> str:
        return gettext("yes") if offer.first_order_only else "–"

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        mine = [store for store in stores_of(request.user) if may(request.user, Deed.WRITE, store)]
        more = {"makers": [(store, dressed(offer_form(None))) for store in mine], **(extra_context or {})}
        answer: HttpResponse = super().changelist_view(request, more)
        return answer

    def page(self, request: HttpRequest, row: Any, **more: Any) -> HttpResponse:
        if request.method != "POST":
            return super().page(request, row, **more)
        if not may(request.user, Deed.WRITE, row.store_id):
            raise Http404
        form = offer_form(row, request.POST)
        if not form.is_valid() or not form.save(row):
            messages.error(request, gettext("Nothing was saved: see what is wrong below."))
            return super().page(request, self.get_object(request, str(row.pk)), form=dressed(form))
        self.log_change(request, row, row.name)
        messages.success(request, gettext("Saved. Codes that were given before keep their terms."))
        return redirect(request.path)

    def page_context(self, request: HttpRequest, row: Any) -> dict[str, Any]:
        return {
            "offer": row,
            "worth": worth_of(row),
            "form": dressed(offer_form(row)),
            "may_write": may(request.user, Deed.WRITE, row.store_id),
            **offer_facts(row, clock.now()),
        }


@admin.register(Code)
class CodeAdmin(ScopedAdmin):
    """Every code that was given."""

    list_display = (
        "code",
        "store",
        "offer",
        "customer",
        "status",
        "given_at",
        "ends_at",
        "redeemed_at",
        "saved",
        "leak",
    )
    list_filter = (StoreFilter, "status")
    list_select_related = ("store", "offer", "customer")
    search_fields = ("code", "customer__email")
    ordering = ("-given_at",)
    fields = (
        "code", "store", "offer", "customer", "status", "given_at", "issued_at", "ends_at", "order", "redeemed_at",
        "saved", "leaked_at", "trouble",
    )  # fmt: skip

    @admin.display(description=_("discount"), ordering="discount")
    def saved(self, code: Code) -> str:
        return amount(code.discount or None, code.discount_currency) or "–"

    @admin.display(description=_("used by somebody else"))
    def leak(self, code: Code) -> str:
        return gettext("yes") if code.leaked_at else "–"


@admin.register(Review)
class ReviewAdmin(ScopedAdmin):
    """What buyers wrote in the shop itself."""

    list_display = ("product", "store", "rating", "author", "verified", "approved", "written_at")
    list_filter = (StoreFilter, "rating", "approved")
    list_select_related = ("store",)
    search_fields = ("product", "author", "text")
    ordering = ("-written_at",)
    fields = ("product", "store", "customer", "rating", "text", "author", "verified", "approved", "written_at")
