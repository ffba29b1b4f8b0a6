"""What a browser may do on the pages of the admin, whose theme evaluates expressions."""

from __future__ import annotations

from collections.abc import Callable

from csp.constants import SELF, UNSAFE_EVAL, UNSAFE_INLINE
from django.http import HttpRequest, HttpResponse

Answer = Callable[[HttpRequest], HttpResponse]
ADMIN: dict[str, list[str]] = {
    "script-src": [SELF, UNSAFE_EVAL],
    "style-src": [SELF, UNSAFE_INLINE],
    "img-src": [SELF, "data:", "https:"],
    "frame-src": [SELF],
}


class AdminPolicy:
    """Widens the strict policy under /admin/ and nowhere else; a view's own word stands."""

    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if request.path.startswith("/admin/") and not hasattr(response, "_csp_replace"):
            response._csp_replace = ADMIN  # type: ignore[attr-defined]  # noqa: SLF001
        return response
