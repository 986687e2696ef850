"""Tokens are counted as a tokenizer would, and not as anybody estimates them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aijobs.emulator import tokenizer
from tests.emulator.requests import LEASE


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("", 1),
        ("house", 1),
        ("the house", 2),
        ("hou-se", 3),
        ("houses", 1),
        ("housing", 2),
        ("uncharacteristically", 3),
        ("7", 1),
        ("2026", 2),
        ("12,50 EUR", 4),
        ("one\n\ntwo", 3),
        ("    indented", 2),
        ("naïve", 3),
        ("Понедельник", 4),
        ("合同", 2),
        ("🙂", 1),
    ],
)
def test_pieces_of_words_numbers_marks_and_scripts_are_tokens(text: str, tokens: int) -> None:
    assert tokenizer.count(text) == tokens


def test_english_has_about_four_characters_a_token_and_chinese_one() -> None:
    assert 3.3 < len(LEASE) / tokenizer.count(LEASE) < 4.6
    assert tokenizer.count("本合同自签署之日起生效" * 10) == 110


@given(st.text(), st.text())
def test_more_text_never_has_fewer_tokens(text: str, more: str) -> None:
    assert tokenizer.count(text) <= tokenizer.count(text + more)


@given(st.text(min_size=1) | st.text("aé0 .\n合ж", min_size=1), st.integers(1, 30))
def test_what_is_cut_has_as_many_tokens_as_it_may(text: str, most: int) -> None:
    beginning = tokenizer.cut(text, most)
    assert text.startswith(beginning)
    if beginning == text:
        assert tokenizer.count(text) <= most
    else:
        assert tokenizer.count(beginning) == most
