"""citizenapp summarize, classify, analyze: one job for each file."""

from collections.abc import Callable, Iterable
from typing import Any, TypeVar
from uuid import UUID

import click

from citizenapp_client import problems
from citizenapp_client.cli import wording
from citizenapp_client.cli.app import App, given, json_line, pairs, read_file, with_json
from citizenapp_client.cli.failures import JobsFailed
from citizenapp_client.errors import Problem, Unreachable
from citizenapp_client.models import Quote

F = TypeVar("F", bound=Callable[..., Any])
# What another file may do better. A key that is refused is refused for all.
FIXABLE = (problems.InvalidFields, problems.TooLarge, problems.UnreadableRequest)


def add_to(group: click.Group) -> None:
    for command in (summarize, classify, analyze):
        group.add_command(command)


def with_wishes(command: F) -> F:
    """The options that all job types have."""
    for option in reversed(
        (
            click.argument("files", nargs=-1, required=True, metavar="FILE…"),
            click.option("--now", is_flag=True, help="Run it at once, at full price."),
            click.option("--needed-within", type=float, metavar="SECONDS"),
            click.option("--reference", help="What you call it; comes back with the result."),
            click.option(
                "--metadata",
                multiple=True,
                callback=pairs,
                metavar="NAME=TEXT",
                help="Of your own.",
            ),
            click.option("--fresh", is_flag=True, help="Ask anew what was asked before."),
            click.option("--read-as", type=click.Choice(["auto", "text", "original"])),
            click.option("--accept-partial", is_flag=True, help="Take what can be read of a file."),
            click.option("--filename", default="stdin.txt", help="What standard input is called."),
            click.option("--wait", is_flag=True, help="Wait for the results and print them."),
            click.option("--quote", is_flag=True, help="Say what it costs, and ask."),
            click.option("--yes", is_flag=True, help="With --quote: queue it without asking."),
            with_json,
        )
    ):
        command = option(command)
    return command


@click.command()
@click.option("--max-length", type=int, metavar="WORDS")
@with_wishes
@click.pass_obj
def summarize(asked: App, /, max_length: int | None, **wishes: Any) -> None:
    """Queue a summary of each FILE; - is standard input."""
    _queue(asked, "summarize", {"max_length": max_length}, **wishes)


@click.command()
@click.option("--categories", required=True, metavar="A,B,…")
@with_wishes
@click.pass_obj
def classify(asked: App, /, categories: str, **wishes: Any) -> None:
    """Put each FILE into one of the categories; - is standard input."""
    named = [one.strip() for one in categories.split(",")]
    _queue(asked, "classify", {"categories": named}, **wishes)


@click.command()
@click.option("--question", "questions", multiple=True, help="May be repeated.")
@with_wishes
@click.pass_obj
def analyze(asked: App, /, questions: tuple[str, ...], **wishes: Any) -> None:
    """Find obligations, risks and findings in each FILE; - is standard input."""
    _queue(asked, "analyze", {"questions": questions or None}, **wishes)


def _queue(
    asked: App,
    job_type: str,
    options: dict[str, Any],
    *,
    files: tuple[str, ...],
    filename: str,
    now: bool,
    wait: bool,
    quote: bool,
    yes: bool,
    **wishes: Any,
) -> None:
    if now:
        wishes["needed_within"] = 0
    wishes = given(wishes)
    resource = asked.client.quotes if quote else asked.client
    ask: Callable[..., Any] = getattr(resource, job_type)
    said, refused = _each(
        files, lambda file: ask(file=read_file(file, filename), **options, **wishes)
    )
    queued: list[tuple[str, UUID]] = []
    if quote:
        if confirm(asked, [one for _, one in said], yes=yes):
            confirmed = [(file, asked.client.quotes.confirm(one.quote_id)) for file, one in said]
            queued = [(file, one.job_id) for file, one in confirmed if one.job_id]
    else:
        queued = [(file, one.job_id) for file, one in said]
    failed = _told(asked, queued, wait=wait)
    if refused or failed:
        raise JobsFailed


def _each(files: Iterable[str], ask: Callable[[str], Any]) -> tuple[list[tuple[str, Any]], bool]:
    """What the server said of each file, and whether it refused any."""
    said, is_refused = [], False
    for file in files:
        try:
            said.append((file, ask(file)))
        except Problem as problem:
            if not isinstance(problem, FIXABLE):
                raise
            is_refused = True
            click.echo(f"{file}: {problem}", err=True)
        except OSError as error:
            is_refused = True
            click.echo(f"{file}: {error.strerror}", err=True)
    return said, is_refused


def confirm(asked: App, quotes: list[Quote], *, yes: bool) -> bool:
    """Show what it costs, and ask whether to queue it. Machines confirm by the id."""
    for quote in quotes:
        asked.show(quote, lambda quote=quote: wording.quote(quote))  # type: ignore[misc]
    if yes or not quotes or asked.as_json:
        return yes
    return click.confirm("Queue it?", err=True)


def _told(asked: App, queued: list[tuple[str, UUID]], *, wait: bool) -> bool:
    """Print the jobs, or wait for them and print what came of them; whether any failed."""
    is_failed = False
    for file, job_id in queued:
        if not wait:
            job = asked.client.jobs.get(job_id)
            asked.show(job, lambda: f"{job.job_id}  {job.status}  {file}")  # noqa: B023
            continue
        try:
            job = asked.client.jobs.wait(job_id)
        except (KeyboardInterrupt, Unreachable):
            ids = " ".join(str(one) for _, one in queued)
            asked.note(f"\nThe work goes on. Come back with: citizenapp jobs get {ids}")
            raise
        is_failed |= job.status != "completed"
        if asked.as_json:
            click.echo(json_line(job))
        else:
            head = f"== {file}\n" if len(queued) > 1 else ""
            click.echo(head + (wording.result(job) or wording.job(job)))
    return is_failed
