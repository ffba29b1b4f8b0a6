"""The addresses that stand in mails, answered with and without their last slash."""

from __future__ import annotations

from django.urls import re_path

from apps.tracking import reviewing, signing_up, surveying, views

urlpatterns = [
    re_path(r"^u/(?P<token>(?s:.*?))/?$", views.leave, name="leave"),
    re_path(r"^r/(?P<token>(?s:.*?))/?$", views.follow, name="follow"),
    re_path(r"^a/(?P<token>(?s:.*?))/?$", surveying.answer, name="answer"),
    re_path(r"^b/(?P<token>(?s:.*?))/?$", reviewing.review, name="review"),
    re_path(r"^c/(?P<token>(?s:.*?))/?$", signing_up.confirm, name="confirm"),
    re_path(r"^signup/(?P<key>[A-Za-z0-9_-]{1,40})/?$", signing_up.sign_up, name="signup"),
]
