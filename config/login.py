"""Logging in by a link that the engine made itself."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from sesame.utils import get_query_string
from sesame.views import LoginView

from apps.accounts.models import User


class LoginByLink(LoginView):  # type: ignore[misc]  # sesame has no types
    """Opens a session for the bearer; a link that no longer works leads to the password."""

    scope = "login"

    def login_failed(self) -> HttpResponse:
        request: HttpRequest = self.request
        messages.warning(request, _("This link no longer works. Log in with your password."))
        return redirect("admin:login")


def link_for(user: User, public_url: str) -> str:
    """An address that logs this person in for a day."""
    token: str = get_query_string(user, scope=LoginByLink.scope)
    return f"{public_url}/inloggen/{token}"
