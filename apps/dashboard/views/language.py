"""The language of a member of staff, kept with the person."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.views.i18n import set_language

from apps.accounts.models import User


def change(request: HttpRequest) -> HttpResponse:
    """As Django does it, and remembered on every other machine too."""
    code = request.POST.get("language", "")
    if code in dict(settings.LANGUAGES) and isinstance(request.user, User):
        User.objects.filter(pk=request.user.pk).update(language=code)
    answer: HttpResponse = set_language(request)
    return answer
