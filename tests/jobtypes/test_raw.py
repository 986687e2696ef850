import json
from typing import Any

import pytest

from aijobs import jobtypes
from aijobs.jobtypes import Part
from aijobs.jobtypes.raw import text_of

RAW = jobtypes.get("raw")


def given(**params: Any) -> Any:
    return RAW.load({}, [Part(json.dumps(params))])


def test_the_params_are_passed_on_as_they_are() -> None:
    params = {"b": [1, 2.5, None], "a": {"model": "x"}, "model": "claude-haiku-5-5"}
    for request in (RAW.params(given(**params)), RAW.request(given(**params), model="other")):
        assert json.dumps(request) == json.dumps(params)


@pytest.mark.parametrize(
    ("model", "own"),
    [
        ("claude-haiku-5-5", "claude-haiku-5-5"),
        ("claude-haiku-4-5-20251001", "claude-haiku-4-5-20251001"),
        (None, ""),
        (5, ""),
        ("", ""),
        ("a b", ""),
        ("x" * 100, ""),
        ("claude\n", ""),
    ],
)
def test_a_model_is_what_may_be_the_name_of_one(model: object, own: str) -> None:
    assert RAW.own_model(given(model=model)) == own


@pytest.mark.parametrize(
    ("most", "counted"), [(200, 200), (0, 0), (-1, 0), (True, 0), ("9", 0), (10**12, 128_000)]
)
def test_max_tokens_counts_where_it_is_a_number(most: object, counted: int) -> None:
    assert RAW.max_tokens(given(max_tokens=most)) == counted


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (
            [{"type": "text", "text": "a"}, {"type": "thinking"}, {"type": "text", "text": "b"}],
            "ab",
        ),
        ([], ""),
        (None, ""),
        ("text", ""),
        ([None, {"type": "text", "text": 5}], ""),
    ],
)
def test_its_text_is_what_its_text_blocks_say(content: object, text: str) -> None:
    assert text_of({"content": content}) == text


def test_people_and_programs_do_not_choose_it() -> None:
    assert RAW in jobtypes.all_types()
    assert RAW not in jobtypes.offered()
