"""Durations are written in words, and rounded up."""

from datetime import timedelta

import pytest

from aijobs.templatetags.durations import in_words


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "1 second"),
        (0.2, "1 second"),
        (45, "45 seconds"),
        (119.5, "2 minutes"),
        (540.0000001, "9 minutes"),
        (541, "10 minutes"),
        (5_340, "89 minutes"),
        (5_341, "1 hour 30 minutes"),
        (7_100, "2 hours"),
        (7_200, "2 hours"),
        (9_400, "2 hours 40 minutes"),
        (3_600 * 3 - 30, "3 hours"),
        (86_400, "24 hours"),
        (172_800, "2 days"),
        (200_000, "3 days"),
    ],
)
def test_a_duration_is_said_in_its_largest_units(seconds: float, words: str) -> None:
    assert in_words(seconds) == words
    assert in_words(timedelta(seconds=seconds)) == words
