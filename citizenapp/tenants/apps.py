from allauth.account.apps import AccountConfig
from allauth.mfa.apps import MFAConfig
from allauth.usersessions.apps import UserSessionsConfig
from axes.apps import AppConfig as AxesConfig
from django.apps import AppConfig


class TenantsConfig(AppConfig):
    name = "citizenapp.tenants"
    label = "tenants"
    verbose_name = "Customers"

    def ready(self) -> None:
        # They hear who signs in and out.
        from citizenapp.tenants import audit, second_factor, sessions  # noqa: F401


class ThrottleConfig(AxesConfig):
    """django-axes, under a name that staff understand."""

    verbose_name = "Signing in"


class AddressesConfig(AccountConfig):
    """django-allauth's parts, under names that staff understand."""

    verbose_name = "E-mail addresses"


class SecondFactorsConfig(MFAConfig):
    verbose_name = "Second factors"


class SessionsConfig(UserSessionsConfig):
    verbose_name = "Sessions"

    def ready(self) -> None:
        """allauth's listeners stay out: they ask about each session by itself. See sessions.py."""
