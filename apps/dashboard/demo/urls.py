"""Where the demo shop stands."""

from __future__ import annotations

from django.urls import re_path

from apps.dashboard.demo import page

urlpatterns = [re_path(r"^theepot(?:/.*)?$", page.show, name="demo-shop")]
