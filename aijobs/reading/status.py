"""The status that people see of a job: processing while Anthropic has its batch."""

from typing import Protocol, cast

from aijobs.models import AIJob


class _Annotated(Protocol):
    shown_status: str


def shown_status(job: AIJob) -> str:
    """What `with_shown_status` annotated. Raises AttributeError for a job read without it."""
    return cast(_Annotated, job).shown_status
