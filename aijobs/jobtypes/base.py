"""What every job type has in common: reading input, building a request, reading an answer."""

import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cached_property
from typing import Annotated, Any, ClassVar, Generic, cast, get_origin

import orjson
from pydantic import (
    AliasChoices,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PrivateAttr,
    ValidationError,
)
from pydantic_core import ErrorDetails
from typing_extensions import TypeVar

from .parts import Part, content, explained
from .text import Text, enclose, utf8

# The context window holds 1,000,000 tokens, and no script needs more than about 1.5 tokens a
# character. Haiku 5.5 costs five times as much above 100,000 prompt tokens, near 300,000
# characters of English; that is still a quarter of what Sonnet 5.5 costs. Whether such a document
# is asked about at that price, of another model, or not at all, is said by its tenant.
MAX_DOCUMENT_CHARS = 600_000

# The most that a current model writes in one answer, in tokens.
MAX_OUTPUT_TOKENS = 128_000

_MAX_ERRORS = 50
_MAX_FIELD_NAME = 100
_MESSAGES = {
    "missing": "This field is required.",
    "extra_forbidden": "There is no such field.",
    "int_type": "Must be a whole number.",
    "list_type": "Must be a list.",
    "greater_than_equal": "Must be at least {ge:,}.",
    "less_than_equal": "Must be at most {le:,}.",
    "too_short": "Needs at least {min_length} entries.",
    "too_long": "May have at most {max_length} entries.",
}


class InvalidInput(ValueError):
    """Input that no job can be made of.

    `errors` maps a dotted path ("categories.3"; "non_field_errors" for the input as a whole) to
    messages for the person who sent it. They never quote what was sent.
    """

    def __init__(self, errors: Mapping[str, Iterable[str]]) -> None:
        self.errors = {field: list(messages) for field, messages in errors.items()}
        super().__init__("; ".join(f"{k}: {' '.join(v)}" for k, v in self.errors.items()))


class InvalidOutput(ValueError):
    """A model's answer that does not hold. The message says why without quoting it."""


def _integral(value: object) -> object:
    """JSON has one kind of number: 500.0 is a whole one too, and some clients write it so."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


WholeNumber = Annotated[int, BeforeValidator(_integral)]


# The field that holds the document, and what else clients may call it.
TEXT_FIELD = "document_text"
TEXT_ALIASES = ("text", "policy_text")
TEXT_NAMES = (TEXT_FIELD, *TEXT_ALIASES)


class JobTypeInput(BaseModel):
    """Base of all inputs: JSON types are taken literally, unknown fields are errors."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    document_text: Annotated[str, Text(MAX_DOCUMENT_CHARS, surrogates=True)] = Field(
        "", validation_alias=AliasChoices(TEXT_FIELD, *TEXT_ALIASES)
    )
    _parts: tuple[Part, ...] = PrivateAttr(())
    _shares_document: bool = PrivateAttr(False)

    @property
    def parts(self) -> tuple[Part, ...]:
        """Its documents. None where it was loaded without them."""
        return self._parts or ((Part(self.document_text),) if self.document_text else ())

    @property
    def shares_document(self) -> bool:
        """Whether its text is that of the other jobs of its collection. Then it stands first."""
        return self._shares_document


