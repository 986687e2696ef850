"""What jobs will cost, told before they are queued: in a batch, and at once."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import get_origin

from aijobs import jobtypes
from aijobs.jobtypes import TEXT_FIELD, JobType, JobTypeInput, Part
from aijobs.pipeline import accept
from aijobs.quotes import times
from aijobs.quotes.bill import Bill, Cost
from aijobs.quotes.terms import LongPrompt, Terms
from aijobs.templatetags.dollars import between, cents
from aijobs.web import wishes
from citizenapp.tenants import reader
from citizenapp.tenants.models import Tenant

EXAMPLE_PAGES = 10
_EXAMPLE = "x" * 2_500 * EXAMPLE_PAGES


@dataclass(frozen=True, slots=True)
class Offer:
    """What eight of ten such bills are between, as it is shown."""

    later: str
    now: str
    jobs: int = 0
    repeated: int = 0
    """How many of the jobs were asked before, and are free."""
    saved: str = ""
    """What the price by batch is less by the cache; empty where it saves nothing."""

    @property
    def repeats(self) -> str:
        """“12 of 500 were asked before: $0”, or nothing."""
        if not self.repeated:
            return ""
        if self.jobs == 1:
            return "This was asked before: $0"
        were = "was" if self.repeated == 1 else "were"
        return f"{reader.count(self.repeated)} of {reader.count(self.jobs)} {were} asked before: $0"

    @property
    def saving(self) -> str:
        """The same of the cache."""
        return f"About {self.saved} less by the cache, if it lasts for all" if self.saved else ""


# A price that is not known today keeps nobody from queueing.
UNKNOWN = Offer("$–", "$–")


def of_bill(bill: Bill) -> Offer:
    """What the jobs of a bill cost together."""
    if not bill.is_known:
        return UNKNOWN
    saved = cents(bill.saved_by_cache) if bill.saved_by_cache else ""
    later, at_once = ranges(bill.batch, bill.at_once)
    return Offer(later, at_once, bill.jobs, bill.repeated, saved)


def ranges(*costs: Cost) -> list[str]:
    """How costs that stand together are shown; what is free is no range."""
    return [
        shown if cost.high else "$0" for cost, shown in zip(costs, between(*costs), strict=True)
    ]


def usually(bill: Bill, now: datetime) -> str:
    """How long the jobs of a bill take together by batch, as the form says it of one."""
    return wishes.usually(timedelta(seconds=times.by_batch(bill, now)["latest"]))


def bill_of(
    terms: Terms, inputs: Iterable[JobTypeInput], problems: list[str], *, fresh: bool = False
) -> Bill:
    """The bill of these jobs, one by one.

    Those that would be refused are not in it: `problems` gets why.
    """

    def good() -> Iterator[accept.Asked]:
        for given in inputs:
            try:
                yield accept.Asked.of(terms, given, field="document")
            except LongPrompt as refusal:
                name = given.parts[0].name
                problems.append(f"{name}: {refusal}" if name else str(refusal))

    return accept.bill_of(terms, good(), fresh=fresh)


def examples(tenant: Tenant, now: datetime) -> dict[str, Offer]:
    """For each job type, the price of a document of EXAMPLE_PAGES pages."""
    parts = [Part(_EXAMPLE)]
    found = {}
    for kind in jobtypes.offered():
        terms = Terms(tenant, kind, now)
        found[kind.name] = of_bill(bill_of(terms, [draft(kind, {}, parts)], [], fresh=True))
    return found


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
