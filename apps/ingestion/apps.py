from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class IngestionConfig(AppConfig):
    name = "apps.ingestion"
    verbose_name = _("Deliveries")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from apps.ingestion import following, lagging, looking, passing_on  # noqa: F401  registers itself
        from apps.mail import gate, last_look

        gate.asks_inbox(lagging.stores_behind)
        last_look.looks(looking.look)
        passing_on.listen()
