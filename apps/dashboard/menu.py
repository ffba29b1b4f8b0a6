"""The menu: what an owner needs, and below it what only the operator does."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _

from apps.dashboard.applying import may_add


def navigation(request: HttpRequest) -> list[dict[str, Any]]:
    """The groups this person sees."""
    groups = [_overview(), _writing(), _people(), _shop(request)]
    return [*groups, _operator()] if request.user.is_superuser else groups


def _overview() -> dict[str, Any]:
    return {
        "title": "",
        "items": [
            {"title": _("Home"), "icon": "home", "link": reverse("admin:index")},
            {"title": _("Status"), "icon": "balance", "link": reverse("dashboard:status")},
            {"title": _("Reports"), "icon": "monitoring", "link": reverse("dashboard:reports")},
        ],
    }


def _writing() -> dict[str, Any]:
    return {
        "title": _("Mail"),
        "separator": True,
        "items": [
            _list(_("Flows"), "account_tree", "flows_flow"),
            _list(_("One-off mails"), "send", "flows_campaign"),
            _list(_("Templates"), "edit_note", "mail_template"),
            _list(_("Offers"), "local_offer", "offers_offer"),
            _list(_("Messages"), "mail", "mail_message"),
            _list(_("Outbox"), "outbox", "mail_outboxmail"),
        ],
    }


def _people() -> dict[str, Any]:
    return {
        "title": _("People"),
        "separator": True,
        "items": [
            _list(_("Customers"), "group", "customers_customer"),
            _list(_("Segments"), "groups", "segments_segment"),
            _list(_("Baskets"), "shopping_basket", "carts_cart"),
            _list(_("Orders"), "receipt_long", "orders_order"),
            _list(_("Surveys"), "poll", "feedback_survey"),
            _list(_("Low scores"), "sentiment_dissatisfied", "feedback_lowscore"),
            _list(_("Sign-ups"), "person_add", "feedback_signup"),
            _list(_("No more mail"), "do_not_disturb_on", "consent_suppression"),
        ],
    }


def _add() -> dict[str, Any]:
    return {"title": _("Add a shop"), "icon": "add_business", "link": reverse("dashboard:connect")}


def _shop(request: HttpRequest) -> dict[str, Any]:
    return {
        "title": _("Shop"),
        "separator": True,
        "items": [
            _list(_("Stores"), "storefront", "stores_store"),
            *([_add()] if may_add(request.user) else []),
            _list(_("Deliveries"), "move_to_inbox", "ingestion_delivery"),
            _list(_("Products"), "inventory_2", "catalog_product"),
            _list(_("Reviews"), "reviews", "orders_review"),
            _list(_("Reviews on our page"), "star", "feedback_ownreview"),
            _list(_("Team"), "badge", "accounts_membership"),
            _list(_("Privacy requests"), "privacy_tip", "customers_privacytask"),
        ],
    }


def _operator() -> dict[str, Any]:
    return {
        "title": _("Operator"),
        "separator": True,
        "collapsible": True,
        "items": [
            _list(_("Users"), "person", "accounts_user"),
            _list(_("Events"), "history", "events_event"),
            _list(_("Announcements"), "campaign", "events_announcement"),
            _list(_("Enrollments"), "route", "flows_enrollment"),
            _list(_("Steps taken"), "steps", "flows_steprun"),
        ],
    }


def _list(title: str, icon: str, name: str) -> dict[str, Any]:
    return {"title": title, "icon": icon, "link": reverse(f"admin:{name}_changelist")}
