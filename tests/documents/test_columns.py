import pytest
from hypothesis import given
from hypothesis import strategies as st

from aijobs.documents import guess_columns

FIELDS = ["text", "reference"]


@pytest.mark.parametrize(
    ("header", "guess"),
    [
        (["text", "reference"], {"text": "text", "reference": "reference"}),
        (
            ["Policy No.", "Holder", "Policy text"],
            {"text": "Policy text", "reference": "Policy No."},
        ),
        (["id", "text"], {"text": "text", "reference": "id"}),
        (["ID", "Document Text"], {"text": "Document Text", "reference": "ID"}),
        (["Aktenzeichen", "Wortlaut"], {"text": "Wortlaut", "reference": "Aktenzeichen"}),
        (
            ["Vertrags-Nr.", "Text der Police"],
            {"text": "Text der Police", "reference": "Vertrags-Nr."},
        ),
        (["Nr.", "Beschreibung"], {"text": "Beschreibung", "reference": "Nr."}),
        (["Claim #", "Content"], {"text": "Content", "reference": "Claim #"}),
        (["Schaden­nummer", "Inhalt"], {"text": "Inhalt", "reference": "Schaden­nummer"}),
        (["TEXT", "Text", "text"], {"text": "text"}),
        (["Body", "Content"], {"text": "Content"}),
        (["Holder", "City"], {}),
        ([], {}),
    ],
)
def test_columns_are_guessed_by_their_headers(header: list[str], guess: dict[str, str]) -> None:
    assert guess_columns(header, FIELDS) == guess


def test_the_names_of_the_text_field_mean_the_same() -> None:
    for field in ("document_text", "policy_text"):
        assert guess_columns(["Wording"], [field]) == {field: "Wording"}


names = st.text("Text .-_NoPolicyIDä#", max_size=8)


@given(st.lists(names), st.lists(st.sampled_from(["text", "document_text", "reference", "x"])))
def test_a_header_is_used_once_and_for_a_wanted_field(header: list[str], fields: list[str]) -> None:
    guess = guess_columns(header, fields)
    assert set(guess) <= set(fields)
    assert set(guess.values()) <= set(header)
    assert len(set(guess.values())) == len(guess)
    assert guess == guess_columns(header, fields)


@given(st.lists(names, unique=True), st.permutations(FIELDS))
def test_a_header_that_is_a_field_wins(header: list[str], fields: list[str]) -> None:
    guess = guess_columns([*header, "reference", "text"], fields)
    assert guess == {"text": "text", "reference": "reference"}
