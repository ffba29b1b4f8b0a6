"""The settings of the environment that MANDJE_ENV names."""

from config.env import load

match load().environment:
    case "production":
        from config.settings.production import *
    case "test":
        from config.settings.test import *
    case _:
        from config.settings.development import *