class JobTypeOutput(BaseModel):
    """Base of all outputs."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


InputT = TypeVar("InputT", bound=JobTypeInput, default=Any)


class JobType(ABC, Generic[InputT]):
    """One kind of job. `jobtypes.get(name)` hands out the only instance."""

    name: ClassVar[str]
    title: ClassVar[str]
    description: ClassVar[str]
    model: str
    """The default; `jobtypes.use_models` names another."""
    usual_answer: ClassVar[float] = 0.3
    """Which part of `max_tokens` an answer usually takes: quotes begin with it, and then learn."""
    reads_document: ClassVar[bool] = False
    """Whether `read` looks at the document again; otherwise the rest of the input is enough."""
    writes_text: ClassVar[bool] = False
    """Whether what Claude writes is for people to read as it is, and no JSON."""
    passes_on: ClassVar[bool] = False
    """Whether a job is a Messages request as a program wrote it, and its result the whole message,
    whatever it says. Only the door for such programs takes it, and the same twice is asked twice.
    """
    list_separators: ClassVar[str] = "\n|;,"
    """What may part the entries of a list in a table cell; the first one found counts."""

    Input: type[InputT]
    Output: type[JobTypeOutput]

    def validate(
        self,
        raw: Mapping[str, object],
        parts: Sequence[Part] = (),
        *,
        lenient: bool = False,
        shares_document: bool = False,
    ) -> InputT:
        """Check input from outside; `lenient` reads numbers and lists out of table cells.

        `parts` are the documents that came as files; without any, `raw` must hold the text, and
        only then may it be one that other jobs share.

        Raises InvalidInput.
        """
        if not isinstance(raw, Mapping):
            raise InvalidInput({"non_field_errors": ["Must be an object."]})
        # A name that is not Unicode would be an error without a name.
        values = {utf8(str(name)): value for name, value in raw.items()}
        texts = [name for name in TEXT_NAMES if name in values]
        errors = {} if texts or parts else {TEXT_FIELD: [_MESSAGES["missing"]]}
        if texts and parts:
            errors = {"document": [f"Send either this or {texts[0]}."]}
        problems: list[ErrorDetails] = []
        try:
            given = self.Input.model_validate(self._from_cells(values) if lenient else values)
        except ValidationError as error:
            problems = error.errors(include_url=False, include_input=False)
        # Raised outside the handler: pydantic's error quotes the input, and a context is reported.
        if problems or errors:
            raise InvalidInput(errors | _by_field(problems))
        given._parts = tuple(parts)
        given._shares_document = shares_document
        return given

    def load(
        self,
        options: Mapping[str, Any],
        parts: Sequence[Part] = (),
        *,
        shares_document: bool = False,
    ) -> InputT:
        """The input again, from the options of an accepted one. Nothing is checked.

        Unless `reads_document`, `read` is content with an input that lacks the documents.
        """
        given = cast(InputT, self.Input.model_construct(**options))
        given._parts = tuple(parts)
        given._shares_document = shares_document
        return given

    @staticmethod
    def options(given: JobTypeInput) -> dict[str, Any]:
        """What it was given apart from its documents, as JSON data."""
        return given.model_dump(exclude={TEXT_FIELD})

    @abstractmethod
    def max_tokens(self, given: InputT) -> int:
        """How many tokens a whole answer needs at most."""

    @abstractmethod
    def params(self, given: InputT, *, max_tokens_factor: int = 1) -> dict[str, Any]:
        """The body of a Messages request, always the same for the same input, valid as UTF-8 JSON.

        `max_tokens_factor` multiplies `max_tokens`, for another try after an answer was cut off.
        """

    def own_model(self, given: InputT) -> str:  # noqa: ARG002
        """The model that the input itself names; "" where its type says which one is asked."""
        return ""

    def model_of(self, own: str) -> str:
        """The model that is asked: a job's own, where it has one."""
        return own or self.model

    def request(
        self, given: InputT, *, model: str = "", max_tokens_factor: int = 1
    ) -> dict[str, Any]:
        """`params`, asked of a job's own `model` where it has one."""
        params = self.params(given, max_tokens_factor=max_tokens_factor)
        return params | {"model": self.model_of(model)}

    @abstractmethod
    def read(self, given: InputT, text: str) -> dict[str, Any]:
        """The result in the shape of `Output`, as JSON data. Raises InvalidOutput."""

    def word(self, result: Mapping[str, Any]) -> str:  # noqa: ARG002
        """The result in one word, by which it is counted and compared; "" where there is none.

        aijobs/sql/word_of_answer.sql tells the same of answers from before words were stored.
        """
        return ""

    def corrected(self, given: InputT, result: Mapping[str, Any]) -> dict[str, Any]:  # noqa: ARG002
        """What a person puts in the place of a result, in the same shape. Raises InvalidInput."""
        problems: list[ErrorDetails] = []
        try:
            return self.Output.model_validate(result).model_dump(exclude_unset=True)
        except ValidationError as error:
            problems = error.errors(include_url=False, include_input=False)
        raise InvalidInput(_by_field(problems))

    @property
    def columns(self) -> list[str]:
        """The columns that results have in a table."""
        return list(self.Output.model_fields)

    def cells(self, result: Mapping[str, Any]) -> Mapping[str, Any]:
        """What stands of a result in these columns."""
        return result

    def _request(
        self, given: InputT, max_tokens_factor: int, *, system: str, options: str, task: str
    ) -> dict[str, Any]:
        """What the jobs of a collection mostly share stands first: a cache keeps beginnings.

        That is the `options`, unless it is the document. `task` is the same for every job.
        """
        parts = given.parts
        said: str | list[dict[str, Any]]
        if given.shares_document:
            texts = [*(enclose(part.text) for part in parts), _paragraphs(options, task)]
            said = [{"type": "text", "text": text} for text in texts]
            system = _paragraphs(system, explained(parts))
        else:
            said = content(parts, task)
            system = _paragraphs(system, explained(parts), options)
        return {
            "model": self.model,
            "max_tokens": min(self.max_tokens(given) * max_tokens_factor, MAX_OUTPUT_TOKENS),
            "system": system,
            "messages": [{"role": "user", "content": said}],
        }

    @cached_property
    def _readers(self) -> dict[str, tuple[bool, Callable[[str], object]]]:
        """How a cell is read for each field, and whether the field is required."""
        readers: dict[object, Callable[[str], object]] = {int: _whole_number, list: self._entries}
        return {
            name: (
                # An empty text is an error, and no text that was left out.
                field.is_required() or name == TEXT_FIELD,
                readers.get(get_origin(field.annotation) or field.annotation, str),
            )
            for name, field in self.Input.model_fields.items()
        }

    def _from_cells(self, raw: Mapping[str, object]) -> dict[str, object]:
        values: dict[str, object] = {}
        for name, cell in raw.items():
            is_required, read = self._readers.get(name, (True, str))
            if not isinstance(cell, str):
                values[name] = cell
            elif is_required or cell.strip():
                values[name] = read(cell)
        return values

    def _entries(self, cell: str) -> list[object]:
        if cell.lstrip().startswith("["):
            try:
                return list(orjson.loads(cell))
            except ValueError:
                pass  # "[draft]; [final]" is a list in plain words.
        separator = next((mark for mark in self.list_separators if mark in cell), "\n")
        return [entry.strip() for entry in cell.split(separator) if entry.strip()]


def parse_answer(text: str) -> dict[str, Any]:
    """The JSON object in a structured answer. Raises InvalidOutput."""
    try:
        answer = orjson.loads(text.encode("utf-8", "surrogatepass"))
    except ValueError:
        answer = None
    # Raised outside the handler: the parser's error carries the whole answer.
    if not isinstance(answer, dict):
        raise InvalidOutput("The answer is not a JSON object.")
    return answer


def _paragraphs(*texts: str) -> str:
    return "\n\n".join(filter(None, texts))


def _whole_number(cell: str) -> object:
    return int(cell) if re.fullmatch(r"\s*[+-]?[0-9]{1,18}\s*", cell) else cell


def _by_field(problems: Iterable[ErrorDetails]) -> dict[str, list[str]]:
    errors: dict[str, list[str]] = {}
    for problem in list(problems)[:_MAX_ERRORS]:
        path = ".".join(str(part) for part in problem["loc"])
        field = path[:_MAX_FIELD_NAME] or "non_field_errors"
        errors.setdefault(field, []).append(_message(problem))
    return errors


def _message(problem: ErrorDetails) -> str:
    template = _MESSAGES.get(problem["type"])
    return template.format(**problem.get("ctx", {})) if template else problem["msg"]
