"""Staff: who may see which shop."""

from __future__ import annotations

from django.contrib.auth.models import AbstractUser
from django.db import models
from django.utils.translation import gettext_lazy as _

from apps.core.scoping import StoreQuerySet
from apps.stores.models import Store


class User(AbstractUser):
    """Somebody who works in the admin; shops are reached through memberships."""

    language = models.CharField(_("language"), max_length=5, blank=True, default="")


class Membership(models.Model):
    """One member of staff in one store. An agency is several memberships."""

    class Role(models.TextChoices):
        OWNER = "owner", _("owner")
        MARKETER = "marketer", _("marketer")
        ANALYST = "analyst", _("analyst")

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="memberships")
    store = models.ForeignKey(Store, on_delete=models.CASCADE, related_name="memberships")
    role = models.CharField(_("role"), max_length=10, choices=Role)

    objects = StoreQuerySet["Membership"].as_manager()

    class Meta:
        verbose_name = _("membership")
        verbose_name_plural = _("memberships")
        constraints = [models.UniqueConstraint(fields=["user", "store"], name="one_role_per_store")]

    def __str__(self) -> str:
        return f"{self.user} · {self.store} ({self.get_role_display()})"
