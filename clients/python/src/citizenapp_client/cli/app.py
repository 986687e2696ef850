"""What all commands share."""

import json
import sys
from collections.abc import Callable
from typing import Any, TypeVar

import click
from pydantic import BaseModel

from citizenapp_client import Client, Retries
from citizenapp_client.cli import credentials

F = TypeVar("F", bound=Callable[..., Any])
NOT_LOGGED_IN = 3
# Somebody sits in front of it.
RETRIES = Retries(most=3)


class App:
    """What one run of the command knows: where the server is, and how to print."""

    def __init__(self) -> None:
        self.as_json = False
        self.url = ""
        self._client: Client | None = None

    @property
    def client(self) -> Client:
        """A client with the key of the environment, or of `citizenapp login`."""
        if self._client is None:
            known = credentials.found()
            if not (known.url and known.api_key):
                click.echo(
                    "Not logged in. Run `citizenapp login`, or set CITIZENAPP_URL and"
                    " CITIZENAPP_API_KEY.",
                    err=True,
                )
                raise click.exceptions.Exit(NOT_LOGGED_IN)
            self.url = known.url
            try:
                self._client = Client(known.url, known.api_key, retries=RETRIES)
            except ValueError as error:
                raise click.UsageError(str(error)) from None
        return self._client

    def show(self, answer: BaseModel, for_people: Callable[[], str]) -> None:
        """Print an answer: as JSON, or as people read it."""
        click.echo(json_line(answer) if self.as_json else for_people())

    def note(self, text: str) -> None:
        """Say something beside the answer, where it is in nobody's way."""
        click.echo(text, err=True)


def json_line(answer: BaseModel) -> str:
    """An answer on one line, with the names that the API has for its fields."""
    return answer.model_dump_json(by_alias=True)


def with_json(command: F) -> F:
    """Adds --json."""

    def keep(context: click.Context, _: click.Parameter, value: bool) -> None:
        if value:
            context.ensure_object(App).as_json = True

    return click.option(
        "--json",
        is_flag=True,
        expose_value=False,
        callback=keep,
        help="Print what the server answers, as JSON: one line for each thing.",
    )(command)


def pairs(_: click.Context, parameter: click.Parameter, values: tuple[str, ...]) -> dict[str, str]:
    """The callback of an option that is written NAME=VALUE and may be repeated."""
    found = {}
    for value in values:
        name, is_there, rest = value.partition("=")
        if not name or not is_there:
            raise click.BadParameter(f"{value!r} is not NAME=VALUE.", param=parameter)
        found[name] = rest
    return found


def given(options: dict[str, Any]) -> dict[str, Any]:
    """The options that were written. 0 is a value, though Python takes it for False."""
    return {
        name: value
        for name, value in options.items()
        if value is not None and value is not False and value != {}
    }


def valued(name: str, text: str) -> Any:
    """The value of a field as a command line has it: JSON, a list with commas, or text."""
    if name in ("categories", "questions") and not text.lstrip().startswith("["):
        return [one.strip() for one in text.split(",")]
    try:
        return json.loads(text)
    except ValueError:
        return text


def read_file(name: str, called: str) -> Any:
    """What the client takes as a file; `-` is standard input, which is called as you say."""
    return (called, sys.stdin.buffer.read()) if name == "-" else name
