from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class FlowsConfig(AppConfig):
    name = "apps.flows"
    verbose_name = _("Flows")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from apps.flows import entry, following, goals, happenings, parts, sunset  # noqa: F401

        parts.load()
        entry.listen()
        goals.listen()
        happenings.listen()
        sunset.listen()
