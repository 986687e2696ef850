"""What can go wrong: the server says no, or does not answer, or takes too long."""

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

import httpx2
from pydantic import ValidationError

from citizenapp_client import models

MEDIA_TYPE = "application/problem+json"
MOST_SHOWN = 10


class CitizenAppError(Exception):
    """Whatever this package raises by itself."""


class Unreachable(CitizenAppError):
    """No answer, after all retries. Whether the server did it, nobody knows.

    It is safe to call again with the `idempotency_key` that this carries.
    """

    def __init__(self, message: str, idempotency_key: str | None = None) -> None:
        super().__init__(message)
        self.idempotency_key = idempotency_key


class StillRunning(CitizenAppError, TimeoutError):
    """It had not ended when the time that you gave was over. The work goes on."""


class UnexpectedAnswer(CitizenAppError):
    """The answer is none that the API is known to give: something else may be at this address."""


class Problem(CitizenAppError):
    """The server refused, and says why (RFC 9457). `citizenapp_client.problems` has the kinds."""

    def __init__(self, document: models.ProblemDocument, headers: Mapping[str, str]) -> None:
        super().__init__(str(document.detail))
        self.document = document
        self.headers = headers

    @property
    def type(self) -> str:
        """The address that names its kind and never changes, such as `/problems/not-found`."""
        return self.document.type

    @property
    def title(self) -> str:
        return self.document.title

    @property
    def status(self) -> int:
        """The HTTP status."""
        return self.document.status

    @property
    def detail(self) -> str:
        """What is wrong with this request, for people."""
        return self.document.detail

    @property
    def errors(self) -> Mapping[str, Sequence[str]]:
        """Messages by field; “categories.3” is the fourth entry of a list."""
        return self.document.errors or {}

    @property
    def rejected(self) -> Sequence[models.RejectedRow]:
        """The first bad rows of a collection, each with its errors by field."""
        return self.document.rejected or ()

    @property
    def rejected_count(self) -> int:
        """How many rows are bad; may be more than `rejected` has."""
        return self.document.rejected_count or len(self.rejected)

    def __str__(self) -> str:
        lines = [self.detail or self.title]
        lines += [f"{name}: {' '.join(told)}" for name, told in self._fields()]
        for row in self.rejected[:MOST_SHOWN]:
            lines += [
                f"row {row.row}: {name}: {' '.join(told)}" for name, told in row.errors.items()
            ]
        if (more := self.rejected_count - len(self.rejected[:MOST_SHOWN])) > 0:
            lines.append(f"… and {more:,} more rows")
        return "\n".join(lines)

    def _fields(self) -> list[tuple[str, Sequence[str]]]:
        """Without what the detail says already."""
        return [(name, told) for name, told in self.errors.items() if list(told) != [self.detail]]


def problem_of(response: httpx2.Response) -> Problem:
    """The error that an answer tells of. Proxies answer with pages: of those the status counts."""
    from citizenapp_client import problems  # noqa: PLC0415 - which stands on this module

    document = None
    if response.headers.get("content-type", "").startswith(MEDIA_TYPE):
        try:
            document = models.ProblemDocument.model_validate_json(response.content)
        except ValidationError:
            document = None
    if document is None:
        document = _without_document(response.status_code)
    kind = problems.BY_TYPE.get(document.type, Problem)
    return kind(document, response.headers)


def _without_document(status: int) -> models.ProblemDocument:
    title = HTTPStatus(status).phrase if status in set(HTTPStatus) else "Unknown status"
    fields: dict[str, Any] = {"type": "about:blank", "title": title, "status": status}
    return models.ProblemDocument(detail=f"The server answered {status} {title}.", **fields)
