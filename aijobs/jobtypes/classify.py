"""A text and a list of categories in, one of these categories out."""

from collections import Counter
from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError
from typing_extensions import override

from .base import (
    InvalidInput,
    InvalidOutput,
    JobType,
    JobTypeInput,
    JobTypeOutput,
    parse_answer,
)
from .text import Text

_SYSTEM = """\
You sort documents into categories. Choose the one category that fits the document as a whole \
best, by what it is and does rather than by words it happens to mention. When several fit, choose \
the most specific one; when none fits well, the closest."""


def _distinct(categories: list[str]) -> list[str]:
    keys = [category.strip().casefold() for category in categories]
    twice = {key for key, count in Counter(keys).items() if count > 1}
    if twice:
        positions = ", ".join(str(i) for i, key in enumerate(keys, 1) if key in twice)
        raise PydanticCustomError(
            "categories_distinct",
            "Categories must differ in more than case and outer spaces; compare {positions}.",
            {"positions": f"entries {positions}"},
        )
    return categories


class ClassifyInput(JobTypeInput):
    categories: Annotated[
        list[Annotated[str, Text(100)]],
        Field(min_length=2, max_length=100, json_schema_extra={"uniqueItems": True}),
        AfterValidator(_distinct),
    ]


class ClassifyOutput(JobTypeOutput):
    category: str = Field(description="One of the categories given, letter by letter.")


class Classify(JobType[ClassifyInput]):
    name = "classify"
    title = "Classification"
    description = "Sorts a text into exactly one of the categories you name."
    model = "claude-haiku-5-5"
    usual_answer = 0.05
    Input = ClassifyInput
    Output = ClassifyOutput

    @override
    def max_tokens(self, given: ClassifyInput) -> int:
        return 512

    @override
    def params(self, given: ClassifyInput, *, max_tokens_factor: int = 1) -> dict[str, Any]:
        categories = "\n".join(f"- {category}" for category in given.categories)
        schema = {
            "type": "object",
            "properties": {"category": {"type": "string", "enum": list(given.categories)}},
            "required": ["category"],
            "additionalProperties": False,
        }
        return self._request(
            given,
            max_tokens_factor,
            system=_SYSTEM,
            options=f"The categories:\n{categories}",
            task="Choose the category of this document.",
        ) | {
            "thinking": {"type": "disabled"},
            "output_config": {"format": {"type": "json_schema", "schema": schema}},
        }

    @override
    def word(self, result: Mapping[str, Any]) -> str:
        return str(result.get("category", ""))

    @override
    def corrected(self, given: ClassifyInput, result: Mapping[str, Any]) -> dict[str, Any]:
        checked = super().corrected(given, result)
        if checked["category"] not in given.categories:
            raise InvalidInput({"category": ["Choose one of the categories that were given."]})
        return checked

    @override
    def read(self, given: ClassifyInput, text: str) -> dict[str, Any]:
        category = parse_answer(text).get("category")
        if category not in given.categories:
            raise InvalidOutput("The answer is none of the categories given.")
        return {"category": category}
