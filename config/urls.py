"""Which address leads where. The apps' own addresses come in by their `urls` modules."""

from __future__ import annotations

from importlib.util import find_spec

from django.contrib import admin
from django.urls import URLPattern, URLResolver, include, path, re_path
from django.views.generic import RedirectView

from config import health, login

WITH_ADDRESSES = ("ingestion", "tracking", "mail", "dashboard")

urlpatterns: list[URLPattern | URLResolver] = [
    # Every public address answers with and without its last slash.
    re_path(r"^(?:gezond|health)/?$", health.answer, name="health"),
    re_path(r"^(?:inloggen|login)/?$", login.LoginByLink.as_view(), name="login-by-link"),
    path("i18n/", include("django.conf.urls.i18n")),
    *(path("", include(f"apps.{app}.urls")) for app in WITH_ADDRESSES if find_spec(f"apps.{app}.urls")),
    path("admin/", admin.site.urls),
    path("admin", RedirectView.as_view(pattern_name="admin:index")),
]
