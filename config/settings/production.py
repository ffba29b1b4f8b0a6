"""The real thing: TLS everywhere, and nothing that redirects a shop's POST."""

from config.settings.base import *
from config.settings.base import ENV

DEBUG = False

SECURE_SSL_REDIRECT = True
# A shop does not follow a redirect with its body, and a probe speaks plain HTTP.
SECURE_REDIRECT_EXEMPT = [r"^webhooks/", r"^companion/", r"^[ur]/", r"^gezond/?$", r"^health/?$"]
SECURE_HSTS_SECONDS = 63_072_000
SECURE_HSTS_INCLUDE_SUBDOMAINS = True
SECURE_HSTS_PRELOAD = True
SESSION_COOKIE_SECURE = True
CSRF_COOKIE_SECURE = True
SESSION_COOKIE_NAME = "__Host-session"
CSRF_COOKIE_NAME = "__Host-csrf"
if ENV.trusted_proxies:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")

STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}
