"""citizenapp quote: what a quote said, and the word that queues it."""

import click

from citizenapp_client.cli import wording
from citizenapp_client.cli.app import App, with_json


def add_to(group: click.Group) -> None:
    group.add_command(quote)


@click.group()
def quote() -> None:
    """What work would cost. `--quote` of the commands that queue makes one."""


@quote.command()
@click.argument("id_", metavar="ID")
@with_json
@click.pass_obj
def get(asked: App, /, id_: str) -> None:
    """A quote, and what became of it."""
    found = asked.client.quotes.get(id_)
    asked.show(found, lambda: wording.quote(found))


@quote.command()
@click.argument("id_", metavar="ID")
@with_json
@click.pass_obj
def confirm(asked: App, /, id_: str) -> None:
    """Queue what was quoted, within an hour."""
    done = asked.client.quotes.confirm(id_)
    asked.show(done, lambda: f"{done.message} {done.collection_id or done.job_id}")
