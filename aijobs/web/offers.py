"""What jobs will cost, told before they are queued: in a batch, and at once."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import get_origin

from aijobs import jobtypes, tokens
from aijobs.jobtypes import TEXT_FIELD, JobType, JobTypeInput, Part
from aijobs.quotes.bill import Bill
from aijobs.quotes.terms import LongPrompt
from aijobs.templatetags.dollars import between

EXAMPLE_PAGES = 10
_EXAMPLE = "x" * 2_500 * EXAMPLE_PAGES


@dataclass(frozen=True, slots=True)
class Offer:
    """What eight of ten such bills are between, as it is shown."""

    later: str
    now: str


# A price that is not known today keeps nobody from queueing.
UNKNOWN = Offer("$–", "$–")


def of_bill(bill: Bill) -> Offer:
    """What the jobs of a bill cost together."""
    return Offer(*between(bill.batch, bill.at_once)) if bill.is_known else UNKNOWN


def add(bill: Bill, inputs: Iterable[JobTypeInput]) -> list[str]:
    """Add these jobs to a bill; returns why those that it leaves out would be refused."""
    problems = []
    for given in inputs:
        params = bill.kind.params(given)
        expected = tokens.of_request(params, given.parts)
        try:
            model = bill.terms.model_of(expected, field="document")
        except LongPrompt as refusal:
            name = given.parts[0].name
            problems.append(f"{name}: {refusal}" if name else str(refusal))
        else:
            bill.add(expected, params["max_tokens"], model)
    return problems


def examples(now: datetime) -> dict[str, Offer]:
    """For each job type, the price of a document of EXAMPLE_PAGES pages."""
    bills = {kind: Bill(kind, now) for kind in jobtypes.all_types()}
    for kind, bill in bills.items():
        add(bill, [draft(kind, {}, [Part(_EXAMPLE)])])
    return {kind.name: of_bill(bill) for kind, bill in bills.items()}


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
