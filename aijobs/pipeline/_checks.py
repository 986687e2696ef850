"""What is asked for, checked: one job, or the rows of a collection."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from hashlib import sha256
from typing import Any, Self

import orjson
from django.conf import settings

from aijobs import caching, tokens
from aijobs.caching import Prefix
from aijobs.documents import Document, of_text
from aijobs.documents.originals import problem_of_all
from aijobs.jobtypes import TEXT_FIELD, TEXT_NAMES, InvalidInput, JobType, JobTypeInput, Part
from aijobs.models import AIJob, Trial
from aijobs.own_data import FIELDS as OWN_FIELDS
from aijobs.own_data import OwnData, own_data
from aijobs.quotes.terms import Terms
from citizenapp.tenants.models import Tenant

# Beyond this nobody gains by naming a deadline: a batch that was not answered expires after a day.
LONGEST_DEADLINE = 7 * 24 * 3600
# What a job's line in a batch may hold besides the params. custom_id, braces, quotes and comma are
# at most 91 bytes. Whoever changes a model's setting while the job waits may give it a longer name:
# at most 99 bytes more, as checks.MODEL_NAME_BYTES says. A breakpoint of the cache, with the block
# that bears it, takes 77.
LINE_BYTES = 300
# A request of the Messages API has at most 32 MB, be it in a batch or not:
# https://platform.claude.com/docs/en/api/overview#request-size-limits
MOST_REQUEST_BYTES = 32_000_000
# Of a job that is wanted at once, and of a trial.
NEVER_AT_ONCE = (
    "This workspace never pays the full price, and nothing runs at once: see “Deadlines” in its"
    " settings."
)
# The answer tells the errors of so many bad rows, and only counts the others.
REJECTED_TOLD = 1_000


# A row's number, as its sender knows it; the fields of a job, or the InvalidInput that reading them
# has brought; and its documents, where they came as files.
Row = tuple[int, object, *tuple[Document, ...]]


@dataclass(frozen=True, slots=True)
class Rejected:
    """A row that no job can be made of, by the number its sender knows."""

    row: int
    errors: dict[str, list[str]]


@dataclass(frozen=True, slots=True)
class Asked:
    """A request as quotes and the queue see it: without its documents."""

    request_bytes: int
    """Of its line in a batch, at most."""
    fingerprint: bytes
    """Of the question: the same for jobs of which the same would be sent."""
    tokens: tokens.Estimate
    """Of the prompt."""
    max_tokens: int
    model: str = ""
    """The model that this job has for itself; "" where it is that of its type."""
    needed_within: float | None = None
    prefix: Prefix | None = None
    """The beginning of the prompt, where the cache would keep it."""

    @classmethod
    def of(
        cls,
        terms: Terms,
        given: JobTypeInput,
        needed_within: float | None = None,
        *,
        field: str,
        shares_document: bool = False,
    ) -> Self:
        """Raises LongPrompt, about this field, where the tenant refuses its length.

        `shares_document`: its text is the default one of its collection.
        """
        kind = terms.kind
        # A second attempt may have twice the max_tokens: a digit more, which LINE_BYTES covers.
        params = kind.request(given)
        if kind.passes_on:
            request = orjson.dumps(params)
            return cls(
                request_bytes=len(request) + LINE_BYTES,
                fingerprint=_fingerprint(kind, request),
                tokens=tokens.of_params(params, request),
                max_tokens=kind.max_tokens(given),
                model=kind.own_model(given),
                needed_within=needed_within,
            )
        expected = tokens.of_request(params, given.parts)
        model = terms.model_of(expected, field=field)
        params["model"] = kind.model_of(model)
        request = orjson.dumps(params)
        return cls(
            request_bytes=len(request) + LINE_BYTES,
            fingerprint=_fingerprint(kind, request),
            tokens=expected,
            max_tokens=params["max_tokens"],
            model=model,
            needed_within=needed_within,
            # A cache is one model's: what goes to another reads nothing that the others write.
            prefix=None if model else caching.prefix_of(params, shares_document=shares_document),
        )

    def reserved(self, terms: Terms) -> Decimal:
        """What it may cost: at the full price where it has a deadline, which may ask for that."""
        has_deadline = self.needed_within is not None
        return terms.reserved(self.tokens, self.max_tokens, self.model, batch=not has_deadline)

    @property
    def route(self) -> str:
        """Where it waits first: for a direct call where it is needed now, else for a batch."""
        return (AIJob.Route.SYNC if self.needed_within == 0 else AIJob.Route.BATCH).value

    def needed_by(self, now: datetime) -> datetime | None:
        """Its deadline, where it is queued now; None where nothing says when it is needed."""
        return None if self.needed_within is None else now + timedelta(seconds=self.needed_within)


@dataclass(slots=True)
class Checked:
    """One valid request: the columns that differ from job to job."""

    documents: Sequence[Document]
    options: dict[str, Any]
    asked: Asked
    own: OwnData
    shares_document: bool = False
    row: int | None = None


@dataclass(slots=True)
class Rejections:
    """Rows that are left out: all of them are counted, and REJECTED_TOLD of them told."""

    told: list[Rejected] = field(default_factory=list)
    count: int = 0

    def add(self, row: int, errors: dict[str, list[str]]) -> None:
        self.count += 1
        if len(self.told) < REJECTED_TOLD:
            self.told.append(Rejected(row, errors))


def check(
    terms: Terms,
    raw: Mapping[str, object],
    needed_within: object,
    documents: Sequence[Document] = (),
    *,
    lenient: bool,
    shares_document: bool = False,
) -> Checked:
    """What is asked for, checked as a whole. Raises InvalidInput with all errors by field.

    `terms` are those of its job type, for its tenant.
    `shares_document`: its text is the default one of its collection.
    """
    if not isinstance(raw, Mapping):
        raise InvalidInput({"non_field_errors": ["Must be an object."]})
    kind = terms.kind
    errors: dict[str, list[str]] = {}
    within, own = None, OwnData()
    try:
        within = _deadline(needed_within, lenient=lenient)
    except ValueError as error:
        errors["needed_within"] = [str(error)]
    if within == 0 and not terms.tenant.full_price:
        errors["needed_within"] = [NEVER_AT_ONCE]
    try:
        own = own_data(raw, lenient=lenient)
    except InvalidInput as error:
        errors |= error.errors
    fields = {name: value for name, value in raw.items() if name not in OWN_FIELDS}
    try:
        given = kind.validate(
            fields,
            [one.part for one in documents],
            lenient=lenient,
            shares_document=shares_document,
        )
    except InvalidInput as error:
        raise InvalidInput(errors | error.errors) from None
    if errors:
        raise InvalidInput(errors)
    asked = Asked.of(
        terms,
        given,
        within,
        field="document" if documents else TEXT_FIELD,
        shares_document=shares_document,
    )
    if asked.request_bytes > MOST_REQUEST_BYTES:
        most, size = MOST_REQUEST_BYTES // 1_000_000, asked.request_bytes / 1e6
        raise InvalidInput(
            {"document": [f"Makes a request of {size:.1f} MB; at most {most} MB are accepted."]}
        )
    if problem := problem_of_all(documents):
        raise InvalidInput({"document": [problem]})
    return Checked(
        documents=documents or [of_text(given.document_text)],
        options=kind.options(given),
        asked=asked,
        own=own,
        shares_document=shares_document,
    )


def check_rows(
    terms: Terms,
    rows: Iterable[Row],
    defaults: Mapping[str, object],
    needed_within: object,
    rejections: Rejections,
    *,
    lenient: bool,
) -> Iterator[Checked]:
    """The valid rows, as they are read; the others are added to `rejections`.

    Raises InvalidInput for more than AIJOBS_COLLECTION_ITEMS rows.
    """
    for count, (row, item, *documents) in enumerate(rows, 1):
        if count > settings.AIJOBS_COLLECTION_ITEMS:
            limit = f"{settings.AIJOBS_COLLECTION_ITEMS:,}"
            raise InvalidInput({"items": [f"A collection holds at most {limit} items."]})
        if isinstance(item, InvalidInput):
            rejections.add(row, item.errors)
            continue
        if not isinstance(item, Mapping):
            rejections.add(row, {"non_field_errors": ["Must be an object."]})
            continue
        raw = {field: value for field, value in item.items() if not lenient or value != ""}
        # An item's text takes the place of the default one, whatever each calls it.
        has_text = not raw.keys().isdisjoint(TEXT_NAMES)
        for name, value in defaults.items():
            if not (has_text and name in TEXT_NAMES):
                raw.setdefault(name, value)
        own = raw.pop("needed_within", needed_within)
        try:
            checked = check(
                *(terms, raw, own, documents),
                lenient=lenient,
                shares_document=not (has_text or documents),
            )
            checked.row = row
            yield checked
        except InvalidInput as error:
            rejections.add(row, error.errors)


def check_defaults(
    kind: JobType, defaults: Mapping[str, object], fields: Collection[str], *, lenient: bool
) -> None:
    """Refuse once what would be wrong in each row: a field that no row has, and how it is given.

    `fields` are those that rows have themselves. Raises InvalidInput.
    """
    given = {
        name: value
        for name, value in defaults.items()
        if name not in (*TEXT_NAMES, *OWN_FIELDS, "needed_within")
    }
    try:
        kind.validate(given, [Part(" ")], lenient=lenient)
    except InvalidInput as error:
        errors = {
            path: told
            for path, told in error.errors.items()
            if path.partition(".")[0] not in fields
        }
        if errors:
            raise InvalidInput(errors) from None


def check_collection(tenant: Tenant, name: object, on_error: object, trial: object = 0) -> None:
    """What is asked of all rows together. Raises InvalidInput."""
    errors: dict[str, list[str]] = {}
    if trial and not tenant.full_price:
        errors["trial"] = [NEVER_AT_ONCE]
    if isinstance(trial, bool) or not isinstance(trial, int) or not 0 <= trial <= Trial.MOST:
        errors["trial"] = [f"Must be a whole number from 0 to {Trial.MOST}."]
    if not isinstance(name, str) or not name.strip():
        errors["name"] = ["This field is required."]
    elif len(name.strip()) > 200:
        errors["name"] = ["Must have at most 200 characters."]
    elif "\0" in name or name != name.encode("utf-8", "replace").decode():
        errors["name"] = ["Holds a character that no name can have."]
    if on_error not in ("reject", "skip"):
        errors["on_error"] = ["Must be “reject” or “skip”."]
    if errors:
        raise InvalidInput(errors)


def check_fresh(value: object, *, lenient: bool) -> bool:
    """Whether to ask anew what was asked before. Raises InvalidInput."""
    if lenient and isinstance(value, str):
        value = {"true": True, "false": False, "": False}.get(value.strip().lower())
    if not isinstance(value, bool):
        raise InvalidInput({"fresh": ["Must be true or false."]})
    return value


def _fingerprint(kind: JobType, request: bytes) -> bytes:
    return sha256(kind.name.encode() + request).digest()


def _deadline(value: object, *, lenient: bool) -> float | None:
    """Seconds from now, checked. Raises ValueError with a sentence for the sender."""
    if lenient and isinstance(value, str):
        try:
            value = float(value) if value.strip() else None
        except ValueError:
            raise ValueError("Must be a number of seconds.") from None
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError("Must be a number of seconds.")  # noqa: TRY004  (a sentence, no bug)
    if not 0 <= value <= LONGEST_DEADLINE:
        raise ValueError(f"Must be from 0 to {LONGEST_DEADLINE:,} seconds.")
    return float(value)
