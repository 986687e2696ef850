"""manage.py demo_tenant: make the demo tenant of local mode, and its API key."""

from django.conf import settings
from django.core.management.base import BaseCommand

from citizenapp.tenants.demo import ensure_demo


class Command(BaseCommand):
    help = "Make the demo tenant (local mode only) and write its API key to var/demo-api-key."

    def handle(self, *args: object, **options: object) -> None:  # noqa: ARG002
        ensure_demo(settings.VAR / "demo-api-key")
