"""The door of the web server."""

from __future__ import annotations

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

pages = get_wsgi_application()

# Only now: the door reads settings and models.
from apps.ingestion import door  # noqa: E402

application = door.wrap(pages)
