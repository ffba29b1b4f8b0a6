"""How the admin looks, and where things stand in its menu."""

from __future__ import annotations

from typing import Any

from django.templatetags.static import static

# Idle for eight hours ends a session: every answer begins the eight hours anew.
SESSION_SAVE_EVERY_REQUEST = True

UNFOLD: dict[str, Any] = {
    "SITE_TITLE": "Mandje",
    "SITE_HEADER": "Mandje",
    "SITE_SYMBOL": "shopping_basket",
    "SITE_URL": None,
    "SITE_FAVICONS": [
        {"rel": "icon", "type": "image/svg+xml", "href": lambda _request: static("dashboard/mandje.svg")}
    ],
    "SHOW_HISTORY": True,
    "SHOW_VIEW_ON_SITE": False,
    "SHOW_LANGUAGES": True,
    "LANGUAGES": {"action": "/admin/language/"},
    "BORDER_RADIUS": "8px",
    "DASHBOARD_CALLBACK": "apps.dashboard.views.home.context",
    "STYLES": [lambda _request: static("dashboard/mandje.css")],
    "SCRIPTS": [lambda _request: static("dashboard/mandje.js")],
    "SIDEBAR": {"navigation": "apps.dashboard.menu.navigation"},
    "COLORS": {
        "base": {
            "50": "#faf9f7",
            "100": "#f3f1ed",
            "200": "#e6e2db",
            "300": "#d3cdc3",
            "400": "#a39c90",
            "500": "#78716a",
            "600": "#5a544e",
            "700": "#45403b",
            "800": "#2b2825",
            "900": "#1d1b19",
            "950": "#131211",
        },
        "primary": {
            "50": "#f1f7f4",
            "100": "#dcebe3",
            "200": "#bbd8c9",
            "300": "#8ebda6",
            "400": "#5f9d81",
            "500": "#427f65",
            "600": "#2f6550",
            "700": "#275142",
            "800": "#214136",
            "900": "#1c362d",
            "950": "#0e1e19",
        },
        "font": {
            "subtle-light": "#6b655e",
            "subtle-dark": "#a39c90",
            "default-light": "#45403b",
            "default-dark": "#d3cdc3",
            "important-light": "#1d1b19",
            "important-dark": "#f3f1ed",
        },
    },
}
