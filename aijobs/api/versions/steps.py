"""What a version changed."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

Answer = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Step:
    """`changes` are sentences for people. `back` turns an answer into that of the version before.

    It has a pure function for each address that changed, by the name that the address has in
    aijobs/api/urls.py. The function gets the JSON, and may change it.
    """

    changes: tuple[str, ...]
    back: Mapping[str, Callable[[Answer], Answer]]
