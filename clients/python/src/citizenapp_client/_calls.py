"""Requests as data: what is common to programs that wait, and to those that await."""

import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import Enum
from os import PathLike
from pathlib import Path
from typing import Any, BinaryIO, TypeAlias, TypeVar
from urllib.parse import parse_qs, quote, urlsplit
from uuid import UUID, uuid4

import httpx2
from pydantic import BaseModel, ValidationError

from citizenapp_client.errors import UnexpectedAnswer

Id: TypeAlias = UUID | str
# A path, or the name of the file with its bytes or with a file that is open for reading.
File: TypeAlias = str | PathLike[str] | tuple[str, bytes | BinaryIO]
Moment: TypeAlias = datetime | date
F = TypeVar("F", bound=Callable[..., Any])
M = TypeVar("M", bound=BaseModel)

IDEMPOTENCY_KEY = "Idempotency-Key"
# An answer takes its time, also after the server has held the question.
MARGIN_SECONDS = 30


def operation(operation_id: str) -> Callable[[F], F]:
    """Names the operation of the OpenAPI schema that a method calls: a test compares the two."""

    def mark(method: F) -> F:
        method.__dict__["operation"] = operation_id
        return method

    return mark


@dataclass(frozen=True, slots=True)
class Call:
    """A request that can be sent several times. `path` has its ids filled in already."""

    method: str
    path: str
    query: Mapping[str, Any] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    json: Any = None
    fields: Mapping[str, str] | None = None
    files: Sequence[tuple[str, File]] = ()
    read_timeout: float | None = None

    def request(self, http: Any, stack: ExitStack) -> httpx2.Request:
        """The request for the next try; files are open as long as the stack is."""
        more: dict[str, Any] = {}
        if self.fields is not None or self.files:
            more["data"] = self.fields
            more["files"] = [(name, _opened(file, stack)) for name, file in self.files]
        elif self.json is not None:
            more["json"] = self.json
        if self.read_timeout is not None:
            timeout: httpx2.Timeout = http.timeout
            known = timeout.as_dict()
            more["timeout"] = httpx2.Timeout(**{**known, "read": self.read_timeout})
        request: httpx2.Request = http.build_request(
            self.method, self.path, params=self.query, headers=self.headers, **more
        )
        return request


def get(path: str, /, **query: Any) -> Call:
    return Call("GET", path, query_of(query))


def waiting(path: str, wait: int | None, tag: str) -> Call:
    """A question that the server holds until the answer is another than that of the tag."""
    query = query_of({"wait": wait})
    headers = {"If-None-Match": tag} if tag else {}
    timeout = None if wait is None else wait + MARGIN_SECONDS
    return Call("GET", path, query, headers, read_timeout=timeout)


def post(
    path: str, body: Mapping[str, Any] | None = None, /, *, key: str | None = None, **query: Any
) -> Call:
    """A POST with a key of its own, unless you have one."""
    headers = {IDEMPOTENCY_KEY: key or str(uuid4())}
    return Call(
        "POST", path, query_of(query), headers, json=None if body is None else json_of(body)
    )


def patch(path: str, body: Mapping[str, Any], /, *, key: str | None = None) -> Call:
    """With a key as well: sent again, it is answered as the first time."""
    headers = {IDEMPOTENCY_KEY: key or str(uuid4())}
    return Call("PATCH", path, headers=headers, json=json_of(body))


def delete(path: str, /, *, key: str | None = None) -> Call:
    """With a key as well: sent again, it is answered as the first time, and not with 404."""
    return Call("DELETE", path, headers={IDEMPOTENCY_KEY: key or str(uuid4())})


def form(
    path: str,
    fields: Mapping[str, Any],
    files: Sequence[tuple[str, File]],
    /,
    *,
    key: str | None = None,
    **query: Any,
) -> Call:
    """A form with files, which are read anew for every try."""
    return Call(
        "POST",
        path,
        query_of(query),
        {IDEMPOTENCY_KEY: key or str(uuid4())},
        fields={name: _of_form(value) for name, value in given(fields).items()},
        files=[(name, _repeatable(file)) for name, file in files],
    )


def at(template: str, *ids: Id) -> str:
    """A path with its ids, whatever is in them."""
    return template.format(*(quote(str(id_), safe="") for id_ in ids))


def given(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Without what was left out."""
    return {name: value for name, value in fields.items() if value is not None}


def query_of(values: Mapping[str, Any]) -> dict[str, str]:
    """As the API reads parameters. A name that Python keeps to itself has a _ at its end."""
    return {name.rstrip("_"): _of_query(value) for name, value in given(values).items()}


def json_of(body: Mapping[str, Any]) -> Any:
    """As JSON; ids and moments are text."""
    return json.loads(json.dumps(given(body), default=_plain))


def _of_query(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (list, tuple, set, frozenset)):
        return ",".join(map(_of_query, value))
    return str(_plain(value))


def _of_form(value: Any) -> Any:
    if isinstance(value, Mapping):
        return json.dumps(value, default=_plain)
    # A field that has several values is repeated.
    if isinstance(value, (list, tuple)):
        return [_of_query(one) for one in value]
    return _of_query(value)


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        if value.tzinfo is None:
            raise ValueError("A moment needs its time zone, such as datetime.UTC.")
        return value.isoformat()
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, (set, frozenset, tuple, Sequence)) and not isinstance(value, (str, bytes)):
        return list(value)
    return value if isinstance(value, (str, int, float)) else str(value)


def _repeatable(file: File) -> File:
    """The same file, so that it can be sent a second time: a pipe is read into memory first."""
    if not isinstance(file, tuple) or isinstance(file[1], bytes) or file[1].seekable():
        return file
    return file[0], file[1].read()


def _opened(file: File, stack: ExitStack) -> tuple[str, bytes | BinaryIO]:
    """The HTTP library goes to the beginning of a file by itself."""
    if isinstance(file, tuple):
        return file
    path = Path(file)
    return path.name, stack.enter_context(path.open("rb"))


def name_of(file: File) -> str:
    """What a file is called, without its folder and its ending."""
    return Path(file[0] if isinstance(file, tuple) else file).stem


def parsed(kind: type[M], response: httpx2.Response) -> M:
    """The answer. Raises UnexpectedAnswer where it is not what the API answers."""
    return parsed_text(kind, response.content)


def parsed_text(kind: type[M], text: str | bytes) -> M:
    try:
        return kind.model_validate_json(text)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        where = ".".join(map(str, first["loc"])) or "the answer"
        message = f"Not an answer of CitizenApp as this client knows it: {where}: {first['msg']}"
    # Outside the handler: the error of the reader carries the whole answer.
    raise UnexpectedAnswer(message)


def cursor_of(address: str | None) -> str | None:
    """The cursor in the address of the next page; the host in it may be one behind a proxy."""
    found = parse_qs(urlsplit(address or "").query).get("cursor")
    return found[0] if found else None
