"""What a job will cost, told before it is queued: in a batch, and at once."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import get_origin

from aijobs import jobtypes, pricing
from aijobs.jobtypes import TEXT_FIELD, JobType
from aijobs.templatetags.dollars import at_most

# The instructions around a document, and the tags it stands between.
_FRAME_TOKENS = 500
EXAMPLE_PAGES = 10
_EXAMPLE_BYTES = EXAMPLE_PAGES * 2_500


@dataclass(frozen=True, slots=True)
class Offer:
    """At most this much, as it is shown: rounded up."""

    later: str
    now: str


UNKNOWN = Offer("$–", "$–")


def offer(kind: JobType, document_bytes: int, options: Mapping[str, str], *, on: date) -> Offer:
    """The price of a document of so many bytes; `options` are what the form has so far.

    A price that is not known for that day keeps nobody from queueing: UNKNOWN.
    """
    tokens = pricing.estimate_tokens(document_bytes) + _FRAME_TOKENS
    most = kind.max_tokens(kind.load(_draft(kind, options)))
    try:
        charge = pricing.estimate(kind.model, tokens, most, batch=True, on=on)
    except LookupError:
        return UNKNOWN
    return Offer(*at_most(charge.cost_usd, charge.sync_cost_usd))


def examples(on: date) -> dict[str, Offer]:
    """For each job type, the price of a document of EXAMPLE_PAGES pages."""
    return {kind.name: offer(kind, _EXAMPLE_BYTES, {}, on=on) for kind in jobtypes.all_types()}


def _draft(kind: JobType, options: Mapping[str, str]) -> dict[str, object]:
    """An input that is not complete yet: whole numbers as they are typed, defaults, nothing."""
    draft: dict[str, object] = {TEXT_FIELD: ""}
    for name, field in kind.Input.model_fields.items():
        typed = options.get(name, "")[:7]
        if field.annotation is int and typed.isdecimal():
            draft[name] = int(typed)
        elif not field.is_required():
            draft[name] = field.get_default(call_default_factory=True)
        elif name != TEXT_FIELD:
            draft[name] = [] if get_origin(field.annotation) is list else ""
    return draft
