import traceback

import pytest

from aijobs import jobtypes

SECRET = "the merger is off"


def errors_of(name: str, raw: object, *, lenient: bool = False) -> dict[str, list[str]]:
    with pytest.raises(jobtypes.InvalidInput) as caught:
        jobtypes.get(name).validate(raw, lenient=lenient)  # type: ignore[arg-type]
    return caught.value.errors


def test_every_wrong_field_is_named_at_once() -> None:
    assert errors_of("summarize", {"max_length": "long", "pages": 3}) == {
        "document_text": ["This field is required."],
        "max_length": ["Must be a whole number."],
        "pages": ["There is no such field."],
    }


@pytest.mark.parametrize("raw", [None, [], "text", 5])
def test_input_that_is_no_object_is_refused_as_a_whole(raw: object) -> None:
    assert errors_of("summarize", raw) == {"non_field_errors": ["Must be an object."]}


@pytest.mark.parametrize("value", [True, 50.5, 1e400, "50", None, [50]])
def test_json_types_are_taken_literally(value: object) -> None:
    errors = errors_of("summarize", {"document_text": "x", "max_length": value})
    assert errors == {"max_length": ["Must be a whole number."]}


def test_a_whole_number_may_be_written_with_a_point() -> None:
    given = jobtypes.get("summarize").validate({"document_text": "x", "max_length": 50.0})
    assert repr(given.max_length) == "50"


def test_a_field_name_that_is_not_unicode_is_still_named() -> None:
    errors = errors_of("summarize", {"document_text": "x", "\ud800": 1})
    assert errors == {"\ufffd": ["There is no such field."]}


def test_a_thousand_unknown_fields_make_a_short_list_of_errors() -> None:
    errors = errors_of("summarize", {"x" * 1_000 + str(i): i for i in range(1_000)})
    assert len(errors) <= 50
    assert max(map(len, errors)) <= 100


@pytest.mark.parametrize(
    ("name", "raw"),
    [
        ("summarize", {"document_text": SECRET + "\0"}),
        ("summarize", {"document_text": SECRET, "max_length": SECRET}),
        ("classify", {"text": SECRET, "categories": [SECRET, SECRET]}),
        ("analyze", {"policy_text": [SECRET], "questions": [SECRET * 100]}),
    ],
)
def test_neither_the_error_nor_its_traceback_quotes_the_input(
    name: str, raw: dict[str, object]
) -> None:
    with pytest.raises(jobtypes.InvalidInput) as caught:
        jobtypes.get(name).validate(raw)
    error = caught.value
    assert SECRET not in str(error)
    assert error.__context__ is None
    assert "ValidationError" not in "".join(traceback.format_exception(error))


def test_cells_of_a_table_are_read_as_numbers_and_lists() -> None:
    classify, summarize = jobtypes.get("classify"), jobtypes.get("summarize")
    given = summarize.validate({"document_text": "x", "max_length": " 80 "}, lenient=True)
    assert given.max_length == 80
    given = classify.validate({"text": "x", "categories": "a;b ; c"}, lenient=True)
    assert given.categories == ["a", "b", "c"]


@pytest.mark.parametrize(
    ("cell", "categories"),
    [
        ('["a; b", "c"]', ["a; b", "c"]),
        ("a, b|c, d", ["a, b", "c, d"]),
        ("a, b", ["a", "b"]),
        ("a;;b;", ["a", "b"]),
        ("[draft];[final]", ["[draft]", "[final]"]),
    ],
)
def test_a_list_in_a_cell_is_json_or_parted_by_the_first_separator(
    cell: str, categories: list[str]
) -> None:
    given = jobtypes.get("classify").validate({"text": "x", "categories": cell}, lenient=True)
    assert given.categories == categories


def test_questions_in_a_cell_keep_their_commas() -> None:
    cell = "Who pays, and when?; May it end early?"
    given = jobtypes.get("analyze").validate({"policy_text": "x", "questions": cell}, lenient=True)
    assert given.questions == ["Who pays, and when?", "May it end early?"]


def test_an_empty_cell_means_the_default_where_there_is_one() -> None:
    given = jobtypes.get("summarize").validate(
        {"document_text": "x", "max_length": " "}, lenient=True
    )
    assert given.max_length == 500
    assert errors_of("summarize", {"document_text": " "}, lenient=True) == {
        "document_text": ["Must not be empty."]
    }


@pytest.mark.parametrize("cell", ["1e3", "1_000", "80.5", "٣٠", "9" * 40])
def test_a_cell_that_only_looks_like_a_number_is_refused(cell: str) -> None:
    errors = errors_of("summarize", {"document_text": "x", "max_length": cell}, lenient=True)
    assert errors == {"max_length": ["Must be a whole number."]}
