"""manage.py up: run the whole product in the foreground."""

import os
import sys
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand


class Command(BaseCommand):
    help = "Run the whole product in the foreground; Ctrl-C stops it, and its data stays."
    # The database that checks may ask about does not run yet.
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--port", type=int, default=os.environ.get("PORT") or 8000)

    def handle(self, *args: object, port: int, **options: Any) -> None:  # noqa: ARG002
        os.chdir(settings.BASE_DIR)
        up = [sys.executable, "-m", "citizenapp.local", "up", "--port", str(port)]
        os.execv(sys.executable, up)  # noqa: S606 - it replaces this process
