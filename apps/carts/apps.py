from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class CartsConfig(AppConfig):
    name = "apps.carts"
    verbose_name = _("Carts")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from apps.carts import following  # noqa: F401  registers itself
