"""The addresses of the admin's own pages and verbs, and of the demo shop."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, include, path, re_path

from apps.dashboard.demo.urls import urlpatterns as demo
from apps.dashboard.views import (
    companion,
    connecting,
    flows,
    front,
    goods,
    handed,
    language,
    liaison,
    rows,
    shops,
    status,
    templates,
    testbasket,
)
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
    verb("stores/<int:pk>/offers/", goods.make_offer, "offer-make"),
    verb("stores/<int:pk>/day/", shops.a_day_further, "a-day-further"),
    page("connect/", connecting.start, "connect"),
    page("connect/back/", connecting.back, "connect-back"),
    page("connect/shopify/", connecting.agency, "connect-shopify"),
    page("stores/<int:pk>/connect/", connecting.again, "store-connect"),
    verb("stores/<int:pk>/finish/", connecting.finish, "store-finish"),
    page("stores/<int:pk>/checklist/", liaison.green, "store-checklist"),
    page("stores/<int:pk>/connection/", liaison.card, "store-connection"),
    verb("stores/<int:pk>/audit/", liaison.audit, "store-audit"),
    verb("stores/<int:pk>/history/", liaison.fetch, "store-history"),
    verb("stores/<int:pk>/disconnect/", liaison.disconnect, "store-disconnect"),
    verb("stores/<int:pk>/attest/", liaison.attest, "store-attest"),
    verb("stores/<int:pk>/domain/", liaison.look_up_domain, "store-domain"),
    verb("stores/<int:pk>/mails/", liaison.mails, "store-mails"),
    page("stores/<int:pk>/try/", testbasket.show, "store-try"),
    page("stores/<int:pk>/try/seen/", testbasket.seen, "store-try-seen"),
    verb("stores/<int:pk>/try/send/", testbasket.send, "store-try-send"),
    verb("stores/<int:pk>/try/address/", testbasket.address, "store-try-address"),
    page("stores/<int:pk>/companion/", companion.download, "companion-download"),
    # Asked by shops: with and without the last slash, and never with a redirect.
    re_path(r"^companion/(?P<key>[A-Za-z0-9_-]{1,40})/update\.json/?$", companion.update, name="companion-update"),
    re_path(
        r"^companion/(?P<key>[A-Za-z0-9_-]{1,40})/(?P<token>[A-Za-z0-9_:.-]{1,300})/mandje\.zip/?$",
        companion.package,
        name="companion-package",
    ),
]
urlpatterns: list[URLPattern | URLResolver] = [
    path("", front.front, name="front"),
    re_path(r"^connect/woocommerce/(?P<state>[\w-]{20,100})/?$", handed.woocommerce, name="handed-woocommerce"),
    path("", include((staff, "dashboard"))),
    *demo,
]
