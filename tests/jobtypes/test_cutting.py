"""Texts that are too long for their place end with a whole word."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aijobs.jobtypes.text import cut


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("short", "short"),
        ("exactly as long as this", "exactly as long as this"),
        ("the insured must report hail", "the insured must…"),
        ("the insured shall, however, pay", "the insured shall…"),
        ("no room for the last word", "no room for the last…"),
        ("Rahmenvertrag_Betriebshaftpflicht.txt", "Rahmenvertrag_Betriebs…"),
        ("see Rahmenvertrag_Betriebshaftpflicht", "see Rahmenvertrag_Betr…"),
    ],
)
def test_words_stay_whole_but_for_one_that_takes_half_of_the_room(text: str, shown: str) -> None:
    assert cut(text, 23) == shown


@given(st.text(), st.integers(1, 50))
def test_it_is_never_longer_than_its_place_and_begins_like_the_text(text: str, most: int) -> None:
    found = cut(text, most)
    assert len(found) <= most
    assert text.startswith(found.removesuffix("…"))
    assert found == text or found.endswith("…")
