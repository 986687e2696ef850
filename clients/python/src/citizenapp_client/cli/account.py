"""citizenapp login, logout, usage, export."""

import os
import sys
from typing import Any

import click

from citizenapp_client import Client
from citizenapp_client.cli import credentials, wording
from citizenapp_client.cli.app import App, with_json
from citizenapp_client.models import SpentRow, Usage


def add_to(group: click.Group) -> None:
    for command in (login, logout, usage, export):
        group.add_command(command)


@click.command()
@click.option("--url", help="Where CitizenApp is served.")
@click.option("--key-stdin", is_flag=True, help="Read the key from standard input.")
@click.pass_obj
def login(asked: App, /, url: str | None, key_stdin: bool) -> None:
    """Try a URL and an API key, and keep them for the commands that follow."""
    known = credentials.stored()
    default = os.environ.get("CITIZENAPP_URL") or (known.url if known else "http://127.0.0.1:8000")
    url = url or click.prompt("URL", default=default, err=True)
    assert url
    if key_stdin:
        key = sys.stdin.readline().strip()
    else:
        # Where there is no terminal, nothing is echoed that could be hidden.
        key = click.prompt("API key", hide_input=sys.stdin.isatty(), err=True)
    asked.url = url
    try:
        client = Client(url, key)
    except ValueError as error:
        raise click.UsageError(str(error)) from None
    with client:
        client.jobs.page(page_size=1)  # Only what works is kept.
    click.echo(
        f"Logged in. Kept in {credentials.keep(credentials.Credentials(url, key))}", err=True
    )


@click.command()
def logout() -> None:
    """Forget the URL and the key."""
    click.echo("Forgotten." if credentials.forget() else "Nothing was kept.", err=True)


@click.command()
@click.option("--from", "from_", type=click.DateTime(["%Y-%m-%d"]), metavar="DAY")
@click.option("--to", type=click.DateTime(["%Y-%m-%d"]), metavar="DAY")
@click.option(
    "--by",
    "group_by",
    default="day",
    show_default=True,
    help="day, job_type, route, model, created_by, collection, or several with commas.",
)
@click.option("-o", "--output", help="Write it as .xlsx or .csv instead.")
@with_json
@click.pass_obj
def usage(asked: App, /, from_: Any, to: Any, group_by: str, output: str | None) -> None:
    """What was spent and saved; by default in the last 30 days. Days are in UTC."""
    groups: Any = group_by.split(",")
    period = {"from_": from_ and from_.date(), "to": to and to.date()}
    if output:
        done = asked.client.usage_table(output, group_by=groups, **period)
        asked.note(f"Written to {done}")
        return
    found = asked.client.usage(group_by=groups, **period)
    asked.show(found, lambda: _as_table(found, groups))


@click.command()
@click.argument("output", metavar="FILE")
@click.pass_obj
def export(asked: App, /, output: str) -> None:
    """Write everything that the workspace has to FILE, a ZIP."""
    asked.note(f"Written to {asked.client.export(output)}")


def _as_table(found: Usage, groups: list[str]) -> str:
    rows = [[str(getattr(row, name) or "") for name in groups] + _sums(row) for row in found.rows]
    total = ["total", *("" for _ in groups[1:]), *_sums(found.totals)]
    head = [*(name.upper() for name in groups), "JOBS", "COST", "SAVED"]
    lines = wording.table(head, [*rows, total])
    return f"{lines}\n{found.paused.message}" if found.paused else lines


def _sums(row: Any) -> list[str]:
    spent: SpentRow = row
    return [f"{spent.jobs:,}", wording.usd(spent.cost_usd), wording.usd(spent.saved_usd)]
