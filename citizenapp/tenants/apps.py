from axes.apps import AppConfig as AxesConfig
from django.apps import AppConfig


class TenantsConfig(AppConfig):
    name = "citizenapp.tenants"
    label = "tenants"
    verbose_name = "Customers"

    def ready(self) -> None:
        from citizenapp.tenants import audit  # noqa: F401 - it hears who signs in


class ThrottleConfig(AxesConfig):
    """django-axes, under a name that staff understand."""

    verbose_name = "Signing in"
