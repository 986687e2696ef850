"""The command line `citizenapp`, and what its exit codes mean."""

import sys
from enum import IntEnum

import click

from citizenapp_client import __version__, errors, problems
from citizenapp_client.cli import account, collections, jobs, queueing, quotes
from citizenapp_client.cli.app import App
from citizenapp_client.cli.failures import JobsFailed

EPILOG = """\b
Exit codes:
  0    done
  1    refused by the server, or a file cannot be read or written
  2    the command is written wrongly
  3    not logged in, or the key may not do this
  4    some jobs failed or were canceled, or some of the files were refused or not read
  5    no answer from the server, or none in time
  130  interrupted; work that was queued goes on
"""


class Exit(IntEnum):
    """So that a script knows what happened. `citizenapp --help` tells the same."""

    REFUSED = 1
    WRONG_COMMAND = 2
    NOT_LOGGED_IN = 3
    JOBS_FAILED = 4
    NO_ANSWER = 5
    INTERRUPTED = 130


@click.group(epilog=EPILOG, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__)
def app() -> None:
    """Document work through Claude at half the price."""


for part in (account, collections, jobs, queueing, quotes):
    part.add_to(app)


def main() -> None:
    """Run a command, and end with its code."""
    asked = App()
    try:
        sys.exit(app.main(standalone_mode=False, obj=asked))
    except Exception as error:
        sys.exit(_told(error, asked))
    except KeyboardInterrupt:
        sys.exit(Exit.INTERRUPTED)


def _told(error: Exception, asked: App) -> int:  # noqa: PLR0911 - a code for each case
    """Say what went wrong; its code."""
    match error:
        case click.exceptions.Exit():
            return error.exit_code
        case click.Abort():
            return Exit.INTERRUPTED
        case click.UsageError():
            error.show()
            return Exit.WRONG_COMMAND
        case click.ClickException():
            error.show()
            return Exit.REFUSED
        case JobsFailed():
            return Exit.JOBS_FAILED
        case errors.Problem():
            _say(error.document.model_dump_json(exclude_none=True) if asked.as_json else error)
            is_about_key = isinstance(error, (problems.NotAuthenticated, problems.NotAllowed))
            return Exit.NOT_LOGGED_IN if is_about_key else Exit.REFUSED
        case errors.Unreachable() | errors.UnexpectedAnswer():
            _say(f"No answer from {asked.url}: {error}")
            return Exit.NO_ANSWER
        case errors.StillRunning():
            _say(error)
            return Exit.NO_ANSWER
        case BrokenPipeError():  # Whoever read the output has seen enough.
            sys.stdout = None
            return Exit.REFUSED
        case OSError():
            _say(f"{error.filename or ''}: {error.strerror}".lstrip(": "))
            return Exit.REFUSED
    raise error


def _say(what: object) -> None:
    click.echo(str(what), err=True)
