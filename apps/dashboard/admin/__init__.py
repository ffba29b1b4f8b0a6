"""The admin, by what an owner looks for."""

from django.contrib import admin
from django.contrib.auth.models import Group

from apps.dashboard.admin import campaigns, feedback, flows, goods, mail, operator, people, segments, shop, stores

# Roles are per shop (Membership); groups know no shop.
admin.site.unregister(Group)

__all__ = ["campaigns", "feedback", "flows", "goods", "mail", "operator", "people", "segments", "shop", "stores"]
