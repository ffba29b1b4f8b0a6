"""What came back: clicks."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from apps.core.scoping import StoreQuerySet
from apps.mail.models import Message


class Click(models.Model):
    """A link in a mail was followed. Machines are kept, marked, and never counted."""

    store_path = "message__store"

    message = models.ForeignKey(Message, on_delete=models.CASCADE, related_name="clicks")
    slot = models.SmallIntegerField(_("link"))
    at = models.DateTimeField(_("at"))
    machine = models.CharField(_("machine"), max_length=30, blank=True, default="")
    """Why it is taken for a machine; '' for a person."""

    objects = StoreQuerySet["Click"].as_manager()

    class Meta:
        verbose_name = _("click")
        verbose_name_plural = _("clicks")
        indexes = [models.Index(fields=["message", "at"], name="click_of_message")]

    def __str__(self) -> str:
        return f"{self.message_id}/{self.slot}"
