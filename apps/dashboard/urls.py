"""The addresses of the admin's own pages and verbs, and of the demo shop."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, include, path

from apps.dashboard.demo.urls import urlpatterns as demo
from apps.dashboard.views import flows, language, rows, shops, status, templates
from apps.dashboard.views.doors import page, verb

staff: list[URLPattern | URLResolver] = [
    page("status/", status.show, "status"),
    verb("language/", language.change, "language"),
    verb("flows/<int:pk>/draft/", flows.save, "flow-save"),
    verb("flows/<int:pk>/publish/", flows.publish, "flow-publish"),
    verb("flows/<int:pk>/on/", flows.switch_on, "flow-on"),
    verb("flows/<int:pk>/off/", flows.switch_off, "flow-off"),
    verb("templates/<int:pk>/preview/", templates.show, "template-preview"),
    verb("templates/<int:pk>/draft/", templates.save, "template-save"),
    verb("templates/<int:pk>/publish/", templates.publish, "template-publish"),
    verb("templates/<int:pk>/back/<int:number>/", templates.roll_back, "template-back"),
    verb("templates/<int:pk>/test/", templates.send, "template-test"),
    verb("messages/<int:pk>/arrived/", rows.arrived, "message-arrived"),
    verb("messages/<int:pk>/again/", rows.again, "message-again"),
    verb("deliveries/<int:pk>/again/", rows.process, "delivery-again"),
    verb("suppressions/<int:pk>/lift/", rows.lift, "suppression-lift"),
    verb("stores/<int:pk>/team/", shops.invite, "team-invite"),
    verb("stores/<int:pk>/day/", shops.a_day_further, "a-day-further"),
]
urlpatterns: list[URLPattern | URLResolver] = [
    path("", include((staff, "dashboard"))),
    *demo,
]
