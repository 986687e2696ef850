from typing import Any

import pytest

from aijobs.pricing import Usage


def test_all_counts_of_the_api_are_read() -> None:
    usage = Usage.from_api(
        {
            "input_tokens": 10,
            "output_tokens": 20,
            "cache_read_input_tokens": 30,
            "cache_creation_input_tokens": 90,
            "cache_creation": {"ephemeral_5m_input_tokens": 40, "ephemeral_1h_input_tokens": 50},
            "service_tier": "batch",
        }
    )
    assert usage == Usage(10, 20, 30, 40, 50)
    assert usage.prompt_tokens == 130


@pytest.mark.parametrize(
    ("api", "usage"),
    [
        ({}, Usage(0, 0)),
        ({"input_tokens": 1, "output_tokens": None, "cache_creation": None}, Usage(1, 0)),
        ({"cache_creation_input_tokens": 7}, Usage(0, 0, 0, 7)),
        (
            {
                "cache_creation_input_tokens": 7,
                "cache_creation": {"ephemeral_1h_input_tokens": 7},
            },
            Usage(0, 0, 0, 0, 7),
        ),
        ({"cache_creation": {"ephemeral_5m_input_tokens": 3}}, Usage(0, 0, 0, 3)),
    ],
)
def test_what_is_missing_counts_as_zero(api: dict[str, Any], usage: Usage) -> None:
    assert Usage.from_api(api) == usage


@pytest.mark.parametrize("count", [-1, 1.5, "7", True, [7], 3_000_000_000])
def test_a_count_that_is_no_count_is_an_error_and_never_a_charge(count: object) -> None:
    with pytest.raises(ValueError, match="output_tokens"):
        Usage.from_api({"output_tokens": count})
