"""Where a shop posts its keys after its owner approved: unsigned, so its state is the key (woocommerce.md 2.1)."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse, HttpResponseNotFound
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from apps.core import clock
from apps.dashboard import handovers
from apps.stores.errors import AccessRefused, Unreadable
from apps.stores.platforms.woocommerce import handover


# The shop's server has no cookie; what it knows is the state, which opens once and for an hour.
@csrf_exempt
@never_cache
@require_POST
def woocommerce(request: HttpRequest, state: str) -> HttpResponse:
    """200 and nothing else lets the shop keep the key it made; whatever is not ours is not found."""
    try:
        handed = handover.received(request.read(handover.LARGEST + 1))
    except (Unreadable, AccessRefused):
        return _unknown()
    if handed.state != state or not handovers.arrive(state, handed.credentials, clock.now()):
        return _unknown()
    return HttpResponse("ok\n", content_type="text/plain")


def _unknown() -> HttpResponse:
    return HttpResponseNotFound("unknown\n", content_type="text/plain")
