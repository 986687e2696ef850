"""citizenapp collection: upload, watch, results, and its other moves."""

import shutil
import sys
import tempfile
import time
from itertools import islice
from pathlib import Path
from typing import Any, Literal
from uuid import UUID

import click

from citizenapp_client.cli import wording
from citizenapp_client.cli.app import App, given, json_line, pairs, read_file, valued, with_json
from citizenapp_client.cli.failures import JobsFailed
from citizenapp_client.cli.queueing import confirm
from citizenapp_client.errors import Unreachable
from citizenapp_client.models import Collection

# Without a terminal there is no bar, but a line now and then.
LINE_SECONDS = 10


def add_to(group: click.Group) -> None:
    group.add_command(collection)


@click.group()
def collection() -> None:
    """Many jobs under one name: a table with a row for each, or a ZIP of documents."""


@collection.command()
@click.argument("file")
@click.option("--type", "job_type", required=True, metavar="summarize|classify|analyze")
@click.option("--name", help="Default: the name of the file.")
@click.option(
    "--column", "columns", multiple=True, callback=pairs, metavar="FIELD=HEADER",
    help="Which column holds a field, such as document_text=Text.",
)  # fmt: skip
@click.option(
    "--default", "defaults", multiple=True, callback=pairs, metavar="FIELD=VALUE",
    help="For all rows, such as categories=motor,home.",
)  # fmt: skip
@click.option("--sheet", help="Of a workbook.")
@click.option("--on-error", type=click.Choice(["reject", "skip"]), help="skip leaves bad rows out.")
@click.option("--trial", type=int, metavar="N", help="Run N rows first; the others wait.")
@click.option("--now", is_flag=True, help="Run it at once, at full price.")
@click.option("--needed-within", type=float, metavar="SECONDS")
@click.option("--fresh", is_flag=True, help="Ask anew what was asked before.")
@click.option("--read-as", type=click.Choice(["auto", "text", "original"]), help="Of a ZIP.")
@click.option("--accept-partial", is_flag=True, help="Of a ZIP: take what can be read.")
@click.option("--filename", default="stdin.csv", help="What standard input is called.")
@click.option("--watch", is_flag=True, help="Follow it to its end.")
@click.option("--quote", is_flag=True, help="Say what it costs, and ask.")
@click.option("--yes", is_flag=True, help="With --quote: queue it without asking.")
@with_json
@click.pass_obj
def upload(
    asked: App,
    /,
    file: str,
    job_type: str,
    defaults: dict[str, str],
    *,
    filename: str,
    now: bool,
    watch: bool,
    quote: bool,
    yes: bool,
    **wishes: Any,
) -> None:
    """Queue the rows of FILE (csv, xlsx, xls, ods, ndjson) or its documents (zip)."""
    wishes["defaults"] = {name: valued(name, text) for name, text in defaults.items()}
    if now:
        wishes["needed_within"] = 0
    wishes = given(wishes)
    content = read_file(file, filename)
    if quote:
        told = asked.client.quotes.upload(content, job_type=job_type, **wishes)
        if not confirm(asked, [told], yes=yes):
            return
        done = asked.client.quotes.confirm(told.quote_id)
        collection_id = done.collection_id
        asked.show(done, lambda: f"{done.message} {collection_id}")
    else:
        queued = asked.client.collections.upload(content, job_type=job_type, **wishes).queued
        collection_id = queued.collection_id
        for row in queued.rejected:
            for name, messages in row.errors.items():
                asked.note(f"row {row.row}: {name}: {' '.join(messages)}")
        asked.show(
            queued, lambda: "\n".join([f"{queued.message} {collection_id}", *queued.warnings])
        )
    if watch and collection_id:
        _follow(asked, collection_id)


@collection.command("list")
@click.option("--limit", type=click.IntRange(min=1), default=50, show_default=True)
@with_json
@click.pass_obj
def list_(asked: App, /, limit: int) -> None:
    """Collections, newest first."""
    rows = islice(asked.client.collections.list(page_size=min(limit, 100)), limit)
    if asked.as_json:
        for one in rows:
            click.echo(json_line(one))
        return
    cells = (
        (
            *(str(one.collection_id), one.job_type, f"{one.total:,}"),
            *(wording.moment(one.created_at), one.name),
        )
        for one in rows
    )
    click.echo(wording.table(("COLLECTION", "TYPE", "JOBS", "CREATED", "NAME"), cells))


