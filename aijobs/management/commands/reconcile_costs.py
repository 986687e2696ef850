"""`manage.py reconcile_costs`: hold one day of the ledger against Anthropic's bill."""

from argparse import ArgumentParser
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from aijobs import gateway
from aijobs.bill import check, export, reports
from aijobs.bill.ours import DAY
from aijobs.models import Reconciliation, Verdict

ROW = "{:<22} {:<23} {:<8} {:>15} {:>15} {:>13} {:>15} {:>15} {:>14}  {}"
HEADS = (
    *("model", "kind", "tier", "tokens: ours", "Anthropic's", "difference"),
    *("USD: ours", "Anthropic's", "difference", ""),
)
CLOSING = {
    Verdict.AGREES: "The ledger and the bill agree.",
    Verdict.SHIFTED: "They agree, but for what ran over midnight.",
    Verdict.OPEN: "They differ, and may still come to agree: check again when all of it is over.",
    Verdict.DIFFERS: "They differ.",
}


class Command(BaseCommand):
    help = (
        "Hold a day of the ledger against Anthropic's bill. Exits with 1 when they differ, and with"
        " 2 when the bill is not to be had."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--day", type=_day, metavar="YYYY-MM-DD", help="in UTC; yesterday, if not given"
        )
        parser.add_argument(
            "--file",
            type=Path,
            metavar="export.csv",
            help="an export of the console's usage or costs, instead of asking with"
            " ANTHROPIC_ADMIN_KEY",
        )

    def handle(self, *, day: date | None, file: Path | None, **_: Any) -> None:
        now = timezone.now()
        day = day or now.astimezone(UTC).date() - DAY
        if day > now.astimezone(UTC).date():
            raise CommandError(f"{day} has not begun.", returncode=2)
        if file is None and not settings.ANTHROPIC_ADMIN_KEY:
            raise CommandError(
                "Set ANTHROPIC_ADMIN_KEY, or name an export with --file.", returncode=2
            )
        try:
            if file is None:
                found = check.check(day, reports.read, now)
            else:
                bill = export.read(file)
                found = check.check(day, lambda *_: bill, now)
        except export.NoExport as error:
            wrong = f"{file} is no export of the console. {error}"
            raise CommandError(wrong, returncode=2) from None
        except OSError as error:
            raise CommandError(f"{file} cannot be read: {error.strerror}.", returncode=2) from None
        except gateway.GatewayError as error:
            wrong = f"Anthropic's report is not to be had. {error}"
            raise CommandError(wrong, returncode=2) from None
        self._tell(found)
        if found.verdict in (Verdict.OPEN, Verdict.DIFFERS):
            # Its own words were said: no error message is missing.
            raise SystemExit(1)

    def _tell(self, found: Reconciliation) -> None:
        self.stdout.write(f"{found.day} (UTC), by {found.get_source_display()}\n\n")
        lines = list(found.lines.order_by("model", "tier", "kind"))
        if lines:
            self.stdout.write(ROW.format(*HEADS).rstrip())
        for line in lines:
            more = None if line.theirs is None else line.theirs - line.ours
            dearer = None if line.theirs_usd is None else line.theirs_usd - line.ours_usd
            cells = [
                *(line.model, line.kind, line.tier, line.ours, line.theirs, more),
                *(line.ours_usd, line.theirs_usd, dearer, line.verdict),
            ]
            self.stdout.write(ROW.format(*map(_cell, cells)).rstrip())
        if not lines:
            self.stdout.write("Neither has anything for this day.")
        elif found.difference_usd is not None:
            self.stdout.write(f"\nDifference: {_cell(found.difference_usd)} USD")
        self.stdout.write("")
        for note in found.notes:
            self.stdout.write(f"- {note}")
        self.stdout.write(CLOSING[Verdict(found.verdict)])


def _cell(value: object) -> str:
    if isinstance(value, Decimal):
        return f"{value:,.6f}"
    return "–" if value is None else f"{value:,}" if isinstance(value, int) else str(value)


def _day(text: str) -> date:
    return datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=UTC).date()
