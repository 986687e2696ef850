"""A policy in; findings, obligations, risks and answers to the reader's questions out."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, ValidationError
from typing_extensions import override

from .base import (
    InvalidOutput,
    JobType,
    JobTypeInput,
    JobTypeOutput,
    parse_answer,
)
from .quotes import PagedTexts
from .text import Text, storable

_SYSTEM = """\
You analyze policies, contracts and licences for the people who must comply with them.

Report in the order of importance, each point once:
- findings: what the document establishes, each with the sentence that proves it, quoted word \
for word;
- obligations: who must do what, and by when or under which condition;
- risks: what may go wrong for whoever is bound by it, including what is missing, vague or \
one-sided, with a severity: high where it can cost rights, money or compliance, medium where it \
needs attention, low otherwise.

State only what the document supports, in its language. Where it leaves something open, say so \
instead of guessing. Leave a text empty where there is nothing to put, and a list empty where \
nothing belongs in it."""

# The highest first; and what is said of a document without any risk.
SEVERITIES, NO_RISK = ("high", "medium", "low"), "none"

_TEXT = {"type": "string"}
_PAGE = {"type": "integer", "description": "The page on which the quote stands; 0 where unknown."}
_DOCUMENT = {
    "type": "integer",
    "description": "The number of the document in which the quote stands; 0 where unknown.",
}

Storable = Annotated[str, AfterValidator(storable)]


class AnalyzeInput(JobTypeInput):
    questions: list[Annotated[str, Text(500)]] = Field([], max_length=20)


class Finding(JobTypeOutput):
    title: Storable
    detail: Storable
    quote: Storable = Field(description="Stands in the policy word for word; may be empty.")
    document: int | None = Field(
        None,
        description="In which it stands, by its number. Only where there are several; null where"
        " not known.",
    )
    page: int | None = Field(
        None, description="Where it stands. Only in documents with pages; null where not known."
    )


class Obligation(JobTypeOutput):
    who: Storable
    what: Storable
    when: Storable = Field(description="Time or condition; may be empty.")


class Risk(JobTypeOutput):
    title: Storable
    severity: Literal["low", "medium", "high"]
    detail: Storable


class Answer(JobTypeOutput):
    question: Storable
    answer: Storable


class AnalyzeOutput(JobTypeOutput):
    findings: list[Finding]
    obligations: list[Obligation]
    risks: list[Risk]
    answers: list[Answer] = Field([], description="One for each question, where any was asked.")


class Analyze(JobType[AnalyzeInput]):
    name = "analyze"
    title = "Policy analysis"
    description = "Lists what a policy establishes, demands and risks, and answers your questions."
    model = "claude-sonnet-5-5"
    usual_answer = 0.2
    reads_document = True  # A quote must stand in the policy.
    # Questions have commas in them.
    list_separators = "\n|;"
    Input = AnalyzeInput
    Output = AnalyzeOutput

    @override
    def max_tokens(self, given: AnalyzeInput) -> int:
        # Thinking counts towards it.
        return 16_000

    @override
    def params(self, given: AnalyzeInput, *, max_tokens_factor: int = 1) -> dict[str, Any]:
        options = ""
        if given.questions:
            numbered = "\n".join(f"{key}: {q}" for key, q in _numbered(given.questions))
            options = f"Answer these questions too, each under its key:\n{numbered}"
        # The schema is a part of the prompt that stands before the document. Jobs that share the
        # document have questions of their own, which stand behind it.
        schema = _schema(given.questions, _where(given), with_questions=not given.shares_document)
        return self._request(
            given, max_tokens_factor, system=_SYSTEM, options=options, task="Analyze this document."
        ) | {
            "thinking": {"type": "adaptive"},
            "output_config": {
                "effort": "medium",
                "format": {"type": "json_schema", "schema": schema},
            },
        }

    @override
    def read(self, given: AnalyzeInput, text: str) -> dict[str, Any]:
        answer = parse_answer(text)
        if given.questions:
            replies = answer.get("answers")
            if not isinstance(replies, dict):
                raise InvalidOutput("The answer does not have the agreed shape at: answers.")
            answer["answers"] = [
                {"question": question, "answer": replies.get(key)}
                for key, question in _numbered(given.questions)
            ]
        result = self._checked(answer)
        texts, where = PagedTexts(given.parts), _where(given)
        for finding in result["findings"]:
            place = self._located(finding, texts)
            for name in ("document", "page"):
                finding.pop(name, None)
                if name in where:
                    finding[name] = place.get(name)
        return result

    @override
    def word(self, result: Mapping[str, Any]) -> str:
        """Its highest risk."""
        found = {risk.get("severity") for risk in result.get("risks") or ()}
        return next((one for one in SEVERITIES if one in found), NO_RISK)

    @staticmethod
    def _located(finding: dict[str, Any], texts: PagedTexts) -> dict[str, int | None]:
        """A quotation is shown as one only if it is one; its place is where it stands."""
        said = finding.get("document") or 0
        at = texts.find(finding["quote"], first=said)
        if at is None:
            # In a file that was sent as it is, nobody but Claude can have looked.
            at = texts.possible(said, finding.get("page") or 0)
            if not texts.may_hold(said):
                finding["quote"] = ""
        return {"document": at.document or None, "page": at.page}

    def _checked(self, answer: dict[str, Any]) -> dict[str, Any]:
        try:
            return self.Output.model_validate(answer).model_dump(exclude_unset=True)
        except ValidationError as error:
            paths = sorted({str(problem["loc"][0]) for problem in error.errors()})
        # Raised outside the handler: pydantic's error quotes the answer. Only the names of our
        # own fields are repeated.
        known = [path for path in paths if path in self.Output.model_fields]
        raise InvalidOutput(
            f"The answer does not have the agreed shape at: {', '.join(known) or 'top level'}."
        )


def _numbered(questions: list[str]) -> list[tuple[str, str]]:
    return [(f"question_{number}", question) for number, question in enumerate(questions, 1)]


def _where(given: AnalyzeInput) -> dict[str, dict[str, str]]:
    """What of a quotation's place is asked for, as properties of a schema."""
    document = {"document": _DOCUMENT} if len(given.parts) > 1 else {}
    return document | ({"page": _PAGE} if any(part.pages for part in given.parts) else {})


def _schema(
    questions: list[str], where: dict[str, dict[str, str]], *, with_questions: bool
) -> dict[str, Any]:
    """What the answer looks like, in the part of JSON Schema that structured outputs enforce.

    One property for each question: a list could leave one out, an object cannot.
    """
    severity = {"type": "string", "enum": ["low", "medium", "high"]}
    properties = {
        "findings": _list_of(title=_TEXT, detail=_TEXT, quote=_TEXT, **where),
        "obligations": _list_of(who=_TEXT, what=_TEXT, when=_TEXT),
        "risks": _list_of(title=_TEXT, severity=severity, detail=_TEXT),
    }
    if questions:
        properties["answers"] = _object(
            **{
                key: _TEXT | ({"description": question} if with_questions else {})
                for key, question in _numbered(questions)
            }
        )
    return _object(**properties)


def _object(**properties: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def _list_of(**properties: dict[str, Any]) -> dict[str, Any]:
    return {"type": "array", "items": _object(**properties)}
