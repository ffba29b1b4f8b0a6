"""The addresses that stand in mails, answered with and without their last slash."""

from __future__ import annotations

from django.urls import re_path

from apps.tracking import views

urlpatterns = [
    re_path(r"^u/(?P<token>(?s:.*?))/?$", views.leave, name="leave"),
    re_path(r"^r/(?P<token>(?s:.*?))/?$", views.follow, name="follow"),
]
