"""What senders attach to a job for themselves."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aijobs.jobtypes import InvalidInput
from aijobs.own_data import own_data

TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=60)


def errors(**raw: object) -> dict[str, Any]:
    with pytest.raises(InvalidInput) as refused:
        own_data(raw)
    return refused.value.errors


@given(TEXTS, st.dictionaries(TEXTS.filter(bool), TEXTS, max_size=20))
def test_texts_come_through_in_their_order(reference: str, metadata: dict[str, str]) -> None:
    found = own_data({"reference": reference, "metadata": metadata, "other": 1})
    assert found.reference == reference
    assert list(found.metadata.items()) == list(metadata.items())


def test_what_is_not_there_is_empty() -> None:
    assert own_data({}) == own_data({"reference": None, "metadata": None}) == ("", {})


def test_spaces_around_the_reference_of_a_cell_are_no_part_of_it() -> None:
    assert own_data({"reference": " 7 "}, lenient=True).reference == "7"
    assert own_data({"reference": " 7 "}).reference == " 7 "


@pytest.mark.parametrize("reference", [7, True, [], "x" * 201, "a\0b", "\ud800"])
def test_a_reference_is_a_short_text(reference: object) -> None:
    assert list(errors(reference=reference)) == ["reference"]


@pytest.mark.parametrize(
    ("metadata", "field"),
    [
        ([], "metadata"),
        ("a", "metadata"),
        ({"a": 1}, "metadata.a"),
        ({"a": {"b": "c"}}, "metadata.a"),
        ({"a": "\0"}, "metadata.a"),
        ({"a": "\udfff"}, "metadata.a"),
        ({"": "x"}, "metadata"),
        ({"x" * 201: "x"}, "metadata"),
        ({"a\0": "x"}, "metadata"),
        ({str(n): "" for n in range(51)}, "metadata"),
        ({"a": "x" * 16_400}, "metadata"),
    ],
)
def test_metadata_is_a_small_flat_object_of_texts(metadata: object, field: str) -> None:
    assert list(errors(metadata=metadata)) == [field]


def test_all_errors_are_told_at_once() -> None:
    assert set(errors(reference=1, metadata={"a": 1, "b": 2})) == {
        "reference",
        "metadata.a",
        "metadata.b",
    }
