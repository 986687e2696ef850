"""A result in a line of a list."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from aijobs.jobtypes.raw import text_of
from aijobs.jobtypes.text import cut
from citizenapp.tenants import reader

_CHARS = 240
_WORST_FIRST = ("high", "medium", "low")


@dataclass(frozen=True, slots=True)
class Short:
    """`tag` stands out: a category. `risk` is the highest severity among the risks."""

    tag: str = ""
    text: str = ""
    risk: str = ""


def in_short(job_type: str, result: Mapping[str, Any] | None) -> Short | None:
    """None where there is no result."""
    if result is None:
        return None
    if job_type == "classify":
        return Short(tag=str(result.get("category", "")))
    if job_type == "analyze":
        named = ("findings", "finding"), ("obligations", "obligation"), ("risks", "risk")
        told = [_counted(len(result.get(name) or []), one) for name, one in named]
        found = {risk.get("severity") for risk in result.get("risks") or []}
        worst = next((one for one in _WORST_FIRST if one in found), "")
        return Short(text=", ".join(told), risk=worst)
    if job_type == "raw":
        first = text_of(result) or f"({result.get('stop_reason')})"
    else:
        first = next((value for value in result.values() if isinstance(value, str)), "")
    words = " ".join(first[: 2 * _CHARS].split())
    return Short(text=cut(words, _CHARS))


def _counted(count: int, noun: str) -> str:
    if count == 1:
        return f"1 {noun}"
    return f"{reader.count(count)} {noun}s"
