import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aijobs.wire.errors import ApiError
from aijobs.wire.splitter import RequestSplitter

VALUES = st.recursive(
    st.one_of(st.text(), st.integers(), st.booleans(), st.none()),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(), inner)),
    max_leaves=6,
)
PARAMS = st.dictionaries(st.text(), VALUES, max_size=3)


def split(body: bytes, size: int) -> list[dict[str, Any]]:
    splitter = RequestSplitter(max_requests=100)
    lines: list[str] = []
    for start in range(0, len(body), size):
        lines += (one.line for one in splitter.feed(body[start : start + size]))
    lines += (one.line for one in splitter.feed(b"", last=True))
    assert not any("\n" in line or "\r" in line for line in lines)
    assert splitter.count == len(lines)
    return [json.loads(line) for line in lines]


@given(
    st.lists(PARAMS, min_size=1, max_size=5),
    st.integers(1, 300),
    st.sampled_from([None, 2]),
    st.booleans(),
)
def test_requests_come_out_as_they_went_in_however_the_body_is_cut(
    params: list[dict[str, Any]], size: int, indent: int | None, ascii_only: bool
) -> None:
    requests = [{"custom_id": f"r{n}", "params": it} for n, it in enumerate(params)]
    body = json.dumps({"requests": requests}, indent=indent, ensure_ascii=ascii_only)
    assert split(body.encode(), size) == requests


def test_text_that_looks_like_structure_is_text() -> None:
    params = {"a": '}]},{"custom_id":"x"', "b": '\\"\u2028\u2029]}', "c": [{}, [[]], {"d": {}}]}
    request = {"custom_id": "r", "params": params}
    assert split(json.dumps({"requests": [request]}).encode(), 7) == [request]


def test_lone_surrogates_are_left_to_the_reader() -> None:
    body = rb'{"requests":[{"custom_id":"r","params":{"t":"\ud800"}}]}'
    assert split(body, 10)[0]["params"] == {"t": "\ud800"}


def test_what_never_becomes_a_request_is_not_hoarded() -> None:
    splitter = RequestSplitter(max_requests=100)
    with pytest.raises(ApiError):
        list(splitter.feed(b" not json" * 1_000))


def test_a_request_of_very_many_values_is_refused_before_it_is_read() -> None:
    body = b'{"requests":[{"custom_id":"a","params":{"m":[' + b"{}," * 4_000_000 + b"{}]}}]}"
    with pytest.raises(ApiError, match="more than 1,000,000 values"):
        split(body, 1 << 18)
