"""What several parts of one page ask for is found out once.

Only while a page is read: what changes something asks anew, and so does everything that lives
longer than one answer.
"""

from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, TypeVar, cast

T = TypeVar("T")

_known: ContextVar[dict[Hashable, Any] | None] = ContextVar("known", default=None)


@contextmanager
def remembering() -> Iterator[None]:
    """What `once` finds is known until the end of the block."""
    token = _known.set({})
    try:
        yield
    finally:
        _known.reset(token)


def once(key: Hashable, find: Callable[[], T]) -> T:
    """What was found under this key before, else what `find` finds."""
    known = _known.get()
    if known is None:
        return find()
    if key not in known:
        known[key] = find()
    return cast(T, known[key])


def recall(key: Hashable) -> Any:
    """What was found under this key; None where nothing was."""
    return (_known.get() or {}).get(key)


def remember(key: Hashable, value: object) -> None:
    """Whoever asks for it later need not find it."""
    if (known := _known.get()) is not None:
        known[key] = value
