"""Serve the local stand-in for Claude's APIs."""

import argparse
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from typing_extensions import override

from aijobs.emulator import command


class Command(BaseCommand):
    help = "Serve a local Message Batches API with emulated answers."
    requires_system_checks: tuple[str, ...] = ()

    @override
    def add_arguments(self, parser: CommandParser) -> None:
        command.add_arguments(parser)

    @override
    def handle(self, *_args: Any, **options: Any) -> None:
        command.run_from(argparse.Namespace(**options))
