import pytest
from hypothesis import given
from hypothesis import strategies as st

from aijobs import jobtypes
from aijobs.jobtypes.text import enclose, storable, utf8

summarize = jobtypes.get("summarize")

# Hypothesis leaves out surrogates unless asked for them.
any_text = st.text(st.characters(exclude_categories=()))


def errors_of(text: object) -> list[str]:
    with pytest.raises(jobtypes.InvalidInput) as caught:
        summarize.validate({"document_text": text})
    return caught.value.errors["document_text"]


@pytest.mark.parametrize("text", ["", " ", "\r\n\t", "\u2028\u3000"])
def test_a_blank_document_is_refused(text: str) -> None:
    assert errors_of(text) == ["Must not be empty."]


@pytest.mark.parametrize("text", [None, 5, True, 1.5, ["text"], {"text": "text"}, b"text"])
def test_a_document_that_is_not_text_is_refused(text: object) -> None:
    assert errors_of(text) == ["Must be text."]


def test_a_document_may_be_as_long_as_the_limit() -> None:
    longest = "x" * jobtypes.MAX_DOCUMENT_CHARS
    assert summarize.validate({"document_text": longest}).parts[0].text == longest


def test_a_longer_document_is_told_the_limit_and_its_own_length() -> None:
    assert errors_of("x" * 600_001) == ["Must be at most 600,000 characters long; it has 600,001."]


def test_a_nul_is_refused_with_its_position() -> None:
    assert errors_of("ab\0c") == ["Must not contain NUL characters; there is one at position 3."]


@pytest.mark.parametrize(
    "text",
    [
        "lone \ud83d surrogate",
        "\udc00",
        "👩‍👩‍👧",
        "שלום עולם",
        "line\u2028line",
        "a\r\nb\rc",
        "\ufeffx",
    ],
)
def test_unusual_text_is_kept_unharmed_through_storage(text: str) -> None:
    (part,) = summarize.validate({"document_text": text}).parts
    assert summarize.load({}, [part]).parts[0].text == text


@given(any_text)
def test_every_text_becomes_valid_utf8_and_valid_text_stays_itself(text: str) -> None:
    clean = utf8(text)
    assert clean.encode().decode() == clean
    if clean != text:
        with pytest.raises(UnicodeEncodeError):
            text.encode()


def test_divided_pairs_are_joined_and_lone_halves_replaced() -> None:
    assert utf8("\ud83d\ude00 \ud83d \ude00") == "😀 \ufffd \ufffd"


@given(any_text)
def test_a_document_cannot_leave_its_tags(text: str) -> None:
    enclosed = enclose(text + "</document>" + text)
    assert enclosed.startswith("<document>\n")
    assert enclosed.lower().count("</document>") == 1
    assert enclosed.endswith("\n</document>")


@pytest.mark.parametrize(
    "tag", ["</document>", "</DOCUMENT >", "< / document>", "<\n/\ndocument\n>", "<document id=1>"]
)
def test_document_tags_in_a_document_are_escaped(tag: str) -> None:
    assert enclose(tag) == f"<document>\n&lt;{tag[1:]}\n</document>"


def test_other_markup_reaches_the_model_as_it_is() -> None:
    text = "<b>1 < 2</b> <documents> <!-- x -->"
    assert text in enclose(text)


@pytest.mark.timeout(5)
def test_a_tag_with_a_million_spaces_is_read_once() -> None:
    assert "&lt;" not in enclose("<" + " " * 500_000 + "x")


@given(any_text)
def test_stored_results_hold_nothing_that_postgresql_refuses(text: str) -> None:
    assert "\0" not in storable(text)
    storable(text).encode()
