"""citizenapp jobs: list, get, wait, cancel, retry, document."""

from collections.abc import Callable
from itertools import islice
from typing import Any, Literal

import click

from citizenapp_client.cli import wording
from citizenapp_client.cli.app import App, json_line, with_json
from citizenapp_client.cli.failures import JobsFailed
from citizenapp_client.models import Job

STATUSES = ["queued", "submitted", "processing", "completed", "failed", "canceled"]


def add_to(group: click.Group) -> None:
    group.add_command(jobs)


@click.group()
def jobs() -> None:
    """What becomes of single jobs."""


@jobs.command("list")
@click.option("--status", type=click.Choice(STATUSES))
@click.option("--type", "job_type")
@click.option("--collection", metavar="ID")
@click.option("--reference")
@click.option("--after", "created_after", type=click.DateTime(), help="In UTC.")
@click.option("--before", "created_before", type=click.DateTime(), help="In UTC.")
@click.option("--tag")
@click.option("--search", "q", metavar="WORDS", help="In references, files, documents, answers.")
@click.option("--limit", type=click.IntRange(min=1), default=50, show_default=True)
@with_json
@click.pass_obj
def list_(asked: App, /, limit: int, created_after: Any, created_before: Any, **only: Any) -> None:
    """Jobs, newest first."""
    found = asked.client.jobs.list(
        created_after=_utc(created_after),
        created_before=_utc(created_before),
        page_size=min(limit, 100),
        **only,
    )
    rows = islice(found, limit)
    if asked.as_json:
        for job in rows:
            click.echo(json_line(job))
    else:
        click.echo(wording.jobs(rows))


@jobs.command()
@click.argument("ids", nargs=-1, required=True, metavar="ID…")
@click.option("--wait", is_flag=True, help="Until it has ended.")
@with_json
@click.pass_obj
def get(asked: App, /, ids: tuple[str, ...], wait: bool) -> None:
    """Jobs with their results."""
    found = [_shown(asked, asked.client.jobs.wait if wait else asked.client.jobs.get, ids)]
    if any(job.status in ("failed", "canceled") for several in found for job in several):
        raise JobsFailed


@jobs.command()
@click.argument("ids", nargs=-1, required=True, metavar="ID…")
@click.option(
    "--drop", is_flag=True, help="On its way to Claude: it is charged, its answer not kept."
)
@with_json
@click.pass_obj
def cancel(asked: App, /, ids: tuple[str, ...], drop: bool) -> None:
    """Cancel jobs that still wait."""
    answers: Literal["drop"] | None = "drop" if drop else None
    _shown(asked, lambda id_: asked.client.jobs.cancel(id_, answers=answers), ids)


@jobs.command()
@click.argument("ids", nargs=-1, required=True, metavar="ID…")
@with_json
@click.pass_obj
def retry(asked: App, /, ids: tuple[str, ...]) -> None:
    """Queue failed or canceled jobs again."""
    _shown(asked, asked.client.jobs.retry, ids)


@jobs.command()
@click.argument("id_", metavar="ID")
@click.option("--number", type=int, help="Which document, where the job has several.")
@click.option("-o", "--output", help="Write the file as it was sent.")
@click.pass_obj
def document(asked: App, /, id_: str, number: int | None, output: str | None) -> None:
    """A document of a job: its text as it was read, or the file."""
    if output is None:
        click.echo(asked.client.jobs.document(id_, number=number))
    else:
        asked.note(f"Written to {asked.client.jobs.original(id_, output, number=number)}")


def _shown(asked: App, ask: Callable[[str], Job], ids: tuple[str, ...]) -> list[Job]:
    found = []
    for number, id_ in enumerate(ids):
        job = ask(id_)
        if number and not asked.as_json:
            click.echo()
        asked.show(job, lambda: wording.job(job))  # noqa: B023 - called before the next one
        found.append(job)
    return found


def _utc(moment: Any) -> Any:
    from datetime import UTC  # noqa: PLC0415

    return moment and moment.replace(tzinfo=UTC)
