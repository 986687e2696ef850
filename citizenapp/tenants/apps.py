from django.apps import AppConfig


class TenantsConfig(AppConfig):
    name = "citizenapp.tenants"
    label = "tenants"
    verbose_name = "Customers"
