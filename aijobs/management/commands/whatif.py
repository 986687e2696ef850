"""manage.py whatif: what the charges of a period would have been under other settings."""

from argparse import ArgumentParser, ArgumentTypeError
from collections.abc import Sequence
from datetime import date
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from aijobs import pricing
from aijobs.pricing import UnknownModel
from aijobs.reading import replay, staff
from aijobs.reading.usage import Period
from aijobs.templatetags.dollars import compared
from aijobs.whatif import Comparison, Settings, by_model
from citizenapp.tenants.models import Tenant

HEADS = ("model", "answers", "was", "would be", "difference")


class Command(BaseCommand):
    help = "Say what the charges of a period would have been. Nothing is changed or sent."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Every setting may be left out: what is not named stays as it was."""
        parser.add_argument("--from", dest="since", type=_day, required=True, help="first day, UTC")
        parser.add_argument("--until", type=_day, required=True, help="last day, UTC")
        parser.add_argument("--tenant", metavar="SLUG", help="of one tenant; default: of all")
        parser.add_argument("--model", metavar="NAME", help="all of it by this model")
        parser.add_argument("--batch-share", type=_share, metavar="0.65", help="of each charge")
        parser.add_argument(
            "--cache-hit",
            type=_share,
            metavar="0.9",
            help="share of the prompts that is read from the cache, of what is not written to it",
        )
        parser.add_argument(
            "--prices", type=Path, metavar="FILE", help="as AIJOBS_PRICES: goes before the others"
        )

    def handle(self, *args: object, **options: Any) -> None:  # noqa: ARG002
        if options["since"] > options["until"]:
            raise CommandError("--from must not be after --until.")
        settings = _settings(options)
        period = Period.days_from(options["since"], options["until"])
        limits = pricing.limits(settings.table)
        if slug := options["tenant"]:
            tenant = Tenant.objects.filter(slug=slug).first()
            if tenant is None:
                raise CommandError(f"There is no tenant {slug!r}.")
            charges = replay.charges(tenant, period, limits)
        else:
            charges = staff.charges_of_all(period, limits)
        rows, total = by_model(charges, settings)
        if not rows:
            raise CommandError("Nothing was charged in this period.")
        whose = f"tenant {slug}" if slug else "all tenants"
        self.stdout.write(f"{options['since']} to {options['until']} (UTC), {whose}\n\n")
        self.stdout.write(_table([*rows.items()], total))
        for note in total.notes:
            self.stdout.write(f"\n{note}")


def _settings(options: dict[str, Any]) -> Settings:
    table = None
    try:
        if path := options["prices"]:
            table = pricing.table_with(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise CommandError(f"--prices: {error}") from error
    try:
        return Settings(options["model"], options["batch_share"], options["cache_hit"], table)
    except UnknownModel:
        known = ", ".join(pricing.models(table))
        raise CommandError(
            f"--model: the price table has no {options['model']!r}, but {known}."
        ) from None
    except ValueError as error:
        raise CommandError(str(error)) from None


def _table(rows: Sequence[tuple[str, Comparison]], total: Comparison) -> str:
    lines, whole = compared(
        [(name, row.was, row.would_be) for name, row in rows], total.was, total.would_be
    )
    cells = [
        HEADS,
        *(
            (name, f"{row.answers:,}", line.was, line.would_be, line.difference)
            for (name, row), line in zip(rows, lines, strict=True)
        ),
        ("together", f"{total.answers:,}", whole.was, whole.would_be, whole.difference),
    ]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    return "\n".join(
        "  ".join(
            cell.ljust(width) if number == 0 else cell.rjust(width)
            for number, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in cells
    )


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ArgumentTypeError("must be a day such as 2026-11-02") from None


def _share(text: str) -> Decimal:
    try:
        return Decimal(text)
    except InvalidOperation:
        raise ArgumentTypeError("must be a share such as 0.65") from None
