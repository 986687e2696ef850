"""`manage.py reconcile_costs` tells ours, theirs and the difference; its exit code says whether."""

from datetime import timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from aijobs.models import LedgerEntry, Reconciliation
from citizenapp.tenants.models import Tenant
from tests.bill.ground import ADMIN_KEY
from tests.bill.test_export import USAGE
from tests.factories import make_tenant
from tests.ground import Emulator
from tests.pipeline.steps import TEXT, keep_going, queue

pytestmark = pytest.mark.django_db


@pytest.fixture
def worked(emulator: Emulator, settings: Any) -> Tenant:
    """A job in a batch and one at once, both answered just now."""
    settings.ANTHROPIC_ADMIN_KEY = ADMIN_KEY
    tenant, now = make_tenant(), timezone.now()
    queue(TEXT, tenant=tenant, now=now - timedelta(hours=1))
    queue(TEXT, tenant=tenant, now=now, needed_within=0)
    keep_going(now)
    return tenant


def run(*arguments: str) -> tuple[int, str]:
    """Exit code and what it says."""
    output = StringIO()
    try:
        call_command("reconcile_costs", *arguments, stdout=output)
    except SystemExit as exited:
        return int(str(exited.code)), output.getvalue()
    return 0, output.getvalue()


def today() -> str:
    return f"{timezone.now():%Y-%m-%d}"


def test_it_exits_with_0_and_tells_each_line_when_all_agrees(worked: Tenant) -> None:
    code, said = run("--day", today())
    assert code == 0, said
    assert "The ledger and the bill agree." in said
    assert "claude-haiku-5-5" in said
    for tier in ("batch", "standard"):
        entry = LedgerEntry.objects.get(route="batch" if tier == "batch" else "sync")
        (line,) = [one for one in said.splitlines() if "input_tokens" in one and tier in one]
        assert line.split()[3:6] == [f"{entry.input_tokens:,}"] * 2 + ["0"]
    assert Reconciliation.objects.get().verdict == "agrees"


def test_it_exits_with_1_when_something_differs(
    worked: Tenant, emulator: Emulator, tmp_path: Path
) -> None:
    path = tmp_path / "export.csv"
    path.write_text(f"{USAGE}{today()},claude-haiku-5-5,k,w,batch,,1,0,0,0,2,0,,\n")
    code, said = run("--day", today(), "--file", str(path))
    assert code == 1
    assert "Export of the console" in said
    assert "They differ" in said


def test_an_export_that_says_the_same_agrees(worked: Tenant, tmp_path: Path) -> None:
    path = tmp_path / "export.csv"
    rows = [
        f"{entry.created_at:%Y-%m-%d},{entry.model},k,w,{tier},,{entry.input_tokens},0,0,0,"
        f"{entry.output_tokens},0,,\n"
        for entry in LedgerEntry.objects.all()
        for tier in ["batch" if entry.route == "batch" else "standard"]
    ]
    path.write_text(USAGE + "".join(rows))
    code, said = run("--day", today(), "--file", str(path))
    assert code == 0, said
    found = Reconciliation.objects.get()
    assert (found.source, found.difference_usd) == ("file", None)


def test_without_a_day_it_is_yesterday(worked: Tenant) -> None:
    code, said = run()
    assert code == 0
    assert f"{timezone.now() - timedelta(days=1):%Y-%m-%d} (UTC)" in said
    assert "Neither has anything for this day." in said


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--day", "2126-01-01"], "has not begun"),
        (["--day", "yesterday"], "invalid"),
        (["--file", "/nowhere/export.csv"], "cannot be read"),
        (["--file", __file__], "is no export of the console"),
    ],
)
def test_what_cannot_be_done_is_said_in_a_sentence(arguments: list[str], words: str) -> None:
    with pytest.raises(CommandError, match=words):
        run(*arguments)


def test_without_a_key_or_a_file_it_says_what_to_set(settings: Any) -> None:
    settings.ANTHROPIC_ADMIN_KEY = ""
    with pytest.raises(CommandError, match="ANTHROPIC_ADMIN_KEY") as refused:
        run()
    assert refused.value.returncode == 2


def test_a_key_that_is_none_for_administration_is_named(worked: Tenant, settings: Any) -> None:
    settings.ANTHROPIC_ADMIN_KEY = "sk-ant-api03-ordinary"
    with pytest.raises(CommandError, match="invalid x-api-key") as refused:
        run()
    assert refused.value.returncode == 2
