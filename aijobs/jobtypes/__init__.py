"""The kinds of job there are. Adding one is adding a file with a JobType in it."""

import importlib
import inspect
import pkgutil
from collections.abc import Iterator, Mapping

from .base import (
    MAX_DOCUMENT_CHARS,
    TEXT_ALIASES,
    TEXT_FIELD,
    TEXT_NAMES,
    InvalidInput,
    InvalidOutput,
    JobType,
    JobTypeInput,
    JobTypeOutput,
)
from .parts import Part

__all__ = [
    "MAX_DOCUMENT_CHARS",
    "TEXT_ALIASES",
    "TEXT_FIELD",
    "TEXT_NAMES",
    "InvalidInput",
    "InvalidOutput",
    "JobType",
    "JobTypeInput",
    "JobTypeOutput",
    "Part",
    "UnknownJobType",
    "all_types",
    "get",
    "names",
    "offered",
    "use_models",
]


class UnknownJobType(LookupError):
    """There is no job type of that name."""


def get(name: str) -> JobType:
    """The job type called `name`. Raises UnknownJobType."""
    try:
        return _registry[name]
    except KeyError:
        raise UnknownJobType(f"No job type {name!r}; there are {', '.join(_registry)}.") from None


def names() -> tuple[str, ...]:
    """The names of all job types, in alphabetical order."""
    return tuple(_registry)


def all_types() -> tuple[JobType, ...]:
    """All job types, by name."""
    return tuple(_registry.values())


def offered() -> tuple[JobType, ...]:
    """Those that people and programs choose from: each has a form and an endpoint of its own."""
    return tuple(kind for kind in all_types() if not kind.passes_on)


def use_models(models: Mapping[str, str]) -> None:
    """Let job types ask these models: model by name of the job type. Raises UnknownJobType.

    For requests that are made from now on, in this process.
    """
    for name, model in models.items():
        get(name).model = model


def _discover() -> Iterator[JobType]:
    for module in pkgutil.iter_modules(__path__, f"{__name__}."):
        for member in vars(importlib.import_module(module.name)).values():
            if (
                inspect.isclass(member)
                and issubclass(member, JobType)
                and not inspect.isabstract(member)
            ):
                yield member()


_registry = {job_type.name: job_type for job_type in sorted(_discover(), key=lambda t: t.name)}
