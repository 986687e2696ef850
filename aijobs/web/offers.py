"""What jobs will cost, told before they are queued: in a batch, and at once."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import get_origin

from aijobs import jobtypes, pricing, tokens
from aijobs.jobtypes import TEXT_FIELD, JobType, JobTypeInput, Part
from aijobs.templatetags.dollars import at_most

EXAMPLE_PAGES = 10
_EXAMPLE = "x" * 2_500 * EXAMPLE_PAGES


@dataclass(frozen=True, slots=True)
class Offer:
    """At most this much, as it is shown: rounded up."""

    later: str
    now: str


UNKNOWN = Offer("$–", "$–")


class Price:
    """The price of jobs of one type together, as they are added.

    A price that is not known for that day keeps nobody from queueing: UNKNOWN.
    """

    def __init__(self, kind: JobType, on: date) -> None:
        self._kind, self._on = kind, on
        self._later = self._now = Decimal(0)
        self._is_known = True

    def add(self, prompt_tokens: int, max_tokens: int) -> None:
        model = self._kind.model
        try:
            most = pricing.estimate(model, prompt_tokens, max_tokens, batch=True, on=self._on)
        except LookupError:
            self._is_known = False
        else:
            self._later += most.cost_usd
            self._now += most.sync_cost_usd

    @property
    def offer(self) -> Offer:
        return Offer(*at_most(self._later, self._now)) if self._is_known else UNKNOWN


def offer(kind: JobType, inputs: Iterable[JobTypeInput], *, on: date) -> Offer:
    """The price of these jobs together."""
    price = Price(kind, on)
    for given in inputs:
        params = kind.params(given)
        price.add(tokens.of_request(params, given.parts).tokens, params["max_tokens"])
    return price.offer


def examples(on: date) -> dict[str, Offer]:
    """For each job type, the price of a document of EXAMPLE_PAGES pages."""
    parts = [Part(_EXAMPLE)]
    return {
        kind.name: offer(kind, [draft(kind, {}, parts)], on=on) for kind in jobtypes.all_types()
    }


def draft(kind: JobType, options: Mapping[str, object], parts: Iterable[Part]) -> JobTypeInput:
    """An input that is not complete yet: what is filled in so far, then defaults, then nothing."""
    values: dict[str, object] = {}
    for name, field in kind.Input.model_fields.items():
        given = options.get(name)
        if field.annotation is int and str(given or "").isdecimal():
            values[name] = int(str(given)[:7])
        elif isinstance(given, list):
            values[name] = given
        elif not field.is_required():
            values[name] = field.get_default(call_default_factory=True)
        elif name != TEXT_FIELD:
            values[name] = [] if get_origin(field.annotation) is list else ""
    input_: JobTypeInput = kind.load(values, list(parts))
    return input_
