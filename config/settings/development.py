"""A laptop: plain HTTP, and errors that explain themselves."""

from config.settings.base import *

DEBUG = True
INTERNAL_IPS = ["127.0.0.1"]
# Changed files show without collecting them first.
WHITENOISE_USE_FINDERS = True