@collection.command()
@click.argument("id_", metavar="ID")
@with_json
@click.pass_obj
def get(asked: App, /, id_: str) -> None:
    """How a collection stands, and what it cost."""
    found = asked.client.collections.get(id_)
    asked.show(found, lambda: wording.collection(found))


@collection.command()
@click.argument("id_", metavar="ID")
@with_json
@click.pass_obj
def watch(asked: App, /, id_: str) -> None:
    """Follow a collection to its end."""
    _follow(asked, id_)


@collection.command()
@click.argument("id_", metavar="ID")
@click.option("--as", "as_", type=click.Choice(["ndjson", "csv", "xlsx"]), help="Default: csv.")
@click.option("-o", "--output", help="Where to; - is standard output.")
@click.option("--bom", is_flag=True, help="Begin a csv with the mark that Excel looks for.")
@click.pass_obj
def results(asked: App, /, id_: str, as_: Any, output: str | None, bom: bool) -> None:
    """Write the results, in the order of the rows."""
    if output not in (None, "-"):
        done = asked.client.collections.results(id_, output, as_=as_, bom=bom or None)
        asked.note(f"Written to {done}")
        return
    form: Any = as_ or "csv"
    if form == "xlsx" and sys.stdout.isatty():
        raise click.UsageError("A workbook is nothing for a terminal: say -o FILE.")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"results.{form}"
        asked.client.collections.results(id_, path, as_=form, bom=bom or None)
        with path.open("rb") as file:
            shutil.copyfileobj(file, sys.stdout.buffer)


@collection.command()
@click.argument("id_", metavar="ID")
@click.option(
    "--drop", is_flag=True, help="On their way to Claude: they are charged, their answers not kept."
)
@click.pass_obj
def cancel(asked: App, /, id_: str, drop: bool) -> None:
    """Cancel the jobs that still wait."""
    answers: Literal["drop"] | None = "drop" if drop else None
    canceled = asked.client.collections.cancel(id_, answers=answers)
    asked.note(f"{canceled:,} jobs are canceled.")


@collection.command("continue")
@click.argument("id_", metavar="ID")
@click.pass_obj
def continue_(asked: App, /, id_: str) -> None:
    """Let the jobs go that wait for those that went first."""
    asked.note(f"{asked.client.collections.continue_(id_):,} jobs go on.")


@collection.command()
@click.argument("id_", metavar="ID")
@click.option("--status", type=click.Choice(["failed", "canceled"]), default="failed")
@click.pass_obj
def retry(asked: App, /, id_: str, status: Any) -> None:
    """Queue the failed jobs again, or the canceled ones."""
    asked.note(f"{asked.client.collections.retry(id_, status=status):,} jobs are queued again.")


def _follow(asked: App, id_: UUID | str) -> None:
    """Show how it goes until it ends, or waits for a word."""
    try:
        last = _watched(asked, id_)
    except (KeyboardInterrupt, Unreachable):
        asked.note(f"\nThe work goes on. Come back with: citizenapp collection watch {id_}")
        raise
    if last.waits_for_you and not asked.as_json:
        click.echo(wording.waits_for_you(last))
    elif not asked.as_json:
        click.echo(wording.collection(last))
    if last.counts.failed or last.counts.canceled:
        raise JobsFailed


def _watched(asked: App, id_: UUID | str) -> Collection:
    """The last state; each is told on the way: as JSON, by a bar, or by a line now and then."""
    states = asked.client.collections.watch(id_)
    last = next(states)
    if asked.as_json or not sys.stderr.isatty():
        told_at = 0.0
        while True:
            if asked.as_json:
                click.echo(json_line(last))
            elif time.monotonic() - told_at >= LINE_SECONDS:
                asked.note(wording.progress(last))
                told_at = time.monotonic()
            if last.waits_for_you or (state := next(states, None)) is None:
                return last
            last = state
    told: Any = click.progressbar(
        length=last.total,
        file=sys.stderr,
        item_show_func=lambda _: wording.progress(last),
    )
    shown = 0
    with told as bar:
        while True:
            bar.update(last.ended - shown)
            shown = last.ended
            if last.waits_for_you or (state := next(states, None)) is None:
                return last
            last = state
