import json
import traceback

import pytest
from hypothesis import given as over
from hypothesis import strategies as st

from aijobs import jobtypes

classify = jobtypes.get("classify")


def errors_of(categories: object) -> dict[str, list[str]]:
    with pytest.raises(jobtypes.InvalidInput) as caught:
        classify.validate({"text": "x", "categories": categories})
    return caught.value.errors


def answer(category: object) -> str:
    return json.dumps({"category": category})


def test_two_to_a_hundred_categories_are_accepted() -> None:
    for count in (2, 100):
        names = [f"kind {i}" for i in range(count)]
        assert classify.validate({"text": "x", "categories": names}).categories == names
    assert errors_of(["one"]) == {"categories": ["Needs at least 2 entries."]}
    assert errors_of([str(i) for i in range(101)]) == {
        "categories": ["May have at most 100 entries."]
    }


def test_every_bad_category_is_named_by_its_place() -> None:
    assert errors_of(["good", " ", 3, "x" * 101, "a\0", "\ud800"]) == {
        "categories.1": ["Must not be empty."],
        "categories.2": ["Must be text."],
        "categories.3": ["Must be at most 100 characters long; it has 101."],
        "categories.4": ["Must not contain NUL characters; there is one at position 2."],
        "categories.5": ["Must not contain lone surrogates."],
    }


@pytest.mark.parametrize("again", ["Straße", " straße ", "STRASSE"])
def test_categories_that_differ_in_case_or_spaces_only_are_refused(again: str) -> None:
    assert errors_of(["Straße", "Weg", again]) == {
        "categories": [
            "Categories must differ in more than case and outer spaces; compare entries 1, 3."
        ]
    }


def test_the_model_can_only_choose_among_the_categories() -> None:
    given = classify.validate({"text": "x", "categories": ["letter", "contract"]})
    schema = classify.params(given)["output_config"]["format"]["schema"]
    assert schema["properties"]["category"]["enum"] == ["letter", "contract"]


@over(st.lists(st.text(min_size=1, max_size=20), min_size=2, unique_by=str.casefold))
def test_each_category_is_read_back_letter_by_letter(names: list[str]) -> None:
    given = classify.load({"text": "x", "categories": names})
    for name in names:
        assert classify.read(given, answer(name)) == {"category": name}


@pytest.mark.parametrize(
    "text",
    [
        answer("Letter"), answer("letter "), answer("memo"), answer(""), answer(None),
        answer(["letter"]), answer(0), "{}", '{"kind": "letter"}',
    ],
)  # fmt: skip
def test_any_other_category_is_no_answer(text: str) -> None:
    given = classify.validate({"text": "x", "categories": ["letter", "contract"]})
    with pytest.raises(jobtypes.InvalidOutput, match="none of the categories given"):
        classify.read(given, text)


@pytest.mark.parametrize("text", ["", "letter", '{"category": "let', "[]", '"letter"', "\ud800"])
def test_broken_json_is_no_answer_and_is_not_quoted(text: str) -> None:
    given = classify.validate({"text": "x", "categories": ["letter", "contract"]})
    with pytest.raises(jobtypes.InvalidOutput, match="not a JSON object") as caught:
        classify.read(given, text)
    assert caught.value.__context__ is None
    assert "JSONDecodeError" not in "".join(traceback.format_exception(caught.value))
