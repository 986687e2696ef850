"""Values of a JSON text are counted without reading it."""

import json

from hypothesis import given
from hypothesis import strategies as st

from aijobs.wire.values import are_more_than

JSON = st.recursive(
    st.none() | st.integers() | st.text('",[{\\a'),
    lambda inner: st.lists(inner) | st.dictionaries(st.text('",[{\\a'), inner),
)


def marks(value: object) -> int:
    """Lists and objects, and in each what follows the first."""
    if not isinstance(value, dict | list):
        return 0
    inner = list(value.values()) if isinstance(value, dict) else value
    return 1 + max(0, len(inner) - 1) + sum(map(marks, inner))


@given(JSON, st.booleans())
def test_what_stands_in_strings_does_not_count(value: object, is_ascii: bool) -> None:
    text, count = json.dumps(value, ensure_ascii=is_ascii), marks(value)
    assert not are_more_than(count, text)
    assert count == 0 or are_more_than(count - 1, text)


def test_what_is_no_json_is_counted_once() -> None:
    # Each quote begins a string that never ends: looked for anew from each, this would take hours.
    assert not are_more_than(10, '"' + '\\",' * 1_000_000)
    assert not are_more_than(10, "\\" + '"' * 2_000_001 + "\\")
